"""What layers cost in closed form, for many widths and sizes at once: whole numbers or arrays.

The rules are those of `repro.counting.counter`, written for numbers in the place of modules. A test
holds them against each other.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Amount: TypeAlias = "int | NDArray[np.int64]"

Truth: TypeAlias = "bool | NDArray[np.bool_]"

CONVENTIONS = ("ptflops", "hrnet", "torchstat", "fvcore")
"""the ways of counting that the closed form knows"""
_LISTING = ("ptflops", "torchstat")
"""those that count modules which do not multiply"""


class Plane(NamedTuple):
    """Height and width of a map."""

    height: Amount
    width: Amount

    @property
    def area(self) -> Amount:
        """Its pixels."""
        return self.height * self.width

    def over(self, stride: int) -> "Plane":
        """The map that a stride leaves."""
        return Plane(self.height // stride, self.width // stride)

    def times(self, factor: int) -> "Plane":
        """The map that a transposed convolution of that stride makes."""
        return Plane(self.height * factor, self.width * factor)


class Cost:
    """Parameters, and multiply-accumulates by each of some conventions."""

    def __init__(self, params: Amount = 0, macs: Mapping[str, Amount] | None = None) -> None:
        self.params = params
        self.macs: dict[str, Amount] = dict(macs or dict.fromkeys(CONVENTIONS, 0))

    def __add__(self, other: "Cost") -> "Cost":
        macs = {name: own + other.macs[name] for name, own in self.macs.items()}
        return Cost(self.params + other.params, macs)

    def times(self, count: Amount) -> "Cost":
        """So many of it."""
        macs = {name: own * count for name, own in self.macs.items()}
        return Cost(self.params * count, macs)


def choose(condition: Truth, this: Amount, other: Amount) -> Amount:
    """One amount where a condition holds, another where it does not."""
    if isinstance(this, int) and isinstance(other, int) and this == other:
        return this
    chosen: NDArray[np.int64] = np.where(condition, this, other)
    return chosen


def choose_plane(condition: Truth, this: Plane, other: Plane) -> Plane:
    """One map where a condition holds, another where it does not."""
    return Plane(*(choose(condition, *sides) for sides in zip(this, other, strict=True)))


def counted(condition: Truth, cost: Cost) -> Cost:
    """A cost where a condition holds, nothing where it does not."""
    return cost.times(np.asarray(condition, dtype=np.int64))


def conv(
    channels: Amount,
    width: Amount,
    taps: Amount,
    on: Plane,
    groups: Amount = 1,
    bias: bool = False,
) -> Cost:
    """A convolution of `taps` weights between two channels, with its output `on` a map."""
    weights = channels // groups * width * taps
    added = width if bias else 0
    macs = dict.fromkeys(CONVENTIONS, weights * on.area)
    for name in _LISTING:
        macs[name] = macs[name] + added * on.area
    return Cost(weights + added, macs)


def depthwise(channels: Amount, taps: Amount, on: Plane) -> Cost:
    """A convolution of each channel by itself."""
    return conv(channels, channels, taps, on, groups=channels)


def doubling(channels: Amount, width: Amount, source: Plane, groups: Amount = 1) -> Cost:
    """A transposed 4x4 convolution of stride 2 without bias, of a map `source`."""
    weights = channels // groups * width * 16
    made = source.times(2).area
    on = {"ptflops": made, "hrnet": made, "torchstat": source.area, "fvcore": source.area}
    return Cost(weights, {name: weights * area for name, area in on.items()})


def norm(channels: Amount, on: Plane) -> Cost:
    """A batch normalisation."""
    elements = 2 * channels * on.area
    return Cost(2 * channels, {name: 0 if name == "hrnet" else elements for name in CONVENTIONS})


def rectifier(channels: Amount, on: Plane, last: bool = True) -> Cost:
    """A call of a module ReLU or ReLU6; torchstat sees a module's last alone."""
    return _of_modules(channels * on.area, _LISTING if last else ("ptflops",))


def gelu(channels: Amount, on: Plane) -> Cost:
    """A module GELU."""
    return _of_modules(channels * on.area, ("ptflops",))


def halving(channels: Amount, source: Plane) -> Cost:
    """An average pooling of 2x2 pixels of a map `source`."""
    return _of_modules(channels * source.area, _LISTING)


def bilinear(channels: Amount, on: Plane) -> Cost:
    """The function `interpolate`, which no tool sees that counts modules."""
    return _of_modules(4 * channels * on.area, ("fvcore",))


def averaged(channels: Amount, source: Plane, cells: Plane) -> Cost:
    """An adaptive average pooling of a map `source`."""
    read = channels * source.area
    rows = cells.height * (source.height // cells.height + 1)
    columns = cells.width * (source.width // cells.width + 1)
    windows = channels * rows * columns
    return Cost(0, {"ptflops": read, "hrnet": 0, "torchstat": windows, "fvcore": read})


def linear(inputs: Amount, outputs: Amount, bias: bool = False, calls: int = 1) -> Cost:
    """A linear layer that sees one vector a call."""
    weights, added = inputs * outputs, outputs if bias else 0
    each = {"ptflops": weights + added, "hrnet": weights, "fvcore": weights}
    macs = {name: calls * macs for name, macs in each.items()}
    return Cost(weights + added, {**macs, "torchstat": weights})


def _of_modules(elements: Amount, conventions: tuple[str, ...]) -> Cost:
    return Cost(0, {name: elements if name in conventions else 0 for name in CONVENTIONS})
