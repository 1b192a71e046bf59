"""SWAHR (Luo et al., CVPR 2021): heatmaps whose Gaussians the network makes wider or narrower.

Before the heatmaps of each output stand K maps of scales s. A Gaussian H of another width is H to a
power 1 + s; to the second order, which is what is taught:

    H' = H (1 + s ln H + (s ln H)^2 / 2)

and 0 where H is 0. The loss of a pixel is that of `adaptive` with H' for H, plus s^2 where H > 0,
which keeps scales small; the gradient passes through H' to s. Beside it stands the loss of
associative embedding.

After the paper's Section 3 and greatlog/SWAHR-HumanPose, written down without a recorded output of
that code to compare with. In the weight H' is a constant to the gradient, as H is, and at most 1:
an H' above 1 would make weights negative.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from repro.errors import ReproError
from repro.pose.losses.adaptive import weight
from repro.pose.losses.batch import Heatmaps, paired
from repro.pose.losses.embedding_loss import grouping, split
from repro.pose.losses.squared import errors, total


def scaled(maps: Tensor, scales: Tensor) -> Tensor:
    """The targets H' of targets H and scales s of one shape (N, K, h, w)."""
    exponent = scales * torch.where(maps > 0, maps, 1.0).log()
    return maps * (1 + exponent + exponent.square() / 2)


def scale_adaptive_embedding(
    outputs: Sequence[Tensor],
    targets: Heatmaps,
    *,
    tau: float = 0.01,
    detached: bool = False,
    scale: float = 1.0,
    push: float = 0.001,
    pull: float = 0.001,
) -> dict[str, Tensor]:
    """`heatmaps` and `scales` of all outputs, `push` and `pull`; `scale` is the factor of s^2.

    The first output has 3 K channels (scales, heatmaps, tags), the others 2 K. Raise ReproError for
    others.
    """
    joints = targets.maps[0].shape[1]
    channels = [output.shape[1] for output in outputs]
    if channels != [3 * joints, *[2 * joints] * (len(outputs) - 1)]:
        raise ReproError(
            f"The outputs of the network have {', '.join(map(str, channels))} channels.",
            f"SWAHR's have {3 * joints} and {2 * joints} for {joints} joints.",
        )
    heatmaps, tags = split([output[:, joints:] for output in outputs], targets)
    distances, sizes = [], []
    for output, pair in zip(outputs, paired(heatmaps, targets), strict=True):
        scales = output[:, :joints]
        adapted = pair._replace(maps=scaled(pair.maps, scales))
        positive = adapted.maps.detach().clamp(max=1)
        weights = weight(pair.output, positive, tau, detached)
        distances.append((weights * errors(adapted)).mean())
        size = scales.square() * (pair.maps > 0)
        for mask in pair.mask:
            size = size * mask
        sizes.append(size.mean())
    parts = {"heatmaps": total(distances), "scales": scale * total(sizes)}
    return parts | grouping(tags, targets, push, pull)
