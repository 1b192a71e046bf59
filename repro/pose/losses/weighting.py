"""Heatmap weighting loss of "Lightweight Human Pose Estimation Using Heatmap-Weighting Loss".

Li and Xiang, 2022, equation 8 of Section III-C; official code HAIV-Lab/ICPR22w. With a prediction
P, a target H and a function F:

    L = mean over joints of (F(H) + 1) * ||P - H||^2

Here as in the official code, where it differs from the equation:

- The norm is a mean over persons and pixels, without the factor 1/2 of HRNet.
- The weight w of a joint, 1 or 0, which the equation leaves out, stands inside the square:
  (F(H) + 1) * (w P - w H)^2. The function sees the target without w.
- F(x) = e^x of Table IV is not in the code. By the equation it gives background the weight 2.

"None" of Table IV is the plain mean squared error, that is F(x) = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from repro.errors import unknown
from repro.pose.losses.batch import Heatmaps, paired
from repro.pose.losses.squared import errors, total

FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "none": torch.zeros_like,
    "x": lambda x: x,
    "2x": lambda x: 2 * x,
    "x^2": torch.square,
    "e^x": torch.exp,
}
"""the weight generation functions F of Table IV"""


def heatmap_weighting(
    outputs: Sequence[Tensor], targets: Heatmaps, *, function: str = "x"
) -> dict[str, Tensor]:
    """`heatmaps`: the loss of outputs (N, K, h, w), added up.

    Raise ReproError for a function that is none of FUNCTIONS.
    """
    if function not in FUNCTIONS:
        raise unknown("weight generation function", function, FUNCTIONS)
    weigh = FUNCTIONS[function]
    parts = [((weigh(pair.maps) + 1) * errors(pair)).mean() for pair in paired(outputs, targets)]
    return {"heatmaps": total(parts)}
