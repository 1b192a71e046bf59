"""What `zoo.wlitepose_readings` costs in closed form, for many readings at once.

Options that differ between readings are arrays, each along an axis of its own; what they give has
all axes that it depends on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from repro.papers.values import Size
from repro.readings.layers import (
    Amount,
    Cost,
    Plane,
    Truth,
    averaged,
    bilinear,
    choose,
    choose_plane,
    conv,
    counted,
    depthwise,
    doubling,
    gelu,
    halving,
    linear,
    norm,
    rectifier,
)

Words: TypeAlias = "str | NDArray[np.str_]"

WIDTHS = {"s": (16, 32, 48, 120), "xs": (16, 32, 48, 80)}
HEADS = {"s": (32, 24, 32), "xs": (16, 24, 24)}
STEM = 16
COUNTS = (6, 8, 10, 10)
STRIDES = (2, 2, 2, 1)
EXPANSION = 6
STEPS = ("move-up", "dfc", "gelu", "fewer-activations", "fewer-norms")
LIGHT, GROUPS, LIGHT_BLOCKS = 33, 3, 4
PIXEL = Plane(1, 1)


@dataclass(frozen=True, slots=True)
class OpenBlock:
    """What a reading makes of the DFC-bottleneck, see `zoo.wlitepose_readings`."""

    order: Words
    expansion: Amount
    strided: Words
    weighs: Words
    pooled: Truth
    mixing: Words
    norms: Amount
    second: Truth
    reduction: Amount

    @property
    def first(self) -> Truth:
        """Whether the 7x7 convolution comes before both 1x1 ones."""
        return np.equal(self.order, "first")

    @property
    def expanded(self) -> Truth:
        """Whether the attention weighs the expanded map."""
        return np.equal(self.weighs, "expanded")


def costs(
    size: Size,
    keypoints: int,
    *,
    scale: str,
    dfc: Sequence[int] = (1, 2, 3, 4),
    deconv: bool = True,
    attention: str = "dfc",
    step: str = STEPS[-1],
    order: Words = "first",
    expansion: Amount = 6,
    strided: Words = "dw",
    weighs: Words = "input",
    pooled: Truth = True,
    mixing: Words = "conv5",
    norms: Amount = 3,
    second: Truth = False,
    firsts: Truth = True,
    reduction: Amount = 16,
    middle: Amount = 12,
    head: str | Sequence[int] = "shortened",
) -> Cost:
    """The cost of the network of `zoo.wlitepose_readings` with these options at an input size.

    `scale`, the switches of Tables VI to X and `head` are single values; the others may be arrays.
    """
    reading = OpenBlock(order, expansion, strided, weighs, pooled, mixing, norms, second, reduction)
    attention = "none" if step == "move-up" else attention
    grid, channels = Plane(*size).over(2), STEM
    parts = [_stem(grid)]
    for stage, (width, count, stride) in enumerate(
        zip(WIDTHS[scale], COUNTS, STRIDES, strict=True), 1
    ):
        after = grid.over(stride)
        old = _inverted(channels, width, grid, after)
        if stage in dfc:
            new = _block(channels, width, (grid, after), reading, attention, step)
            rest = _block(width, width, (after, after), reading, attention, step)
            parts.append(counted(firsts, new) + counted(np.logical_not(firsts), old))
        else:
            rest = _inverted(width, width, after, after)
            parts.append(old)
        parts.append(rest.times(count - 1))
        grid, channels = after, width
    levels = _levels(scale, head, deconv)
    parts.append(_head((channels, *WIDTHS[scale][2::-1], STEM), levels, grid, keypoints))
    if deconv:
        parts.append(_light(levels[1] + 2 * keypoints, grid.times(4), keypoints, middle))
    return reduce(add, sorted(parts, key=_axes))


def _axes(cost: Cost) -> int:
    """How many readings a cost tells apart: sums begin with few."""
    return int(np.size(cost.params))


def _stem(grid: Plane) -> Cost:
    wide = norm(32, grid) + rectifier(32, grid)
    stem = conv(3, 32, 9, grid) + wide + depthwise(32, 9, grid) + wide
    return stem + conv(32, STEM, 1, grid) + norm(STEM, grid)


def _inverted(channels: int, width: int, before: Plane, after: Plane) -> Cost:
    """LitePose's block."""
    middle = EXPANSION * channels
    cost = conv(channels, middle, 1, before) + norm(middle, before) + rectifier(middle, before)
    cost += depthwise(middle, 49, after) + norm(middle, after) + rectifier(middle, after)
    return cost + conv(middle, width, 1, after) + norm(width, after)


def _block(
    channels: int,
    width: int,
    grids: tuple[Plane, Plane],
    reading: OpenBlock,
    attention: str,
    step: str,
) -> Cost:
    """The DFC-bottleneck between the maps before and after it."""
    before, after = grids
    first, middle = reading.first, reading.expansion * channels
    leading = np.equal(reading.strided, np.where(first, "dw", "pw1"))
    one = choose_plane(leading, after, before)  # behind the first of its three convolutions
    two = choose_plane(np.equal(reading.strided, "pw2"), before, after)  # behind the second
    wide = choose(first, channels, middle)
    activation = gelu if _has(step, "gelu") else rectifier
    kept = not _has(step, "fewer-norms")
    cost = depthwise(wide, 49, choose_plane(first, one, two))
    cost += conv(channels, middle, 1, choose_plane(first, two, one))
    cost += conv(middle, width, 1, after) + activation(middle, two)
    if not _has(step, "fewer-activations"):
        cost += activation(wide, one)
    cost += counted(kept or first, norm(wide, one))
    cost += counted(kept or np.logical_not(first), norm(middle, two))
    cost += counted(kept, norm(width, after))
    weighed = choose_plane(reading.expanded, two, choose_plane(first, one, before))
    weights = choose(reading.expanded, middle, channels)
    if attention == "dfc":
        return cost + _dfc(channels, weights, before, weighed, reading)
    return cost + _other(attention, weights, weighed, reading.reduction)


def _dfc(channels: int, weights: Amount, before: Plane, weighed: Plane, reading: OpenBlock) -> Cost:
    """DFC attention of the map before a block, for `weights` channels of the map `weighed`."""
    seen = choose_plane(reading.pooled, before.over(2), before)
    same = np.logical_and(
        np.equal(seen.height, weighed.height), np.equal(seen.width, weighed.width)
    )
    lifted = np.logical_or(reading.pooled, np.logical_not(same))
    cost = conv(channels, weights, 1, seen) + _directions(weights, seen, reading.mixing)
    cost += norm(weights, seen).times(reading.norms)
    cost += counted(reading.second, conv(weights, weights, 1, seen))
    cost += counted(reading.pooled, halving(channels, before))
    return cost + counted(lifted, bilinear(weights, weighed))


def _directions(channels: Amount, on: Plane, mixing: Words) -> Cost:
    """The two directions of DFC."""
    one, each = np.equal(mixing, "matrix"), np.equal(mixing, "matrices")
    lengths = [int(word.removeprefix("conv")) if word[0] == "c" else 0 for word in np.ravel(mixing)]
    taps = np.reshape(lengths, np.shape(mixing)).astype(np.int64)
    squares = on.height * on.height + on.width * on.width
    weights = choose(one, squares, channels * choose(each, squares, 2 * taps))
    reach = choose(np.logical_or(one, each), on.height + on.width, 2 * taps)
    macs = channels * on.area * reach
    return Cost(weights, dict.fromkeys(Cost().macs, macs))


def _other(attention: str, channels: Amount, on: Plane, reduction: Amount) -> Cost:
    """What stands in the place of DFC in Table IX."""
    hidden = np.maximum(1, channels // reduction)
    if attention == "se":
        squeezed = averaged(channels, on, PIXEL) + rectifier(hidden, PIXEL)
        return squeezed + linear(channels, hidden) + linear(hidden, channels)
    if attention == "cbam":
        gate = linear(channels, hidden, bias=True, calls=2) + rectifier(hidden, PIXEL)
        gate += rectifier(hidden, PIXEL, last=False)
        gate += linear(hidden, channels, bias=True, calls=2)
        return gate + conv(2, 1, 49, on) + norm(1, on)
    if attention == "ca":
        hidden = np.maximum(8, hidden)
        rows, columns = Plane(on.height, 1), Plane(1, on.width)
        both = Plane(on.height + on.width, 1)
        pooled = averaged(channels, on, rows) + averaged(channels, on, columns)
        cost = pooled + conv(channels, hidden, 1, both, bias=True) + norm(hidden, both)
        cost += rectifier(hidden, both) + conv(hidden, channels, 1, rows, bias=True)
        return cost + conv(hidden, channels, 1, columns, bias=True)
    return Cost()


def _levels(scale: str, head: str | Sequence[int], deconv: bool) -> tuple[int, ...]:
    """The widths of the head's levels."""
    own = HEADS[scale]
    if isinstance(head, str):
        return (own[0], own[2]) if head == "shortened" and deconv else own
    return tuple(head) if deconv or len(head) == 3 else own


def _head(maps: Sequence[int], levels: Sequence[int], grid: Plane, keypoints: int) -> Cost:
    """LitePose's head on the body's maps, deepest first: its levels, and its outputs from 1/4."""
    cost = Cost()
    refined, outputs = maps[0], (0, 2 * keypoints, keypoints)
    for raw, finer, width, output in zip(maps[1:], maps[2:], levels, outputs, strict=False):
        made = grid.times(2)
        cost += doubling(refined, width, grid) + doubling(raw, width, grid)
        cost += norm(width, made) + rectifier(width, made)
        for source in (width, finer) if output else ():
            cost += depthwise(source, 25, made) + norm(source, made) + rectifier(source, made)
            cost += conv(source, output, 1, made)
        refined, grid = width, made
    return cost


def _light(channels: int, grid: Plane, keypoints: int, middle: Amount) -> Cost:
    """The lightweight deconvolution module behind the map at 1/4."""
    made = grid.times(2)
    cost = doubling(channels, channels, grid, groups=channels) + conv(channels, LIGHT, 1, made)
    cost += norm(LIGHT, made) + rectifier(LIGHT, made)
    block = conv(LIGHT, middle, 1, made, groups=GROUPS) + norm(middle, made)
    block += rectifier(middle, made, last=False) + depthwise(middle, 9, made) + norm(middle, made)
    block += conv(middle, LIGHT, 1, made, groups=GROUPS) + norm(LIGHT, made)
    block += rectifier(LIGHT, made)
    return cost + block.times(LIGHT_BLOCKS) + conv(LIGHT, keypoints, 1, made, bias=True)


def _has(step: str, change: str) -> bool:
    return STEPS.index(step) >= STEPS.index(change)
