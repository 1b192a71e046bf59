"""The DFC-bottleneck of WLitePose in two readings (`zoo.wlitepose`), and the steps to its design.

The order is that of ConvNeXt (Liu et al., 2022): the 7x7 depthwise convolution of LitePose's block
comes before its two 1x1 convolutions. The expansion of 6 and the identity (stride 1, equal widths)
are LitePose's; the paper states neither.
"""

from __future__ import annotations

from torch import Tensor, nn

from zoo.litepose import EXPANSION
from zoo.wlitepose_attention import DFC, OTHERS, InPlaceOfDFC, PooledDFC

STEPS = ("move-up", "dfc", "gelu", "fewer-activations", "fewer-norms")
"""Table X. Each step keeps those before it: the 7x7 convolution first, with LitePose's three norms
and two ReLU6; the attention; GELU for ReLU6; the first GELU gone; the last two norms gone."""


class DFCBottleneck(nn.Module):
    """The parts that both readings share. `dfc` is the attention, whichever it is."""

    def __init__(
        self,
        channels: int,
        out_channels: int,
        strides: tuple[int, int],
        attention: nn.Module,
        step: str,
    ) -> None:
        super().__init__()
        middle = EXPANSION * channels
        first, last = strides
        self.residual = strides == (1, 1) and channels == out_channels
        self.dwconv = nn.Conv2d(channels, channels, 7, first, 3, groups=channels, bias=False)
        self.dfc = attention
        self.norm = nn.BatchNorm2d(channels)
        self.act1 = nn.Identity() if _has(step, "fewer-activations") else _activation(step)
        self.pwconv1 = nn.Conv2d(channels, middle, 1, bias=False)
        self.norm2 = nn.Identity() if _has(step, "fewer-norms") else nn.BatchNorm2d(middle)
        self.act2 = _activation(step)
        self.pwconv2 = nn.Conv2d(middle, out_channels, 1, last, bias=False)
        self.norm3 = nn.Identity() if _has(step, "fewer-norms") else nn.BatchNorm2d(out_channels)


class TextBottleneck(DFCBottleneck):
    """The paper's words: DFC at half resolution weighs the output of the 7x7 convolution (eq. 11).

    The 7x7 convolution carries the stride, which the paper places nowhere.
    """

    def __init__(
        self, channels: int, out_channels: int, stride: int, attention: str, step: str
    ) -> None:
        module = (
            PooledDFC(channels, channels)
            if attention == "dfc"
            else InPlaceOfDFC(OTHERS[attention](channels))
        )
        super().__init__(channels, out_channels, (stride, 1), module, step)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act1(self.norm(self.dfc(self.dwconv(x), x)))
        y = self.norm3(self.pwconv2(self.act2(self.norm2(self.pwconv1(y)))))
        return x + y if self.residual else y


class FitBottleneck(DFCBottleneck):
    """The paper's cost: DFC at full resolution weighs the expanded map.

    The last 1x1 convolution carries the stride.
    """

    def __init__(
        self, channels: int, out_channels: int, stride: int, attention: str, step: str
    ) -> None:
        middle = EXPANSION * channels
        module = (
            DFC(channels, middle) if attention == "dfc" else InPlaceOfDFC(OTHERS[attention](middle))
        )
        super().__init__(channels, out_channels, (1, stride), module, step)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm2(self.pwconv1(self.act1(self.norm(self.dwconv(x)))))
        y = self.norm3(self.pwconv2(self.act2(self.dfc(y, x))))
        return x + y if self.residual else y


def _has(step: str, change: str) -> bool:
    return STEPS.index(step) >= STEPS.index(change)


def _activation(step: str) -> nn.Module:
    return nn.GELU() if _has(step, "gelu") else nn.ReLU6(inplace=True)
