"""MobileNetV3 "big", the backbone of the heatmap weighting paper (HAIV-Lab/ICPR22w)."""

from __future__ import annotations

from torch import nn

from zoo.blocks import ConvNormAct, InvertedResidual, SqueezeExcite, init_kaiming, relu

OUT_CHANNELS = 960

# kernel, middle width, output width, squeeze, activation, stride
LAYERS = (
    (3, 16, 16, False, relu, 1),
    (3, 64, 24, False, relu, 2),
    (3, 72, 24, False, relu, 1),
    (5, 72, 40, True, relu, 2),
    (5, 120, 40, True, relu, 1),
    (5, 120, 40, True, relu, 1),
    (3, 240, 80, False, nn.Hardswish, 2),
    (3, 200, 80, False, nn.Hardswish, 1),
    (3, 184, 80, False, nn.Hardswish, 1),
    (3, 184, 80, False, nn.Hardswish, 1),
    (3, 480, 112, True, nn.Hardswish, 1),
    (3, 672, 112, True, nn.Hardswish, 1),
    (5, 672, 160, True, nn.Hardswish, 1),
    (5, 672, 160, True, nn.Hardswish, 2),
    (5, 960, 160, True, nn.Hardswish, 1),
)


def mobilenetv3(divisor: int = 6) -> nn.Sequential:
    """Images to features (B, 960, H/32, W/32).

    Deviations from MobileNetV3-Large (Howard et al., 2019), all in the official code: layer 1 has
    an expansion; the hidden widths of squeeze-and-excitation are exact quarters; the last stage
    strides one layer late (672 with stride 1, 672 with stride 2, 960) and so has 672 in its second
    layer. `divisor` is that of the hard sigmoid in squeeze-and-excitation.
    """
    backbone = nn.Sequential()
    backbone.add_module("conv1", ConvNormAct(3, 16, 3, 2, activation=nn.Hardswish))
    channels = 16
    for number, (kernel, middle, out, squeeze, activation, stride) in enumerate(LAYERS, 1):
        se = SqueezeExcite(middle, divisor=divisor) if squeeze else None
        layer = InvertedResidual(channels, middle, out, kernel, stride, activation, se)
        backbone.add_module(f"layer{number}", layer)
        channels = out
    backbone.add_module("conv2", ConvNormAct(channels, OUT_CHANNELS, activation=nn.Hardswish))
    init_kaiming(backbone)
    return backbone
