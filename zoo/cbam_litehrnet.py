"""A reading of CBAM-Lite-HRNet, of "Lightweight Human Pose Estimation with Attention Mechanism".

The paper has no code and prints no cost. It fixes Lite-HRNet, several CBAMs, their results side by
side, and one prediction layer behind them. It places the CBAMs in five ways: before the prediction
layer in each resolution (Section III-B), in the skip connections (III-C), behind each upsampling
(Fig. 1), at every convolutional block (Fig. 2), in place of the backbone's basic module (V).

Placement "A", the default: the stages of Lite-HRNet without its iterative head; each of their four
outputs is resized to 1/4 of the image and passes a CBAM; a 1x1 convolution, the only layer of
Lite-HRNet that "fully connected" can mean, makes heatmaps of all four together. This is Fig. 1 with
Section III-B. The others:

- "A2": as A, but each CBAM stands before its resizing.
- "B": as A, on the four outputs of the iterative head.
- "C": a CBAM on each output of the last stage, then Lite-HRNet's own head.
- "D": a CBAM instead of the squeeze-and-excitation of every branch of every block.
- "E": a CBAM on the half of every branch that skips a block, before the block shuffles it in.

Depth and width are open as well. Section IV-A has fewer parameters than Lite-HRNet at 256x192, and
fewer still with 48 channels at 384x288, beside a baseline with 32. Depth 18 with the widths 32 and
48 meets that in every placement, if the baseline is Lite-HRNet-30 (1,763,717); depth 30 with the
same widths in none, since 48 channels have more there. Parameters with 17 keypoints, and
multiply-accumulates (`conv`) of the first column at 256x192:

        depth 18, width 32   depth 18, width 48   depth 30, width 40   depth 30, width 48
    A     709,135  180.2 M        1,538,206            1,715,194            2,439,838
    A2    709,135  179.4 M        1,538,206            1,715,194            2,439,838
    B     746,849  178.0 M        1,621,753            1,773,536            2,523,385
    C     751,343  165.5 M        1,634,542            1,781,714            2,536,174
    D     744,353  171.4 M        1,613,697            1,772,117            2,518,929
    E     763,425  171.4 M        1,654,585            1,819,171            2,586,925

"Approximately a quarter" of Lite-HRNet's parameters (IV-A) is none of them; 709,135 is nearest,
40 % of Lite-HRNet-30's. Open, too, and decided by no printed figure: CBAM's ratio and kernel, and
how the outputs are resized (bilinear with corners on corners, as in Lite-HRNet's head).
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
    Layers,
    LiteHRNet,
    Stem,
    branch_widths,
    head_widths,
    resize,
)
from zoo.litehrnet_blocks import (
    BLOCKS,
    ConditionalChannelWeighting,
    Weighting,
    split_halves,
    weighting_layers,
)

PLACEMENTS = ("A", "A2", "B", "C", "D", "E")


class Attentions(nn.ModuleList):
    """A CBAM for each branch."""

    def __init__(self, widths: Sequence[int], cbam: Weighting) -> None:
        super().__init__(cbam(width) for width in widths)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        return [attention(branch) for attention, branch in zip(self, branches, strict=True)]


class AttendedSkip(nn.Module):
    """A block of Lite-HRNet whose skipping half, the first of each branch, passes a CBAM before."""

    def __init__(self, widths: Sequence[int], cbam: Weighting) -> None:
        super().__init__()
        self.attentions = Attentions([width // 2 for width in widths], cbam)
        self.block = ConditionalChannelWeighting(widths)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        kept, worked = split_halves(branches)
        halves = zip(self.attentions(kept), worked, strict=True)
        weighted: list[Tensor] = self.block([torch.cat(pair, dim=1) for pair in halves])
        return weighted


def attended_layers(widths: Sequence[int], cbam: Weighting) -> nn.Module:
    """The blocks of a Lite-HRNet module, each with CBAMs in its skip connections."""
    return nn.Sequential(*(AttendedSkip(widths, cbam) for _ in range(BLOCKS)))


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
    depth: int = 18,
    placement: str = "A",
    width: int = 32,
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
    layers: Layers = weighting_layers
    if placement == "D":
        layers = partial(weighting_layers, weighting=cbam)
    elif placement == "E":
        layers = partial(attended_layers, cbam=cbam)
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
