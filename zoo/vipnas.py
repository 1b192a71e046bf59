"""ViPNAS-MobileNetV3 (Xu et al., 2021) as MMPose publishes it."""

from __future__ import annotations

from torch import nn

from zoo.blocks import (
    ConvNormAct,
    InvertedResidual,
    SqueezeExcite,
    TopDown,
    init_normal,
    relu,
)
from zoo.simplebaseline import DeconvHead

# width, expansion, depth, kernel, groups, squeeze, stride, activation
STAGES = (
    (16, 1, 1, 3, 8, True, 1, relu),
    (24, 5, 4, 7, 120, True, 2, relu),
    (40, 4, 4, 7, 20, False, 2, relu),
    (80, 5, 4, 5, 100, True, 2, nn.Hardswish),
    (112, 5, 4, 7, 280, True, 1, nn.Hardswish),
    (160, 6, 4, 5, 240, True, 2, nn.Hardswish),
)


def vipnas_mobilenetv3(keypoints: int) -> nn.Module:
    """The network of MMPose's vipnas_mbv3_coco_256x192: 5.9M parameters, the paper has 2.8M.

    The middle convolutions are grouped, most of them not depthwise; the hard sigmoid is clamp((x +
    1) / 2, 0, 1); the deconvolutions of the head are depthwise. Everything starts from N(0, 0.001).
    """
    backbone = _backbone()
    width = STAGES[-1][0]
    model = TopDown(backbone, DeconvHead(width, keypoints, width, groups=width))
    init_normal(model)
    return model


def _backbone() -> nn.Sequential:
    backbone = nn.Sequential()
    backbone.add_module("conv1", ConvNormAct(3, 16, 3, 2, activation=nn.Hardswish))
    channels, number = 16, 1
    for width, expansion, depth, kernel, groups, squeeze, first_stride, activation in STAGES:
        middle = width * expansion
        for index in range(depth):
            layer = InvertedResidual(
                channels,
                middle,
                width,
                kernel,
                first_stride if index == 0 else 1,
                activation,
                SqueezeExcite(middle, divisor=2) if squeeze else None,
                groups,
                expand=expansion > 1,
            )
            backbone.add_module(f"layer{number}", layer)
            channels, number = width, number + 1
    return backbone
