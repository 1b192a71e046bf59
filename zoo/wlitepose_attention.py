"""Attention in the DFC-bottleneck of WLitePose: DFC, and what Table IX puts in its place.

Each module is called with the map that it weighs and with the block's input.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.cbam import CBAM

LENGTH = 5
"""of the two directional convolutions, from GhostNetV2; WLitePose's paper does not say"""


class DFC(nn.ModuleDict):
    """Decoupled fully connected attention (GhostNetV2, Tang et al., 2022) at full resolution.

    The block's input becomes weights through a 1x1 convolution with BN, a horizontal and a vertical
    depthwise convolution and a sigmoid. The order is that of GhostNetV2's code and of WLitePose's
    text; its eq. 9 is the vertical one. GhostNetV2 has a BN behind each of the three convolutions.
    """

    def __init__(self, channels: int, width: int) -> None:
        horizontal, vertical = _directional(width)
        layers = [_pointwise(channels, width), nn.BatchNorm2d(width), horizontal, vertical]
        super().__init__({str(index): layer for index, layer in enumerate(layers)})

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        for layer in self.values():
            source = layer(source)
        return x * source.sigmoid()


class PooledDFC(nn.ModuleDict):
    """DFC as WLitePose's paper describes it: at half resolution, lifted bilinearly.

    The paper names no norm; these stand where GhostNetV2 has them. GhostNetV2 takes the sigmoid
    before it lifts the map, and lifts it to the nearest neighbour.
    """

    def __init__(self, channels: int, width: int) -> None:
        horizontal, vertical = _directional(width)
        layers: dict[str, nn.Module] = {"pool": nn.AvgPool2d(2)}
        for layer in (_pointwise(channels, width), horizontal, vertical):
            index = len(layers) - 1
            layers[str(index)] = layer
            layers[str(index + 1)] = nn.BatchNorm2d(width)
        super().__init__(layers)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        for layer in self.values():
            source = layer(source)
        source = F.interpolate(source, x.shape[2:], mode="bilinear", align_corners=False)
        return x * source.sigmoid()


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation (Hu et al., 2018): mean, two linear layers without bias, sigmoid."""

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // ratio, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // ratio, channels, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        weights: Tensor = self.fc(self.avg_pool(x).flatten(1)).sigmoid()
        return x * weights[:, :, None, None]


class CoordinateAttention(nn.Module):
    """Coordinate attention (Hou et al., 2021): weights of the rows and weights of the columns.

    Names, the biases and the floor of 8 for the hidden width are those of houqb/CoordAttention.
    """

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        hidden = max(8, channels // ratio)
        self.pool_h = nn.AdaptiveAvgPool2d((None, 1))
        self.pool_w = nn.AdaptiveAvgPool2d((1, None))
        self.conv1 = nn.Conv2d(channels, hidden, 1)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.relu = nn.ReLU6(inplace=True)
        self.conv_h = nn.Conv2d(hidden, channels, 1)
        self.conv_w = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        rows = self.pool_h(x)  # (B, C, H, 1)
        columns = self.pool_w(x).transpose(2, 3)  # (B, C, W, 1)
        y = self.bn1(self.conv1(torch.cat([rows, columns], dim=2)))
        y = y * self.relu(y + 3) / 6
        rows, columns = y.split([height, width], dim=2)
        rows = self.conv_h(rows).sigmoid()
        columns = self.conv_w(columns.transpose(2, 3)).sigmoid()
        out: Tensor = x * columns * rows
        return out


class InPlaceOfDFC(nn.Module):
    """An attention that weighs a map by itself, whatever the block's input."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        out: Tensor = self.attention(x)
        return out


OTHERS: dict[str, Callable[[int], nn.Module]] = {
    "none": nn.Identity,
    "se": SqueezeExcite,
    "cbam": CBAM,
    "ca": CoordinateAttention,
}


def _pointwise(channels: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(channels, width, 1, bias=False)


def _directional(width: int) -> tuple[nn.Conv2d, nn.Conv2d]:
    """A row of weights and a column of weights for each channel."""
    reach = LENGTH // 2
    horizontal = nn.Conv2d(width, width, (1, LENGTH), padding=(0, reach), groups=width, bias=False)
    vertical = nn.Conv2d(width, width, (LENGTH, 1), padding=(reach, 0), groups=width, bias=False)
    return horizontal, vertical
