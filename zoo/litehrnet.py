"""Lite-HRNet (Yu et al., CVPR 2021) and naive Lite-HRNet.

The official code is HRNet/Lite-HRNet, on MMPose. Four branches with strides 4, 8, 16 and 32, each
twice as wide as the one before; a list of branches starts with the highest resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.blocks import ConvNormAct, TopDown, check_option, init_normal, relu
from zoo.litehrnet_blocks import NaiveLayers, shuffle, weighting_layers

COUNTS = {18: (2, 4, 2), 30: (3, 8, 3)}
"""Depth -> modules of the stages with two, three and four branches."""
STEM_WIDTH = 32

Layers = Callable[[Sequence[int]], nn.Module]
"""Widths of a module's branches -> its blocks, which map branches to branches."""


def branch_widths(width: int) -> list[int]:
    """Of the four branches, whose first has `width` channels."""
    return [width * 2**index for index in range(4)]


class Stem(nn.Module):
    """3 to 32 channels at a quarter of the image; the linear convolution does end in a ReLU."""

    def __init__(self) -> None:
        super().__init__()
        half = STEM_WIDTH // 2
        self.conv1 = ConvNormAct(3, STEM_WIDTH, 3, 2)
        self.branch1 = nn.Sequential(
            ConvNormAct(half, half, 3, 2, half, activation=None), ConvNormAct(half, half)
        )
        self.expand_conv = ConvNormAct(half, STEM_WIDTH)
        self.depthwise_conv = ConvNormAct(STEM_WIDTH, STEM_WIDTH, 3, 2, STEM_WIDTH, activation=None)
        self.linear_conv = ConvNormAct(STEM_WIDTH, half)

    def forward(self, image: Tensor) -> Tensor:
        first, second = self.conv1(image).chunk(2, dim=1)
        second = self.linear_conv(self.depthwise_conv(self.expand_conv(second)))
        return shuffle(torch.cat([self.branch1(first), second], dim=1), 2)


class Transition(nn.ModuleList):
    """Bring the branches to a stage's widths and append one of half the lowest resolution."""

    def __init__(self, before: Sequence[int], after: Sequence[int]) -> None:
        *kept, new = after
        super().__init__(
            nn.Identity() if width == out else separable(width, out, 1)
            for width, out in zip(before, kept, strict=True)
        )
        self.append(nn.Sequential(separable(before[-1], new, 2)))

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        sources = [*branches, branches[-1]]
        return [step(source) for step, source in zip(self, sources, strict=True)]


class LiteHRModule(nn.Module):
    """Blocks, then the exchange between all branches.

    The exchange is not the sum that the paper draws. The official code starts each sum with the
    first branch, adds that branch again, and lets the first sum overwrite it: row 0 has the branch
    twice, and the rows below have twice what they make of row 0's sum. `rectified` says whether
    they see it behind its ReLU, which is then in place (Dite-HRNet), or before.
    """

    def __init__(self, widths: Sequence[int], layers: Layers, rectified: bool = False) -> None:
        super().__init__()
        self.rectified = rectified
        self.layers = layers(widths)
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(fuse_layer(widths, target, source) for source in range(len(widths)))
            for target in range(len(widths))
        )
        self.relu = nn.ReLU()

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        first, *others = self.layers(branches)
        top, *below = self.fuse_layers.children()
        total = fused(top, first, others)
        highest: Tensor = self.relu(total)
        source = highest if self.rectified else total
        return [highest, *(self.relu(fused(row, source, others)) for row in below)]


def fused(row: nn.Module, first: Tensor, others: Sequence[Tensor]) -> Tensor:
    """One row's sum, with the first branch twice; the layer in its way runs twice as well."""
    step, *steps = row.children()
    total: Tensor = step(first) + step(first)
    for layer, branch in zip(steps, others, strict=True):
        total += layer(branch)
    return total


def fuse_layer(widths: Sequence[int], target: int, source: int) -> nn.Module:
    """The way from one branch to another: up, down by halves, or straight."""
    if source == target:
        return nn.Identity()
    if source > target:
        return nn.Sequential(
            nn.Conv2d(widths[source], widths[target], 1, bias=False),
            nn.BatchNorm2d(widths[target]),
            nn.Upsample(scale_factor=2 ** (source - target), mode="nearest"),
        )
    last = separable(widths[source], widths[target], 2, rectify=False)
    steps = (separable(widths[source], widths[source], 2) for _ in range(target - source - 1))
    return nn.Sequential(*steps, last)


def separable(channels: int, out_channels: int, stride: int, rectify: bool = True) -> nn.Sequential:
    """Depthwise 3x3 and 1x1 convolution, each with a batch norm, then a ReLU if wanted."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.Conv2d(channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        *([relu()] if rectify else []),
    )


class SeparableConv(nn.Sequential):
    """Depthwise 3x3, BN, 1x1, BN, ReLU as mmcv's DepthwiseSeparableConvModule."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise_conv = ConvNormAct(channels, channels, 3, groups=channels, activation=None)
        self.pointwise_conv = ConvNormAct(channels, out_channels)


class IterativeHead(nn.Module):
    """Carry each branch up into the next: four outputs as wide as the branch above them."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        outs = head_widths(widths)
        self.projects = nn.ModuleList(
            SeparableConv(width, out)
            for width, out in zip(reversed(widths), reversed(outs), strict=True)
        )

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        lowest, *higher = reversed(branches)
        first, *projects = self.projects
        outs = [first(lowest)]
        for project, branch in zip(projects, higher, strict=True):
            outs.append(project(branch + resize(outs[-1], branch.shape[2:])))
        return outs[::-1]


def head_widths(widths: Sequence[int]) -> list[int]:
    """Of the outputs of the iterative head."""
    return [widths[0], *widths[:-1]]


def resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear, corners on corners."""
    return F.interpolate(x, size=list(size), mode="bilinear", align_corners=True)


class LiteHRNet(nn.Module):
    """What `head_layer` makes of the four branches."""

    def __init__(
        self,
        stem: nn.Module,
        depth: int,
        widths: Sequence[int],
        layers: Layers,
        head_layer: nn.Module,
        rectified: bool = False,
    ) -> None:
        super().__init__()
        counts = COUNTS[depth]
        self.stem = stem

        def stage(index: int) -> nn.Sequential:
            branches = widths[: index + 2]
            modules = (LiteHRModule(branches, layers, rectified) for _ in range(counts[index]))
            return nn.Sequential(*modules)

        self.transition0 = Transition([STEM_WIDTH], widths[:2])
        self.stage0 = stage(0)
        self.transition1 = Transition(widths[:2], widths[:3])
        self.stage1 = stage(1)
        self.transition2 = Transition(widths[:3], widths)
        self.stage2 = stage(2)
        self.head_layer = head_layer

    def forward(self, image: Tensor) -> list[Tensor]:
        branches = self.stage0(self.transition0([self.stem(image)]))
        branches = self.stage1(self.transition1(branches))
        branches = self.head_layer(self.stage2(self.transition2(branches)))
        return list(branches)


class HighestHead(nn.Module):
    """One 1x1 convolution from the highest resolution to the heatmaps."""

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.final_layer = nn.Conv2d(channels, keypoints, 1)

    def forward(self, branches: list[Tensor]) -> Tensor:
        heatmaps: Tensor = self.final_layer(branches[0])
        return heatmaps


def litehrnet(keypoints: int, depth: int = 18) -> nn.Module:
    """Lite-HRNet-18 or -30."""
    check_option("depth", depth, tuple(COUNTS))
    return _lite(keypoints, depth, 40, weighting_layers)


def naive_litehrnet(keypoints: int, width: int = 30) -> nn.Module:
    """Naive Lite-HRNet-18: shuffle units for blocks; with width 40 the wider one of the paper."""
    check_option("width", width, (30, 40))
    return _lite(keypoints, 18, width, NaiveLayers)


def _lite(keypoints: int, depth: int, width: int, layers: Layers) -> nn.Module:
    widths = branch_widths(width)
    backbone = LiteHRNet(Stem(), depth, widths, layers, IterativeHead(widths))
    model = TopDown(backbone, HighestHead(width, keypoints))
    init_normal(model)
    return model
