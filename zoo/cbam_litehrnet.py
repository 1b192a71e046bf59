"""A reading of CBAM-Lite-HRNet, of "Lightweight Human Pose Estimation with Attention Mechanism".

The paper has no code and prints no cost. It fixes Lite-HRNet, several CBAMs, their results side by
side, and one prediction layer behind them. It places the CBAMs in four ways: before the prediction
layer in each resolution (Section III-B), behind each upsampling (Fig. 1), at every convolutional
block (Fig. 2), in place of the backbone's basic module (Section V).

Placement "A", the default: the stages of Lite-HRNet without its iterative head; each of their four
outputs is resized to 1/4 of the image and passes a CBAM; a 1x1 convolution, the only layer of
Lite-HRNet that "fully connected" can mean, makes heatmaps of all four together. This is Fig. 1 with
Section III-B, and only without the iterative head are there fewer parameters than Lite-HRNet's, as
Section IV-A claims: 2.8 % fewer, where the paper has about a quarter left. The others:

- "A2": as A, but each CBAM stands before its resizing.
- "B": as A, on the four outputs of the iterative head.
- "C": a CBAM on each output of the last stage, then Lite-HRNet's own head.
- "D": a CBAM instead of the squeeze-and-excitation of every branch of every block.

Parameters at depth 30 with 17 keypoints, and multiply-accumulates (`conv`) at 256x192:

    Lite-HRNet-30  1,763,717  386.1 M
    A              1,715,194  402.2 M
    A2             1,715,194  401.4 M
    B              1,773,536  401.9 M
    C              1,781,714  386.5 M
    D              1,772,117  397.3 M

Open as well, and decided by no printed figure: the depth (30, since Lite-HRNet-30's are the figures
to be improved upon), the width (40 is Lite-HRNet's; the paper says 48 and 32, which are HRNet's:
A has 2,439,838 and 1,123,727 parameters then), CBAM's ratio and kernel, and how the outputs are
resized (bilinear with corners on corners, as in Lite-HRNet's head).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from zoo.blocks import TopDown, check_option, init_normal
from zoo.cbam import CBAM
from zoo.litehrnet import (
    COUNTS,
    HighestHead,
    IterativeHead,
    LiteHRNet,
    Stem,
    branch_widths,
    head_widths,
    resize,
)
from zoo.litehrnet_blocks import Weighting, weighting_layers

PLACEMENTS = ("A", "A2", "B", "C", "D")


class Attentions(nn.ModuleList):
    """A CBAM for each branch."""

    def __init__(self, widths: Sequence[int], cbam: Weighting) -> None:
        super().__init__(cbam(width) for width in widths)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        return [attention(branch) for attention, branch in zip(self, branches, strict=True)]


class Resize(nn.Module):
    """Every branch at the resolution of the first."""

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        first, *others = branches
        return [first, *(resize(branch, first.shape[2:]) for branch in others)]


class JointHead(nn.Module):
    """`prepare` brings the branches to one resolution; a 1x1 convolution sees them side by side."""

    def __init__(self, widths: Sequence[int], keypoints: int, prepare: nn.Module) -> None:
        super().__init__()
        self.prepare = prepare
        self.final_layer = nn.Conv2d(sum(widths), keypoints, 1)

    def forward(self, branches: list[Tensor]) -> Tensor:
        heatmaps: Tensor = self.final_layer(torch.cat(self.prepare(branches), dim=1))
        return heatmaps


def cbam_litehrnet(
    keypoints: int,
    depth: int = 30,
    placement: str = "A",
    width: int = 40,
    ratio: int | None = None,
    kernel: int = 7,
) -> nn.Module:
    """CBAM-Lite-HRNet as read above.

    `ratio` divides a CBAM's hidden width. Without one it is 16, CBAM's own, but 4 in placement "D":
    that of the squeeze-and-excitation there. Initial values are Lite-HRNet's; the linear layers
    keep PyTorch's.
    """
    check_option("depth", depth, tuple(COUNTS))
    check_option("placement", placement, PLACEMENTS)
    check_option("width", width, (32, 40, 48))
    check_option("ratio", ratio, (None, 2, 4, 8, 16))
    check_option("kernel", kernel, (3, 5, 7))
    widths = branch_widths(width)
    cbam = partial(CBAM, ratio=ratio or (4 if placement == "D" else 16), kernel=kernel)
    layers = partial(weighting_layers, weighting=cbam) if placement == "D" else weighting_layers
    head_layer, head = _heads(placement, keypoints, widths, cbam)
    model = TopDown(LiteHRNet(Stem(), depth, widths, layers, head_layer), head)
    init_normal(model)
    return model


def _heads(
    placement: str, keypoints: int, widths: Sequence[int], cbam: Weighting
) -> tuple[nn.Module, nn.Module]:
    """What follows the last stage, as `backbone.head_layer` and as `keypoint_head`."""
    if placement == "A":
        prepare = nn.Sequential(Resize(), Attentions(widths, cbam))
        return nn.Identity(), JointHead(widths, keypoints, prepare)
    if placement == "A2":
        prepare = nn.Sequential(Attentions(widths, cbam), Resize())
        return nn.Identity(), JointHead(widths, keypoints, prepare)
    if placement == "B":
        outs = head_widths(widths)
        prepare = nn.Sequential(Resize(), Attentions(outs, cbam))
        return IterativeHead(widths), JointHead(outs, keypoints, prepare)
    if placement == "C":
        head_layer = nn.Sequential(Attentions(widths, cbam), IterativeHead(widths))
        return head_layer, HighestHead(widths[0], keypoints)
    return IterativeHead(widths), HighestHead(widths[0], keypoints)
