"""How much a pixel counts in the two heatmap losses, as their equations are printed.

H is the ground truth at a pixel, P the prediction there; both lie between 0 and 1.
"""

import math
from collections.abc import Callable, Mapping

SIGMA = 2.0
"""of the Gaussian that is drawn around a joint, in heatmap pixels, in all four papers' code"""
WINDOW = 15
"""pixels across the square it is drawn in bottom-up: 6 sigma + 3, of HigherHRNet and LitePose"""

FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "x": lambda x: x,
    "2x": lambda x: 2 * x,
    "x^2": lambda x: x * x,
    "e^x": math.exp,
}
"""the weight generation functions F of paper1's Table IV"""


def gaussian(distance: float, sigma: float = SIGMA) -> float:
    """H at a distance in pixels from the joint: paper2, equation 5."""
    return math.exp(-(distance**2) / (2 * sigma**2))


def generated(truth: float, function: str = "x") -> float:
    """F(H) + 1, the weight of a pixel: paper1, equation 8."""
    return FUNCTIONS[function](truth) + 1


def against_background(truth: float, function: str = "x") -> float:
    """The weight of a pixel as a multiple of the background's, where H is 0."""
    return generated(truth, function) / generated(0, function)


def adaptive(predicted: float, truth: float, tau: float = 0.01) -> float:
    """W = |P| (1 - H^tau) + |1 - P| H^tau: paper4, equation 4."""
    positive = math.pow(truth, tau)
    return abs(predicted) * (1 - positive) + abs(1 - predicted) * positive


def boundary(tau: float = 0.01) -> float:
    """The H of the soft boundary, where 1 - H^tau = H^tau: 2^(-1 / tau)."""
    return math.pow(2, -1 / tau)


def largest_at(tau: float = 0.01, steps: int = 1000) -> float:
    """The H where a pixel that is predicted right, P = H, weighs most."""
    return max((step / steps for step in range(steps + 1)), key=lambda h: adaptive(h, h, tau))


def share_above(tau: float = 0.01, side: int = WINDOW, sigma: float = SIGMA) -> float:
    """The share of the pixels of a square around a joint whose H lies above the boundary."""
    reach = range(-(side // 2), side // 2 + 1)
    above = sum(gaussian(math.hypot(x, y), sigma) > boundary(tau) for x in reach for y in reach)
    return above / side**2
