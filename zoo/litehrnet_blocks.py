"""Blocks of Lite-HRNet (Yu et al., CVPR 2021) and of naive Lite-HRNet.

The official code is HRNet/Lite-HRNet. Blocks map all branches of a network to all branches; a list
of branches starts with the highest resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.blocks import ConvNormAct, SqueezeExcite

BLOCKS = 2
"""Blocks of a module."""

Weighting = Callable[[int], nn.Module]
"""Channels -> a layer that scales a branch."""


def shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleave the channels of `groups` equal parts."""
    batch, channels, height, width = x.shape
    parts = x.reshape(batch, groups, channels // groups, height, width)
    return parts.transpose(1, 2).reshape(x.shape)


class SpatialWeighting(SqueezeExcite):
    """Squeeze-and-excitation with a logistic gate.

    It weights channels; the name is the paper's.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv2.activate = nn.Sigmoid()


class CrossResolutionWeighting(nn.Module):
    """Scale all branches by weights that are computed at the lowest resolution."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)
        hidden = sum(widths) // 8
        self.conv1 = ConvNormAct(sum(widths), hidden)
        self.conv2 = ConvNormAct(hidden, sum(widths), activation=nn.Sigmoid)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        height, width = branches[-1].shape[2:]
        pooled = [F.adaptive_avg_pool2d(branch, (height, width)) for branch in branches[:-1]]
        weights = self.conv2(self.conv1(torch.cat([*pooled, branches[-1]], dim=1)))
        return weigh(branches, weights.split(self.widths, dim=1))


def weigh(branches: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Tensor]:
    """Multiply each branch by its weights, repeated up to its resolution."""
    return [
        branch * F.interpolate(weight, size=branch.shape[2:], mode="nearest")
        for branch, weight in zip(branches, weights, strict=True)
    ]


class ConditionalChannelWeighting(nn.Module):
    """Conditional channel weighting block: half of the channels pass unchanged."""

    def __init__(self, widths: Sequence[int], weighting: Weighting = SpatialWeighting) -> None:
        super().__init__()
        halves = [width // 2 for width in widths]
        self.cross_resolution_weighting = CrossResolutionWeighting(halves)
        self.depthwise_convs = nn.ModuleList(
            ConvNormAct(half, half, 3, groups=half, activation=None) for half in halves
        )
        self.spatial_weighting = nn.ModuleList(weighting(half) for half in halves)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        kept, worked = split_halves(branches)
        worked = self.cross_resolution_weighting(worked)
        worked = [conv(work) for conv, work in zip(self.depthwise_convs, worked, strict=True)]
        worked = [scale(work) for scale, work in zip(self.spatial_weighting, worked, strict=True)]
        return join_halves(kept, worked)


def split_halves(branches: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The first and the second halves of the channels."""
    halves = [branch.chunk(2, dim=1) for branch in branches]
    return [first for first, _ in halves], [second for _, second in halves]


def join_halves(kept: Sequence[Tensor], worked: Sequence[Tensor]) -> list[Tensor]:
    """The halves together, interleaved."""
    pairs = zip(kept, worked, strict=True)
    return [shuffle(torch.cat(pair, dim=1), 2) for pair in pairs]


def weighting_layers(widths: Sequence[int], weighting: Weighting = SpatialWeighting) -> nn.Module:
    """The blocks of a Lite-HRNet module."""
    return nn.Sequential(*(ConditionalChannelWeighting(widths, weighting) for _ in range(BLOCKS)))


class ShuffleUnit(nn.Module):
    """Unit of ShuffleNetV2 (Ma et al., 2018) with stride 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = nn.Sequential(
            ConvNormAct(half, half),
            ConvNormAct(half, half, 3, groups=half, activation=None),
            ConvNormAct(half, half),
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, worked = x.chunk(2, dim=1)
        return shuffle(torch.cat([kept, self.branch2(worked)], dim=1), 2)


class NaiveLayers(nn.ModuleList):
    """The blocks of a naive Lite-HRNet module: shuffle units, each branch for itself."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__(
            nn.Sequential(*(ShuffleUnit(width) for _ in range(BLOCKS))) for width in widths
        )

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        return [units(branch) for units, branch in zip(self, branches, strict=True)]
