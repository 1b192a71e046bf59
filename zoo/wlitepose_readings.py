"""WLitePose in any reading of its paper: what the text leaves open are options of the builder.

`zoo.wlitepose` has what the paper fixes, and the two readings that the tables use. The readings
that have names, what each breaks of the text, and how much of the printed cost each gives stand in
tables/paper4/readings.toml. None of them is known to be what the authors built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from operator import floordiv
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from zoo.blocks import check_option
from zoo.cbam import CBAM
from zoo.litepose import SCALES, STRIDES, InvertedBottleneck, LitePose
from zoo.wlitepose import GROUPS, LIGHT_WIDTH, STAGES, LightBlock, WLitePose
from zoo.wlitepose_attention import CoordinateAttention, InPlaceOfDFC, SqueezeExcite
from zoo.wlitepose_blocks import STEPS

MIXINGS = (*(f"conv{length}" for length in range(3, 16, 2)), "matrix", "matrices")
"""how a direction of DFC sees its line: a depthwise convolution of so many pixels; a matrix for all
channels; a matrix for each channel"""
OTHERS: dict[str, Callable[[int, int], nn.Module]] = {
    "se": SqueezeExcite,
    "cbam": CBAM,
    "ca": CoordinateAttention,
}
ATTENTIONS = ("dfc", "none", *OTHERS)
SIDES = {"s": 448, "xs": 256}
"""input side of the printed rows"""


class BlockReading(NamedTuple):
    """What the paper leaves open of the DFC-bottleneck."""

    order: str
    """`first`: the 7x7 convolution before both 1x1 ones; `between`: where LitePose has it"""
    expansion: int
    strided: str
    """the convolution that carries the stride: `dw`, `pw1` or `pw2`"""
    weighs: str
    """the map that the attention weighs: `input` channels (eq. 11) or `expanded` ones"""
    pooled: bool
    """whether DFC sees the block's input at half size"""
    mixing: str
    norms: int
    """in DFC: behind each convolution (3), behind the first (1) or none"""
    second: bool
    """whether another 1x1 convolution ends DFC"""
    reduction: int
    """of SE, CBAM and CA, as far as a channel is left"""

    def check(self) -> None:
        """Raise ValueError for a value that is none."""
        check_option("order", self.order, ("first", "between"))
        check_option("strided", self.strided, ("dw", "pw1", "pw2"))
        check_option("weighs", self.weighs, ("input", "expanded"))
        check_option("mixing", self.mixing, MIXINGS)
        check_option("norms", self.norms, (0, 1, 3))
        check_option("pooled", self.pooled, (True, False))
        check_option("second", self.second, (True, False))
        _check_number("expansion", self.expansion)
        _check_number("reduction", self.reduction)


class LineMatrix(nn.Module):
    """A fully connected layer along the rows or the columns of a map (eq. 9 and 10).

    It is a 1x1 convolution whose channels are the pixels of a line, of all channels of the map or,
    in groups, of each.
    """

    def __init__(self, side: int, horizontal: bool, channels: int | None) -> None:
        super().__init__()
        self.horizontal = horizontal
        self.channels = channels
        lines = channels or 1
        self.conv = nn.Conv1d(lines * side, lines * side, 1, groups=lines, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        lines = x.transpose(2, 3) if self.horizontal else x  # (B, C, side, others)
        if self.channels is None:
            mixed = self.conv(lines.transpose(1, 2).flatten(2))  # (B, side, C * others)
            mixed = mixed.unflatten(2, (x.shape[1], -1)).transpose(1, 2)
        else:
            mixed = self.conv(lines.flatten(1, 2)).unflatten(1, (self.channels, -1))
        out: Tensor = mixed.transpose(2, 3) if self.horizontal else mixed
        return out


class OpenDFC(nn.Module):
    """DFC attention in any reading: weights in (0, 1) for a map, from the block's input."""

    def __init__(self, channels: int, width: int, side: int, reading: BlockReading) -> None:
        super().__init__()
        seen = side // 2 if reading.pooled else side
        layers: list[nn.Module] = [nn.AvgPool2d(2)] if reading.pooled else []
        layers.append(nn.Conv2d(channels, width, 1, bias=False))
        layers.append(nn.BatchNorm2d(width) if reading.norms else nn.Identity())
        for horizontal in (True, False):
            layers.append(_direction(reading.mixing, width, seen, horizontal))
            layers.append(nn.BatchNorm2d(width) if reading.norms == 3 else nn.Identity())
        if reading.second:
            layers.append(nn.Conv2d(width, width, 1, bias=False))
        self.layers = nn.Sequential(*layers)
        self.pooled = reading.pooled

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        weights: Tensor = self.layers(source)
        if self.pooled or weights.shape[2:] != x.shape[2:]:
            weights = F.interpolate(weights, x.shape[2:], mode="bilinear", align_corners=False)
        return x * weights.sigmoid()


class OpenBottleneck(nn.Module):
    """The DFC-bottleneck in any reading, at any step of its design (Table X)."""

    def __init__(
        self,
        channels: int,
        out_channels: int,
        stride: int,
        *,
        side: int,
        reading: BlockReading,
        attention: str,
        step: str,
    ) -> None:
        super().__init__()
        middle, first = reading.expansion * channels, reading.order == "first"
        strides = {name: stride if name == reading.strided else 1 for name in ("dw", "pw1", "pw2")}
        self.residual = stride == 1 and channels == out_channels
        self.order, self.weighs = reading.order, reading.weighs
        wide = channels if first else middle
        self.dwconv = nn.Conv2d(wide, wide, 7, strides["dw"], 3, groups=wide, bias=False)
        self.pwconv1 = nn.Conv2d(channels, middle, 1, strides["pw1"], bias=False)
        self.pwconv2 = nn.Conv2d(middle, out_channels, 1, strides["pw2"], bias=False)
        width = middle if reading.weighs == "expanded" else channels
        self.attention = _attention(attention, channels, width, side, reading)
        all_norms = not _has(step, "fewer-norms")
        self.norm1 = nn.BatchNorm2d(wide) if all_norms or first else nn.Identity()
        self.norm2 = nn.BatchNorm2d(middle) if all_norms or not first else nn.Identity()
        self.norm3 = nn.BatchNorm2d(out_channels) if all_norms else nn.Identity()
        self.act1 = nn.Identity() if _has(step, "fewer-activations") else _activation(step)
        self.act2 = _activation(step)

    def forward(self, x: Tensor) -> Tensor:
        if self.order == "first":
            y = self._weighed("input", self.dwconv(x), x)
            y = self._weighed("expanded", self.norm2(self.pwconv1(self.act1(self.norm1(y)))), x)
        else:
            y = self.act1(self.norm1(self.pwconv1(self._weighed("input", x, x))))
            y = self.norm2(self._weighed("expanded", self.dwconv(y), x))
        out: Tensor = self.norm3(self.pwconv2(self.act2(y)))
        return x + out if self.residual else out

    def _weighed(self, which: str, y: Tensor, x: Tensor) -> Tensor:
        """A map as the attention, which sees the block's input, weighs it; or as it is."""
        out: Tensor = self.attention(y, x) if which == self.weighs else y
        return out


class NarrowBlock(LightBlock):
    """The light residual block of Fig. 3 with any width between its 1x1 convolutions."""

    def __init__(self, middle: int) -> None:
        super().__init__()
        width = LIGHT_WIDTH
        self.gconv1 = nn.Conv2d(width, middle, 1, groups=GROUPS, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.dwconv = nn.Conv2d(middle, middle, 3, padding=1, groups=middle, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.gconv2 = nn.Conv2d(middle, width, 1, groups=GROUPS, bias=False)


def wlitepose_reading(
    keypoints: int,
    scale: str = "s",
    dfc: Sequence[int] = STAGES,
    deconv: bool = True,
    attention: str = "dfc",
    step: str = STEPS[-1],
    order: str = "first",
    expansion: int = 6,
    strided: str = "dw",
    weighs: str = "input",
    pooled: bool = True,
    mixing: str = "conv5",
    norms: int = 3,
    second: bool = False,
    firsts: bool = True,
    reduction: int = 16,
    middle: int = 12,
    head: str | Sequence[int] = "shortened",
) -> nn.Module:
    """WLitePose-S or -XS in a reading, with the switches of Tables VI to X (see `zoo.wlitepose`).

    The defaults take the prose literally. `firsts` says whether the first block of a stage is
    replaced as well; `middle` is the inner width of the light residual blocks. `head` names the
    widths at 1/8, 1/4 and 1/2, or at 1/8 and 1/4 if the module alone gives the output at 1/2:
    `litepose` for LitePose's own, `shortened` for the first and the last of these. Without `deconv`
    a head that ends at 1/4 is LitePose's. With matrices as `mixing` the network is of one input
    size, 448x448 (S) or 256x256 (XS).
    """
    check_option("scale", scale, tuple(SCALES))
    check_option("deconv", deconv, (True, False))
    check_option("attention", attention, ATTENTIONS)
    check_option("step", step, STEPS)
    check_option("firsts", firsts, (True, False))
    for stage in dfc:
        check_option("dfc", stage, STAGES)
    _check_number("middle", middle, GROUPS)
    reading = BlockReading(
        order, expansion, strided, weighs, pooled, mixing, norms, second, reduction
    )
    reading.check()
    attention = "none" if step == "move-up" else attention
    block = partial(_block, reading=reading, attention=attention, step=step, firsts=firsts)
    sides = list(accumulate(STRIDES, floordiv, initial=SIDES[scale] // 2))
    blocks = [
        partial(block, sides=(before, after)) if stage in dfc else InvertedBottleneck
        for stage, before, after in zip(STAGES, sides, sides[1:], strict=False)
    ]
    widths, _ = SCALES[scale]
    levels = _levels(scale, head, deconv)
    if not deconv:
        return LitePose(keypoints, widths, levels, blocks)
    network = WLitePose(keypoints, widths, levels, blocks)
    network.light.blocks = nn.Sequential(*(NarrowBlock(middle) for _ in range(4)))
    return network


def _block(
    channels: int,
    out_channels: int,
    stride: int,
    *,
    sides: tuple[int, int],
    firsts: bool,
    reading: BlockReading,
    attention: str,
    step: str,
) -> nn.Module:
    """A block of a stage; `sides` are those of the maps that its first block and the others see."""
    first = channels != out_channels or stride > 1
    if first and not firsts:
        return InvertedBottleneck(channels, out_channels, stride)
    make = partial(OpenBottleneck, reading=reading, attention=attention, step=step)
    return make(channels, out_channels, stride, side=sides[0 if first else 1])


def _levels(scale: str, head: str | Sequence[int], deconv: bool) -> tuple[int, ...]:
    own = SCALES[scale].head
    if isinstance(head, str):
        check_option("head", head, ("litepose", "shortened"))
        return (own[0], own[2]) if head == "shortened" and deconv else own
    if len(head) not in (2, 3) or any(type(width) is not int or width < 1 for width in head):
        raise ValueError(f"`head` is `{head!r}`; it must be the widths of two or three levels.")
    return tuple(head) if deconv or len(head) == 3 else own


def _direction(mixing: str, width: int, side: int, horizontal: bool) -> nn.Module:
    """One direction of DFC on a map of that many channels and sides."""
    if mixing == "matrix":
        return LineMatrix(side, horizontal, None)
    if mixing == "matrices":
        return LineMatrix(side, horizontal, width)
    length = int(mixing.removeprefix("conv"))
    kernel = (1, length) if horizontal else (length, 1)
    padding = kernel[0] // 2, kernel[1] // 2
    return nn.Conv2d(width, width, kernel, padding=padding, groups=width, bias=False)


def _attention(
    attention: str, channels: int, width: int, side: int, reading: BlockReading
) -> nn.Module:
    if attention == "dfc":
        return OpenDFC(channels, width, side, reading)
    if attention == "none":
        return InPlaceOfDFC(nn.Identity())
    return InPlaceOfDFC(OTHERS[attention](width, min(reading.reduction, width)))


def _check_number(option: str, value: object, of: int = 1) -> None:
    if type(value) is not int or value < 1 or value % of:
        multiple = "a whole number" if of == 1 else f"a multiple of {of}"
        raise ValueError(f"`{option}` is `{value!r}`; it must be {multiple} above 0.")


def _has(step: str, change: str) -> bool:
    return STEPS.index(step) >= STEPS.index(change)


def _activation(step: str) -> nn.Module:
    return nn.GELU() if _has(step, "gelu") else nn.ReLU6(inplace=True)
