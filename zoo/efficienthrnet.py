"""EfficientHRNet (Neff et al., 2020): a scaled EfficientNet under a scaled HigherHRNet.

The official code is TeCSAR-UNCC/EfficientHRNet.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from timm.layers.drop import DropPath
from timm.models.hrnet import HighResolutionModule
from timm.models.resnet import BasicBlock
from torch import Tensor, nn

from zoo.backbones import share_activations
from zoo.blocks import BottomUp, check_option, init_normal
from zoo.higherhrnet import HigherHead


class Stage(NamedTuple):
    """A stage of EfficientNet-B0 (Tan and Le, 2019, Table 1), before scaling."""

    expansion: int
    width: int
    blocks: int
    stride: int
    kernel: int


B0 = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
TAPS = (1, 2, 4, 6)
"""stages that end at 1/4, 1/8, 1/16 and 1/32"""


class Scale(NamedTuple):
    """What the compound index phi decides by a table; the branch widths follow a formula."""

    width: float
    depth: float
    modules: tuple[int, int]
    """of the stages 3 and 4"""


SCALES = {
    -1: Scale(0.909, 0.833, (3, 3)),
    -2: Scale(0.826, 0.694, (2, 3)),
    -3: Scale(0.751, 0.578, (1, 3)),
    -4: Scale(0.684, 0.483, (1, 2)),
}
DROP = 0.2


class Swish(nn.Module):
    """x * sigmoid(x), in two operations as in the official code; tools see nn.SiLU differently."""

    def forward(self, x: Tensor) -> Tensor:
        return x * x.sigmoid()


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation (Hu et al., 2018) with swish inside."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.se = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            Swish(),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = x * self.se(x)
        return gated


class MBConv(nn.Module):
    """Inverted residual of EfficientNet; training drops the branch of an image, one in five."""

    def __init__(
        self, channels: int, out_channels: int, expansion: int, stride: int, kernel: int
    ) -> None:
        super().__init__()
        middle = expansion * channels
        expand = [_conv_swish(channels, middle, 1)] if expansion > 1 else []
        self.conv = nn.Sequential(
            *expand,
            _conv_swish(middle, middle, kernel, stride, groups=middle),
            SqueezeExcite(middle, channels // 4),
            nn.Conv2d(middle, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.residual = stride == 1 and channels == out_channels
        self.drop = DropPath(DROP)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + self.drop(y) if self.residual else y


class EfficientHRNet(nn.Module):
    """Features (B, C, H/4, W/4): each new branch of HRNet starts from a map of the EfficientNet.

    A transition stands before every branch of every stage, also where the widths agree, and its
    convolution has a bias before the batch norm.
    """

    def __init__(self, scale: Scale, widths: tuple[int, ...]) -> None:
        super().__init__()
        stem = round_width(32 * scale.width)
        self.features = nn.ModuleList([_conv_swish(3, stem, 3, 2)])
        channels, ends = [stem], []
        for expansion, width, blocks, stride, kernel in B0:
            out = round_width(width * scale.width)
            for block in range(ceil(blocks * scale.depth)):
                step = 1 if block else stride
                self.features.append(MBConv(channels[-1], out, expansion, step, kernel))
                channels.append(out)
            ends.append(len(channels) - 1)
        self.taps = [ends[stage] for stage in TAPS]
        taps = [channels[tap] for tap in self.taps]
        self.trans1_branch1 = _transition(taps[0], widths[0])
        self.trans1_branch2 = _transition(taps[1], widths[1])
        self.stage2 = _stage(1, widths[:2])
        self.trans2_branch1 = _transition(widths[0], widths[0])
        self.trans2_branch2 = _transition(widths[1], widths[1])
        self.trans2_branch3 = _transition(taps[2], widths[2])
        self.stage3 = _stage(scale.modules[0], widths[:3])
        self.trans3_branch1 = _transition(widths[0], widths[0])
        self.trans3_branch2 = _transition(widths[1], widths[1])
        self.trans3_branch3 = _transition(widths[2], widths[2])
        self.trans3_branch4 = _transition(taps[3], widths[3])
        self.stage4 = _stage(scale.modules[1], widths, fuse_all=False)
        share_activations(self)

    def pyramid(self, image: Tensor) -> list[Tensor]:
        """The maps of the EfficientNet with strides 4, 8, 16 and 32."""
        x, maps = image, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                maps.append(x)
        return maps

    def forward(self, image: Tensor) -> Tensor:
        x1, x2, x3, x4 = self.pyramid(image)
        y1, y2 = self.stage2([self.trans1_branch1(x1), self.trans1_branch2(x2)])
        y1, y2, y3 = self.stage3(
            [self.trans2_branch1(y1), self.trans2_branch2(y2), self.trans2_branch3(x3)]
        )
        branches = [self.trans3_branch1(y1), self.trans3_branch2(y2)]
        branches += [self.trans3_branch3(y3), self.trans3_branch4(x4)]
        features: Tensor = self.stage4(branches)[0]
        return features


def efficienthrnet(keypoints: int, phi: int = -1) -> nn.Module:
    """EfficientHRNet-H1 to -H4, whose compound index phi is -1 to -4."""
    check_option("phi", phi, tuple(SCALES))
    widths = tuple(ceil(width * 1.2455**phi) for width in (32, 64, 128, 256))
    backbone = EfficientHRNet(SCALES[phi], widths)
    model = BottomUp(backbone, HigherHead(widths[0], keypoints, widths[0], blocks=2))
    init_normal(model)
    return model


def round_width(width: float) -> int:
    """The nearest multiple of 8, or the next one where that is less than 90 % of the width."""
    rounded = max(8, int(width + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * width else rounded + 8


def _conv_swish(
    channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution, BN, swish; padded as TensorFlow pads maps of even size, less on the top left."""
    padding = max(kernel - stride, 0)
    low, high = padding // 2, padding - padding // 2
    return nn.Sequential(
        nn.ZeroPad2d((low, high, low, high)),
        nn.Conv2d(channels, out_channels, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        Swish(),
    )


def _transition(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
    )


def _stage(modules: int, widths: tuple[int, ...], fuse_all: bool = True) -> nn.Sequential:
    """HRNet's modules with two blocks a branch; the last may fuse into the first branch only."""
    counts = (2,) * len(widths)
    every_row = [True] * (modules - 1) + [fuse_all]
    return nn.Sequential(
        *(
            HighResolutionModule(len(widths), BasicBlock, counts, list(widths), widths, "SUM", rows)
            for rows in every_row
        )
    )
