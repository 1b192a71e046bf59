"""Network of "Lightweight Human Pose Estimation Using Heatmap-Weighting Loss" (Li, Xiang, 2022).

The official code is HAIV-Lab/ICPR22w, on MMPose and mmcv.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from zoo.blocks import (
    ConvNormAct,
    HardSigmoid,
    SqueezeExcite,
    TopDown,
    check_option,
    init_kaiming,
    init_norms,
)
from zoo.mobilenetv3 import OUT_CHANNELS, mobilenetv3

WIDTH = 256


class SpatialGate(nn.Module):
    """Weights (B, 1, H, W) of the positions, eq. 6, with a ReLU that only the code has."""

    def __init__(self, channels: int, divisor: int) -> None:
        super().__init__()
        self.conv1 = ConvNormAct(channels, 1, norm=False)
        self.conv2 = ConvNormAct(1, 1, 3, norm=False, activation=partial(HardSigmoid, divisor))

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.conv2(self.conv1(x))
        return weights


class ChannelGate(SqueezeExcite):
    """Weights (B, C, 1, 1) of the channels, eq. 5, with a ReLU that only the code has."""

    def forward(self, x: Tensor) -> Tensor:
        return self.gate(x)


class Attention(nn.Module):
    """The paper's attention: f + f * channel weights + f * position weights."""

    def __init__(self, channels: int, divisor: int) -> None:
        super().__init__()
        self.se = ChannelGate(channels, divisor=divisor)
        self.sse = SpatialGate(channels, divisor)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + x * self.se(x) + x * self.sse(x)
        return out


class ChannelAttention(nn.Module):
    """Channel half of CBAM (Woo et al., 2018) with a hard sigmoid."""

    def __init__(self, channels: int, divisor: int, ratio: int = 4) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.max_pool = nn.AdaptiveMaxPool2d(1)
        self.shared_MLP = nn.Sequential(
            nn.Conv2d(channels, channels // ratio, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(channels // ratio, channels, 1, bias=False),
        )
        self.sigmoid = HardSigmoid(divisor)

    def forward(self, x: Tensor) -> Tensor:
        mean, peak = self.shared_MLP(self.avg_pool(x)), self.shared_MLP(self.max_pool(x))
        weights: Tensor = self.sigmoid(mean + peak)
        return weights


class SpatialAttention(nn.Module):
    """Spatial half of CBAM with a hard sigmoid and without batch norm."""

    def __init__(self, divisor: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(2, 1, 7, padding=3)
        self.sigmoid = HardSigmoid(divisor)

    def forward(self, x: Tensor) -> Tensor:
        mean, peak = x.mean(dim=1, keepdim=True), x.max(dim=1, keepdim=True).values
        weights: Tensor = self.sigmoid(self.conv2d(torch.cat([mean, peak], dim=1)))
        return weights


class CBAM(nn.Module):
    """Convolutional block attention module: channels, then positions, without residual."""

    def __init__(self, channels: int, divisor: int) -> None:
        super().__init__()
        self.channel_attention = ChannelAttention(channels, divisor)
        self.spatial_attention = SpatialAttention(divisor)

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.channel_attention(x)
        out: Tensor = x * self.spatial_attention(x)
        return out


ATTENTIONS: dict[str, Callable[[int, int], nn.Module]] = {
    "ours": Attention,
    "se": lambda channels, divisor: SqueezeExcite(channels, divisor=divisor),
    "cbam": CBAM,
    "none": lambda channels, divisor: nn.Identity(),
}


class LiteHead(nn.Module):
    """Three light deconvolution units, attention, and a 1x1 convolution to the heatmaps.

    A unit is a depthwise 4x4 deconvolution, BN, ReLU, a 1x1 convolution, BN, ReLU. As in the code,
    the attention stands once, behind the third unit, and the 1x1 convolutions have a bias although
    a batch norm follows.
    """

    def __init__(self, channels: int, keypoints: int, attention: nn.Module) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (channels, WIDTH, WIDTH):
            layers += [
                nn.ConvTranspose2d(inputs, inputs, 4, 2, 1, groups=inputs, bias=False),
                nn.BatchNorm2d(inputs),
                nn.ReLU(inplace=True),
                nn.Conv2d(inputs, WIDTH, 1),
                nn.BatchNorm2d(WIDTH),
                nn.ReLU(inplace=True),
            ]
        self.deconv_layers = nn.Sequential(*layers, attention)
        self.final_layer = nn.Conv2d(WIDTH, keypoints, 1)
        init_head(self, attention)

    def forward(self, features: Tensor) -> Tensor:
        heatmaps: Tensor = self.final_layer(self.deconv_layers(features))
        return heatmaps


def init_head(head: LiteHead, attention: nn.Module) -> None:
    """Deconvolutions and the last convolution from N(0, 0.001), attention Kaiming normal.

    The official code leaves the 1x1 convolutions of the units at PyTorch's default.
    """
    for module in head.deconv_layers:
        if isinstance(module, nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.001)
    init_norms(head)
    init_kaiming(attention)
    nn.init.normal_(head.final_layer.weight, std=0.001)
    if head.final_layer.bias is not None:
        nn.init.zeros_(head.final_layer.bias)


def hwl_mobilenetv3(
    keypoints: int, attention: str = "ours", hard_sigmoid_divisor: int = 6
) -> nn.Module:
    """The paper's network (`attention="ours"`) and its ablations `se`, `cbam` and `none`.

    `hard_sigmoid_divisor` 6 is mmcv's gate since 1.4.4, 2 its gate before: the code takes mmcv's
    default.
    """
    check_option("attention", attention, tuple(ATTENTIONS))
    check_option("hard_sigmoid_divisor", hard_sigmoid_divisor, (6, 2))
    head = LiteHead(OUT_CHANNELS, keypoints, ATTENTIONS[attention](WIDTH, hard_sigmoid_divisor))
    return TopDown(mobilenetv3(hard_sigmoid_divisor), head)
