"""Lightweight OpenPose (Osokin, 2018): heatmaps and part affinity fields on a MobileNet.

The official code is Daniil-Osokin/lightweight-human-pose-estimation.pytorch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zoo.blocks import check_option

WIDTH = 128
MOBILENET = (
    (64, 1, 1),
    (128, 2, 1),
    (128, 1, 1),
    (256, 2, 1),
    (256, 1, 1),
    (512, 1, 1),
    (512, 1, 2),
    (512, 1, 1),
    (512, 1, 1),
    (512, 1, 1),
    (512, 1, 1),
)
"""width, stride and dilation of the separable convolutions of MobileNet v1, cut at stride 8"""


class Cpm(nn.Module):
    """Features (B, 128, H/8, W/8) of the body, made narrower; their branch has no batch norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.align = _conv(channels, WIDTH, 1)
        self.trunk = nn.Sequential(*(_separable_elu(WIDTH) for _ in range(3)))
        self.conv = _conv(WIDTH, WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.align(x)
        features: Tensor = self.conv(x + self.trunk(x))
        return features


class RefinementBlock(nn.Module):
    """A 1x1 convolution, and a residual of two 3x3 that stand for one 7x7."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.initial = _conv(channels, WIDTH, 1)
        self.trunk = nn.Sequential(
            _conv(WIDTH, WIDTH, 3, norm=True), _conv(WIDTH, WIDTH, 3, dilation=2, norm=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.initial(x)
        out: Tensor = x + self.trunk(x)
        return out


class Stage(nn.Module):
    """Heatmaps and part affinity fields from features, through one hidden layer of `hidden`."""

    def __init__(self, trunk: nn.Sequential, hidden: int, heatmaps: int, pafs: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.heatmaps = _head(hidden, heatmaps)
        self.pafs = _head(hidden, pafs)

    def forward(self, features: Tensor) -> list[Tensor]:
        x = self.trunk(features)
        return [self.heatmaps(x), self.pafs(x)]


class LightweightOpenPose(nn.Module):
    """Heatmaps and fields of the initial stage, then of every refinement, all (B, C, H/8, W/8).

    To the K joints of the data set come a neck, which training puts between the shoulders, and the
    background: K + 2 heatmaps. There are 2 (K + 2) fields, two for each limb: with COCO's 17 joints
    the official 19 and 38; for other data sets there is no official number.
    """

    def __init__(self, keypoints: int, refinements: int) -> None:
        super().__init__()
        heatmaps = keypoints + 2
        pafs = 2 * heatmaps
        layers, channels = [_conv(3, 32, 3, stride=2, norm=True, bias=False)], 32
        for width, stride, dilation in MOBILENET:
            layers.append(_separable_relu(channels, width, stride, dilation))
            channels = width
        self.model = nn.Sequential(*layers)
        self.cpm = Cpm(channels)
        trunk = nn.Sequential(*(_conv(WIDTH, WIDTH, 3) for _ in range(3)))
        self.initial_stage = Stage(trunk, 512, heatmaps, pafs)
        self.refinement_stages = nn.ModuleList(
            Stage(_refinement(WIDTH + heatmaps + pafs), WIDTH, heatmaps, pafs)
            for _ in range(refinements)
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        features = self.cpm(self.model(image))
        maps: list[Tensor] = self.initial_stage(features)
        for stage in self.refinement_stages:
            maps += stage(torch.cat([features, *maps[-2:]], dim=1))
        return maps


def lightweight_openpose(keypoints: int, refinements: int = 1) -> nn.Module:
    """Lightweight OpenPose with one refinement stage, the published network, or more.

    The official training starts the body from ImageNet weights, the rest from PyTorch's values.
    """
    check_option("refinements", refinements, range(1, 4))
    return LightweightOpenPose(keypoints, refinements)


def _conv(
    channels: int,
    out_channels: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    norm: bool = False,
    bias: bool = True,
) -> nn.Sequential:
    """Convolution, batch norm if asked for, ReLU; a bias stands also before the norm."""
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(channels, out_channels, kernel, stride, padding, dilation, bias=bias)
    norms = [nn.BatchNorm2d(out_channels)] if norm else []
    return nn.Sequential(conv, *norms, nn.ReLU(inplace=True))


def _separable_relu(channels: int, width: int, stride: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride, dilation, dilation, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


def _separable_elu(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
        nn.ELU(inplace=True),
        nn.Conv2d(width, width, 1, bias=False),
        nn.ELU(inplace=True),
    )


def _head(hidden: int, maps: int) -> nn.Sequential:
    return nn.Sequential(_conv(WIDTH, hidden, 1), nn.Sequential(nn.Conv2d(hidden, maps, 1)))


def _refinement(channels: int) -> nn.Sequential:
    inputs = (channels, WIDTH, WIDTH, WIDTH, WIDTH)
    return nn.Sequential(*map(RefinementBlock, inputs))
