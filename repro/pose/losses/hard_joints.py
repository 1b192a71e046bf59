"""Online mining of hard joints: cascaded pyramid network (Chen et al., CVPR 2018, Section 3.2).

The maps of GlobalNet are taught all labelled joints, the last one, RefineNet's, for each person
only those `hard` joints that it gets most wrong, 8 of COCO's 17:

    1/2 mean over GlobalNet's maps of mean (w P - w H)^2
    + mean over persons of mean over their hard joints of w mean over pixels of (P - H)^2

After chenyilun95/tf-cpn (`ohkm` and the factors). GengDavid/pytorch-cpn adds GlobalNet's four maps
up where this averages them. Both codes teach GlobalNet that a joint which is labelled but hidden is
not there; the paper teaches it all labelled joints, as is done here. Both draw the targets of its
coarser maps with wider Gaussians: `Heatmaps` with five maps has them.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from repro.errors import ReproError
from repro.pose.losses.batch import Heatmaps, paired
from repro.pose.losses.squared import errors, total


def hard_joints(
    outputs: Sequence[Tensor], targets: Heatmaps, *, hard: int = 8
) -> dict[str, Tensor]:
    """`coarse` for all outputs (N, K, h, w) but the last, if there are any, `hard` for the last.

    Raise ReproError if there are fewer joints than `hard`.
    """
    *coarse, last = paired(outputs, targets)
    joints = last.maps.shape[1]
    if not 1 <= hard <= joints:
        raise ReproError(
            f"There are no {hard} hard joints among {joints}.", f"Choose from 1 to {joints}."
        )
    hardest = errors(last).mean(dim=(2, 3)).topk(hard, dim=1).values  # (N, hard)
    parts = {"hard": hardest.mean()}
    if coarse:
        parts["coarse"] = total([errors(pair).mean() for pair in coarse]) / (2 * len(coarse))
    return parts
