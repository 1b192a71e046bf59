"""Mean squared error of heatmaps, in its official variants.

With a prediction P, a target H and a weight w, 1 or 0, for each joint of each person:

    mean over persons, joints and pixels of (w P - w H)^2

`JointsMSELoss` of MMPose is that, hence the loss of Lite-HRNet, Dite-HRNet and the baseline of the
heatmap weighting paper. The `JointsMSELoss` of SimpleBaseline, HRNet, LPN, TokenPose and
bearpaw/pytorch-pose is half of it. Joints of weight 0 count in the denominator.

Bottom-up there are masks instead of weights, as in HigherHRNet and LitePose (`HeatmapLoss`):

    mean over images, joints and pixels of m (P - H)^2

Masked pixels count in the denominator. Of several outputs the losses are added up.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from repro.pose.losses.batch import Heatmaps, OutputTarget, paired


def errors(pair: OutputTarget) -> Tensor:
    """The squared errors (N, K, h, w) of one output, 0 where nothing is taught."""
    apart = pair.output - pair.maps
    for weights in pair.counts:
        apart = apart * weights
    squared = apart.square()
    for mask in pair.mask:
        squared = squared * mask
    return squared


def total(values: Sequence[Tensor]) -> Tensor:
    """The sum of scalars."""
    return torch.stack(tuple(values)).sum()


def mean_squared(outputs: Sequence[Tensor], targets: Heatmaps) -> dict[str, Tensor]:
    """`heatmaps`: the mean squared errors of outputs (N, K, h, w), added up."""
    return {"heatmaps": total([errors(pair).mean() for pair in paired(outputs, targets)])}


def half_squared(outputs: Sequence[Tensor], targets: Heatmaps) -> dict[str, Tensor]:
    """`heatmaps`: half the mean squared error of outputs (N, K, h, w), added up."""
    return {"heatmaps": mean_squared(outputs, targets)["heatmaps"] / 2}
