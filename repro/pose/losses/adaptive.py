"""Weighted heatmap loss of "Lightweight Human Pose Estimation Based on Heatmap Weighted Loss".

Wang, Li, Chen and Wen, Section III-A. With a prediction P and a target H, for each pixel

    L = W (P - H)^2                               (equation 2)
    W = |P| (1 - H^tau) + |1 - P| H^tau           (equation 4, the soft form of 3)

at 1/4 and at 1/2 of the image, added up, beside the loss of associative embedding. The soft
boundary lies where 1 - theta^tau = theta^tau: at theta = 0.5 for tau = 1, at 8e-31 for 0.01. By
that every pixel within the Gaussian's window is positive and every other one has H^tau = 0.

It is term for term the weight-adaptive loss of SWAHR (Luo et al., CVPR 2021; official code
greatlog/SWAHR-HumanPose), with its constant. The paper does not say whether W, which depends on P,
is a constant to the gradient. In SWAHR's code it is not, and neither is it here by default; then a
background pixel costs |P|^3 and one inside the Gaussian has a second valley near P = 1. Mean and
masks, which the paper leaves out as well, are those of LitePose, its baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from repro.errors import ReproError
from repro.pose.losses.batch import Heatmaps, paired
from repro.pose.losses.embedding_loss import grouping, split
from repro.pose.losses.squared import errors, total


def weight(output: Tensor, maps: Tensor, tau: float, detached: bool = False) -> Tensor:
    """W of equation 4 for predictions and targets of one shape; `detached` lets no gradient pass.

    Raise ReproError for a tau that is not above 0.
    """
    if not tau > 0:
        raise ReproError(f"The exponent tau is {tau}.", "It must be above 0; the paper has 0.01.")
    positive = maps.pow(tau)
    predicted = output.detach() if detached else output
    return predicted.abs() * (1 - positive) + (1 - predicted).abs() * positive


def adaptive_embedding(
    outputs: Sequence[Tensor],
    targets: Heatmaps,
    *,
    tau: float = 0.01,
    detached: bool = False,
    push: float = 0.001,
    pull: float = 0.001,
) -> dict[str, Tensor]:
    """`heatmaps`, the weighted error at each output, `push` and `pull` of associative embedding."""
    heatmaps, tags = split(outputs, targets)
    parts = [
        (weight(pair.output, pair.maps, tau, detached) * errors(pair)).mean()
        for pair in paired(heatmaps, targets)
    ]
    return {"heatmaps": total(parts)} | grouping(tags, targets, push, pull)
