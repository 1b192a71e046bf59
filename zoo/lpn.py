"""Network of "Simple and Lightweight Human Pose Estimation" (Zhang et al., 2019).

The official code is zhang943/lpn-pytorch.
"""

from __future__ import annotations

from math import gcd

import torch
from torch import Tensor, nn

from zoo.blocks import check_option, init_norms

COUNTS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
WIDTH = 256


class GlobalContext(nn.Module):
    """Global context block (GCNet, Cao et al., 2019): context pooling, two 1x1 convolutions, sum.

    The hidden width has a floor of 16, which only the code says.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(16, channels // 16)
        self.conv_mask = nn.Conv2d(channels, 1, 1)
        self.softmax = nn.Softmax(dim=1)
        self.channel_add_conv = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.LayerNorm([hidden, 1, 1]),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        mask = self.softmax(self.conv_mask(x).flatten(2).transpose(1, 2))  # (B, H*W, 1)
        context = torch.matmul(x.flatten(2), mask).unsqueeze(3)  # (B, C, 1, 1)
        added: Tensor = self.channel_add_conv(context)
        return x + added


class LightBottleneck(nn.Module):
    """Lightweight bottleneck, Fig. 2: expansion 1, a depthwise 3x3 and the global context block."""

    def __init__(self, channels: int, width: int, stride: int, context: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels, width, stride)
        self.att = GlobalContext(width) if context else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.att(self.bn3(self.conv3(y)))
        out: Tensor = self.relu(y + self.downsample(x))
        return out


class LPN(nn.Module):
    """ResNet-shaped body of light bottlenecks with stride 16, and two light upsamplings."""

    def __init__(self, keypoints: int, counts: tuple[int, int, int, int], context: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _layer(64, 64, counts[0], 1, context)
        self.layer2 = _layer(64, 128, counts[1], 2, context)
        self.layer3 = _layer(128, 256, counts[2], 2, context)
        self.layer4 = _layer(256, 512, counts[3], 1, context)
        self.deconv_layers = nn.Sequential(*_upsampling(512), *_upsampling(WIDTH))
        self.final_layer = nn.Conv2d(WIDTH, keypoints, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))  # (B, 512, H/16, W/16)
        heatmaps: Tensor = self.final_layer(self.deconv_layers(x))
        return heatmaps


def init_lpn(model: LPN) -> None:
    """Convolutions from N(0, 0.001), norms 1 and 0.

    The paper says all parameters are drawn so; in the code the biases are not: those of the first
    and last convolution of `channel_add_conv` are PyTorch's default and 0, that of `conv_mask` is
    0, that of the last layer PyTorch's default.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=0.001)
    for module in model.modules():
        if isinstance(module, GlobalContext):
            nn.init.zeros_(module.conv_mask.get_parameter("bias"))
            nn.init.zeros_(module.channel_add_conv.get_parameter("3.bias"))
    init_norms(model)


def lpn(keypoints: int, depth: int = 50, context: bool = True) -> nn.Module:
    """LPN-50, -101 or -152; without `context` the ablation of Table 3."""
    check_option("depth", depth, tuple(COUNTS))
    check_option("context", context, (True, False))
    model = LPN(keypoints, COUNTS[depth], context)
    init_lpn(model)
    return model


def _shortcut(channels: int, width: int, stride: int) -> nn.Module:
    if stride == 1 and channels == width:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))


def _layer(channels: int, width: int, count: int, stride: int, context: bool) -> nn.Sequential:
    first = LightBottleneck(channels, width, stride, context)
    return nn.Sequential(
        first, *(LightBottleneck(width, width, 1, context) for _ in range(count - 1))
    )


def _upsampling(channels: int) -> tuple[nn.Module, ...]:
    """4x4 deconvolution with as many groups as divide both widths, then a 1x1 convolution."""
    groups = gcd(channels, WIDTH)
    return (
        nn.ConvTranspose2d(channels, WIDTH, 4, 2, 1, groups=groups, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(inplace=True),
        nn.Conv2d(WIDTH, WIDTH, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(inplace=True),
    )
