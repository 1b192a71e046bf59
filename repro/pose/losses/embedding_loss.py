"""Heatmaps and tags: associative embedding (Newell et al., NIPS 2017, equation 2).

After HigherHRNet and LitePose (`AELoss` and `MultiLossFactory` of both). The first output holds K
heatmaps and K tags, every other one K heatmaps. With the tag t of a joint, read at its pixel, and
the mean tag r of each of the n persons of an image that have any:

    pull = mean over persons of mean over their joints of (t - r)^2
    push = 1/2 sum over persons p, q != p of exp(-(r_p - r_q)^2) / (n (n - 1)), 0 for n < 2

Both are averaged over the images, those without people too, and multiplied by 0.001. The equation
of the paper differs: the pull adds up a person's joints, the push keeps the pairs p = q, is divided
by n^2 without the half, and has (r_p - r_q)^2 / (2 sigma^2) in the exponent.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from repro.errors import ReproError
from repro.pose.losses.batch import Heatmaps, paired, present
from repro.pose.losses.squared import errors, total


def squared_embedding(
    outputs: Sequence[Tensor], targets: Heatmaps, *, push: float = 0.001, pull: float = 0.001
) -> dict[str, Tensor]:
    """`heatmaps`, the mean squared error at each output, `push` and `pull` times their factors."""
    heatmaps, tags = split(outputs, targets)
    parts = {"heatmaps": total([errors(pair).mean() for pair in paired(heatmaps, targets)])}
    return parts | grouping(tags, targets, push, pull)


def split(outputs: Sequence[Tensor], targets: Heatmaps) -> tuple[list[Tensor], Tensor]:
    """The heatmaps (N, K, h, w) of each output, and the tags (N, K, h, w) of the first.

    Raise ReproError if the first has not twice as many channels as there are joints.
    """
    first, *others = outputs
    joints = targets.maps[0].shape[1]
    if first.shape[1] != 2 * joints:
        raise ReproError(
            f"The first output of the network has {first.shape[1]} channels.",
            f"Heatmaps and tags of {joints} joints have {2 * joints}.",
        )
    return [first[:, :joints], *others], first[:, joints:]


def grouping(tags: Tensor, targets: Heatmaps, push: float, pull: float) -> dict[str, Tensor]:
    """`push` and `pull` of tags (N, K, h, w), means over the images times their factors."""
    pushes, pulls = push_pull(tags, present(targets.joints, "joints to read tags at"))
    return {"push": push * pushes.mean(), "pull": pull * pulls.mean()}


def push_pull(tags: Tensor, joints: Tensor) -> tuple[Tensor, Tensor]:
    """Push and pull (N,) of tags (N, K, h, w) at joints (N, P, K, 2)."""
    there = joints[..., 1].to(tags.dtype)  # (N, P, K)
    read = tags.flatten(1).gather(1, joints[..., 0].flatten(1)).view_as(there)
    visible = there.sum(dim=2)  # (N, P)
    shares = there / visible.clamp(min=1)[..., None]
    means = (read * shares).sum(dim=2)
    seen = (visible > 0).to(tags.dtype)
    count = seen.sum(dim=1)
    spread = ((read - means[..., None]).square() * shares).sum(dim=(1, 2))
    pulls = spread / count.clamp(min=1)

    near = torch.exp(-(means[:, :, None] - means[:, None]).square())  # (N, P, P)
    others = seen[:, :, None] * seen[:, None] * (1 - torch.eye(near.shape[1], device=tags.device))
    pairs = count * (count - 1)
    pushes = (near * others).sum(dim=(1, 2)) / pairs.clamp(min=1) / 2
    return pushes, pulls
