"""DEKR (Geng et al., CVPR 2021, Section 3.3): heatmaps of joints and centres, and offsets.

After `lib/core/loss.py` of HRNet/DEKR. The heatmaps cost the mean of b m (P - H)^2 with the mask m
and b = 1 where a Gaussian is drawn, 0.1 elsewhere. The offsets cost, with their weights v, above 0
around the centres alone,

    0.03 sum of v smooth L1 (P - O) / number of weights above 0

and smooth L1 (x) = 4.5 x^2 for |x| < 1/9, |x| - 1/18 elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from repro.errors import ReproError
from repro.pose.losses.batch import Heatmaps, paired, present, same_shape
from repro.pose.losses.squared import errors

BEND = 1 / 9
"""where smooth L1 turns from a parabola into a line, in pixels"""


def centre_offsets(
    outputs: Sequence[Tensor],
    targets: Heatmaps,
    *,
    background: float = 0.1,
    factor: float = 0.03,
) -> dict[str, Tensor]:
    """`heatmaps` of the output (N, K + 1, h, w), `offsets` of the output (N, 2 K, h, w)."""
    if len(outputs) != 2:
        raise ReproError(
            f"The network has {len(outputs)} outputs.", "DEKR has two, heatmaps and offsets."
        )
    heatmaps, offsets = outputs
    [pair] = paired([heatmaps], targets)
    wanted = present(targets.offsets, "offsets")
    weights = present(targets.offset_weights, "weights of offsets")
    same_shape("The offsets of the network", offsets, wanted)
    apart = errors(pair)
    weighted = torch.where(pair.maps > 0, apart, background * apart)
    moved = smooth_l1_loss(offsets, wanted.to(offsets.dtype), reduction="none", beta=BEND) * weights
    taught = (weights > 0).sum().clamp(min=1)
    return {
        "heatmaps": weighted.mean(),
        "offsets": factor * moved.sum() / taught,
    }
