"""Lightweight OpenPose as human-pose-estimation-0001 of the Open Model Zoo computes it.

The authors of the paper (Osokin, 2018) publish this network beside that of their repository. It has
one more 1x1 convolution in front of the branch of the body's features, ELU in all of it, biases
where the repository has none, and gives the refinement fields, heatmaps and features in this order.
It takes BGR, normalised by mean 128 and deviation 255.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zoo.lightweight_openpose import MOBILENET, WIDTH, LightweightOpenPose


class EluCpm(nn.Module):
    """Features (B, 128, H/8, W/8) of the body, made narrower; ELU but for the last ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.align = _conv_elu(channels, WIDTH)
        self.reduce = _conv_elu(WIDTH, WIDTH)
        self.trunk = nn.Sequential(*(_separable_elu(WIDTH) for _ in range(3)))
        self.conv = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        x = self.align(x)
        features: Tensor = self.conv(x + self.trunk(self.reduce(x)))
        return features


class LightweightOpenPose0001(LightweightOpenPose):
    """See LightweightOpenPose for its maps."""

    def __init__(self, keypoints: int) -> None:
        super().__init__(keypoints, 1)
        del self.cpm
        self.features = EluCpm(MOBILENET[-1][0])

    def forward(self, image: Tensor) -> list[Tensor]:
        features = self.features(self.model(image))
        heatmaps, fields = self.initial_stage(features)
        refined = self.refinement_stages[0](torch.cat([fields, heatmaps, features], dim=1))
        return [heatmaps, fields, *refined]


def lightweight_openpose_0001(keypoints: int) -> nn.Module:
    """The network with one refinement stage."""
    return LightweightOpenPose0001(keypoints)


def _conv_elu(channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out_channels, 1), nn.ELU())


def _separable_elu(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, groups=width), nn.ELU(), *_conv_elu(width, width)
    )
