"""Lite Pose (Wang et al., CVPR 2022): a single-branch bottom-up network.

The official code is mit-han-lab/litepose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor, nn

from zoo.blocks import check_option


class Scale(NamedTuple):
    """What sets apart the architectures that the official search found."""

    widths: tuple[int, int, int, int]
    """of the four stages"""
    head: tuple[int, int, int]
    """widths of the head's levels at 1/8, 1/4 and 1/2"""


SCALES = {
    "s": Scale((16, 32, 48, 120), (32, 24, 32)),
    "xs": Scale((16, 32, 48, 80), (16, 24, 24)),
}
WIDTH = 16
COUNTS = (6, 8, 10, 10)
STRIDES = (2, 2, 2, 1)
EXPANSION = 6

Block = Callable[[int, int, int], nn.Module]
"""input channels, output channels, stride -> block"""


class InvertedBottleneck(nn.Module):
    """Inverted residual of MobileNetV2 with a 7x7 depthwise convolution and expansion 6."""

    def __init__(self, channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        middle = EXPANSION * channels
        self.residual = stride == 1 and channels == out_channels
        self.inv = _conv_relu6(channels, middle, 1)
        self.depth_conv = _conv_relu6(middle, middle, 7, stride, groups=middle)
        self.point_conv = nn.Sequential(
            nn.Conv2d(middle, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.point_conv(self.depth_conv(self.inv(x)))
        return x + y if self.residual else y


class SeparableConv(nn.Module):
    """5x5 depthwise convolution, BN, ReLU, 1x1 convolution: the last layer before the maps."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, out_channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.conv(x)
        return maps


class LitePose(nn.Module):
    """Heatmaps and tags (B, 2K, H/4, W/4), then heatmaps (B, K, H/2, W/2).

    The first K of the 2K maps are the heatmaps, the others the tags of associative embedding. The
    last stage has stride 1: the body ends at 1/16. A level of the head (fusion deconvolution)
    doubles the level below and a map of the body, and adds them. `head` holds the levels' widths;
    with two levels the network ends at 1/4, and has the first output alone.
    """

    def __init__(
        self, keypoints: int, widths: Sequence[int], head: Sequence[int], blocks: Sequence[Block]
    ) -> None:
        super().__init__()
        self.first = nn.Sequential(
            _conv_relu6(3, 32, 3, 2),
            _conv_relu6(32, 32, 3, groups=32),
            nn.Conv2d(32, WIDTH, 1, bias=False),
            nn.BatchNorm2d(WIDTH),
        )
        inputs = [WIDTH, *widths[:-1]]
        stages = zip(blocks, inputs, widths, COUNTS, STRIDES, strict=True)
        self.stage = nn.ModuleList(_stage(*stage) for stage in stages)
        refined = [widths[-1], *head[:-1]]
        raw = inputs[::-1]  # at 1/16, 1/8, 1/4 and 1/2
        self.deconv_refined = nn.ModuleList(map(_deconv, refined, head))
        self.deconv_raw = nn.ModuleList(map(_deconv, raw, head))
        self.deconv_bnrelu = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(inplace=True)) for width in head
        )
        outputs = [2 * keypoints, *(keypoints for _ in head[2:])]
        self.final_refined = nn.ModuleList(map(SeparableConv, head[1:], outputs))
        self.final_raw = nn.ModuleList(map(SeparableConv, raw[2:], outputs))

    def pyramid(self, image: Tensor) -> list[Tensor]:
        """The body's maps at 1/16, 1/16, 1/8, 1/4 and 1/2, deepest first."""
        x = self.first(image)
        maps = [x]
        for stage in self.stage:
            x = stage(x)
            maps.append(x)
        return maps[::-1]

    def fuse(self, pyramid: list[Tensor]) -> list[Tensor]:
        """The head's levels at 1/8, 1/4 and 1/2."""
        x, *skips = pyramid
        levels = []
        layers = zip(skips, self.deconv_refined, self.deconv_raw, self.deconv_bnrelu, strict=False)
        for skip, refined, raw, bnrelu in layers:
            x = bnrelu(refined(x) + raw(skip))
            levels.append(x)
        return levels

    def predict(self, pyramid: list[Tensor], levels: list[Tensor]) -> list[Tensor]:
        """The output maps at 1/4 and 1/2."""
        layers = zip(levels[1:], pyramid[3:], self.final_refined, self.final_raw, strict=False)
        return [refined(level) + raw(skip) for level, skip, refined, raw in layers]

    def forward(self, image: Tensor) -> list[Tensor]:
        pyramid = self.pyramid(image)
        return self.predict(pyramid, self.fuse(pyramid))


def litepose(keypoints: int, scale: str = "s") -> nn.Module:
    """LitePose-S or -XS.

    The official recipe starts from a trained super-network. Without it the initial values are
    PyTorch's.
    """
    check_option("scale", scale, tuple(SCALES))
    widths, head = SCALES[scale]
    return LitePose(keypoints, widths, head, [InvertedBottleneck] * 4)


def _conv_relu6(
    channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(inplace=True),
    )


def _stage(block: Block, channels: int, width: int, count: int, stride: int) -> nn.Sequential:
    first = block(channels, width, stride)
    return nn.Sequential(first, *(block(width, width, 1) for _ in range(count - 1)))


def _deconv(channels: int, width: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels, width, 4, 2, 1, bias=False)
