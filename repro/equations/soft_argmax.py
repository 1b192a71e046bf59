"""How far soft-argmax errs on an ideal heatmap: paper2, equations 5 to 7.

The map is the Gaussian of equation 5 around a centre, without noise and all over the map. Its
pixels have the shares S = e^(beta H) / sum of e^(beta H); the location is the sum of S x and of
S y. Errors are means, in heatmap pixels, over centres that lie evenly in the pixels that have eight
others or more between them and the border.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

from repro.equations.weights import SIGMA, gaussian

HEIGHT, WIDTH = 64, 48
"""of the heatmaps of a 256x192 input"""
MARGIN = 8
CENTRES = 1024
"""an eighth of them where beta is small: an error is then one of large places, not of a pixel's"""
SHIFT = 0.25
"""pixels towards the larger neighbour: the quarter offset"""
NEGLIGIBLE = 16.0
"""what lies so far below the largest exponent counts for nothing"""
STEPS = 0.7548776662466927, 0.5698402909980532
"""powers of the inverse of the plastic number: multiples of them fill a square evenly"""

Place = tuple[float, float]


class MeanErrors(NamedTuple):
    """Mean errors of one rule, in heatmap pixels."""

    alone: float
    quarter: float
    """with the quarter offset on top, as paper2's code has it"""


@cache
def soft(beta: float = 1.0) -> MeanErrors:
    """Of soft-argmax: equation 7, and with beta 1 equation 6."""
    count = CENTRES if beta > NEGLIGIBLE else CENTRES // 8
    return _errors([(centre, expected(centre, beta)) for centre in islice(centres(), count)])


@cache
def hard() -> MeanErrors:
    """Of the largest pixel, which is the nearest to the centre."""
    nearest = [(centre, tuple(map(_nearest, centre))) for centre in islice(centres(), CENTRES)]
    return _errors(nearest)


def expected(centre: Place, beta: float) -> Place:
    """Where soft-argmax finds a joint: the mean place under the shares of equation 7.

    Each share is taken as the background's, e^0, and what the Gaussian adds to it.
    """
    reach = _reach(beta)
    across, down = _profile(centre[0], reach, WIDTH), _profile(centre[1], reach, HEIGHT)
    ground = math.exp(-beta)
    total = ground * WIDTH * HEIGHT
    sum_x, sum_y = total * (WIDTH - 1) / 2, total * (HEIGHT - 1) / 2
    for y, high in down:
        for x, wide in across:
            more = math.exp(beta * (high * wide - 1)) - ground
            total += more
            sum_x += more * x
            sum_y += more * y
    return sum_x / total, sum_y / total


def centres() -> Iterator[Place]:
    """Places that fill the inner pixels evenly, without end."""
    number = 0.5
    while True:
        x, y = (number * step % 1 for step in STEPS)
        yield MARGIN - 0.5 + x * (WIDTH - 2 * MARGIN), MARGIN - 0.5 + y * (HEIGHT - 2 * MARGIN)
        number += 1


def _reach(beta: float) -> float:
    """Pixels from the centre beyond which the Gaussian adds nothing to the sums."""
    nearest = gaussian(math.hypot(0.5, 0.5))  # the least that a map's largest pixel can be
    return SIGMA * math.sqrt(-2 * math.log(max(nearest - NEGLIGIBLE / beta, math.exp(-NEGLIGIBLE))))


def _profile(centre: float, reach: float, size: int) -> list[tuple[int, float]]:
    """The pixels of an axis that the Gaussian reaches, with its values along that axis."""
    first, last = max(0, math.ceil(centre - reach)), min(size - 1, math.floor(centre + reach))
    return [(pixel, gaussian(pixel - centre)) for pixel in range(first, last + 1)]


def _errors(found: Sequence[tuple[Place, Sequence[float]]]) -> MeanErrors:
    alone = [math.dist(centre, place) for centre, place in found]
    moved = [
        math.dist(centre, [_shifted(*pair) for pair in zip(place, centre, strict=True)])
        for centre, place in found
    ]
    return MeanErrors(sum(alone) / len(alone), sum(moved) / len(moved))


def _shifted(place: float, centre: float) -> float:
    """A coordinate after the quarter offset: of its pixel's neighbours that on the centre's side is
    the larger."""
    pixel = _nearest(place)
    return place if pixel == centre else place + math.copysign(SHIFT, centre - pixel)


def _nearest(place: float) -> int:
    return math.floor(place + 0.5)
