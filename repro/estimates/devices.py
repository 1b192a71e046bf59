"""The devices of `tables/devices.toml`, and the rule by which times are carried over to them.

What was measured on this machine is carried over by the roofline model: the share that a network
reaches here of what the machine could do at most, by its multiply-adds and the bytes it moves, is
assumed there. How wrong that can be is told by an interval: as if all the time went to what there
is most faster than here, and as if to what is least.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from repro import schema
from repro.errors import ReproError, unknown
from repro.estimates.shapes import Shape
from repro.papers.study import tables_dir

HERE = "here"
"""the machine that the command runs on"""
LAUNCH = 10e-6
"""seconds that PyTorch takes to hand one operator to a GPU, an assumption: no call is shorter"""
CORES = 8
"""that load samples beside each GPU, an assumption"""
FORM = re.compile(r"(?:(\d{1,4})x)?(\S+)")


@dataclass(frozen=True, slots=True)
class DeviceSheet:
    """What a vendor states of a device; None where it has none, or nothing is sure."""

    title: str
    fp32: float
    """TFLOP/s outside matrix units"""
    bandwidth: float
    """GB/s of its memory"""
    memory: float
    """GB"""
    source: str
    """the vendor's document"""
    tf32: float | None = None
    """TFLOP/s of matrix units on float32 values, without sparsity, as in PyTorch's convolutions"""
    bf16: float | None = None
    """TFLOP/s of matrix units, without sparsity"""
    watt: float | None = None
    """at most"""


@dataclass(frozen=True, slots=True)
class Rates:
    """What a device can do at most: multiply-adds, and bytes, a second."""

    dense: float
    """of convolutions of one group and matrix products"""
    plain: float
    """of everything else"""
    memory: float


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a plan is estimated on: so many devices in each machine."""

    name: str
    count: int = 1
    sheet: DeviceSheet | None = None
    """None for this machine"""

    @property
    def rates(self) -> Rates | None:
        """Half a multiply-add for each FLOP; None for this machine, whose rates are measured."""
        if self.sheet is None:
            return None
        plain = self.sheet.fp32 * 1e12 / 2
        tensor = self.sheet.tf32
        return Rates(
            plain if tensor is None else tensor * 1e12 / 2, plain, self.sheet.bandwidth * 1e9
        )

    def __str__(self) -> str:
        return f"{self.count}x{self.name}"


@dataclass(frozen=True, slots=True)
class SecondsRange:
    """Seconds: the estimate, and what it lies between."""

    low: float
    mid: float
    high: float

    def __add__(self, other: "SecondsRange") -> "SecondsRange":
        return SecondsRange(self.low + other.low, self.mid + other.mid, self.high + other.high)

    def times(self, factor: float) -> "SecondsRange":
        """So many times as long."""
        return SecondsRange(self.low * factor, self.mid * factor, self.high * factor)

    def at_least(self, seconds: float) -> "SecondsRange":
        """No shorter than something else that goes on meanwhile."""
        return SecondsRange(max(self.low, seconds), max(self.mid, seconds), max(self.high, seconds))


NOTHING = SecondsRange(0.0, 0.0, 0.0)


def exactly(seconds: float) -> SecondsRange:
    """What was measured where it is to be run."""
    return SecondsRange(seconds, seconds, seconds)


def scaled(
    sample: float, shape: Shape, passes: float, batch: int, here: Rates, there: Rates
) -> SecondsRange:
    """Seconds of a sample there, from what it takes here.

    `passes` is how many forward passes it is worth, which the launches of operators are counted by.
    """
    bound = {
        rates: shape.seconds(batch, rates.dense, rates.plain, rates.memory)
        for rates in (here, there)
    }
    faster = [
        here.dense / there.dense,
        here.plain / there.plain,
        here.memory / there.memory,
    ]
    middle = sample * bound[there] / bound[here]
    floor = passes * shape.launches * LAUNCH / batch
    return SecondsRange(sample * min(faster), middle, sample * max(faster)).at_least(floor)


@functools.cache
def sheets() -> Mapping[str, DeviceSheet]:
    """The devices of `tables/devices.toml`, by name."""
    path = tables_dir() / "devices.toml"
    return {
        name: schema.read(DeviceSheet, entry, path.name, name)
        for name, entry in schema.toml(path, path.name).items()
    }


def hardware(text: str) -> Hardware:
    """`8xA100` -> eight A100 in each machine; `here`: this one. ReproError for anything else."""
    match = FORM.fullmatch(text.strip())
    count = int(match[1] or 1) if match else 0
    if match is None or count < 1:
        raise ReproError(f"`{text}` names no devices.", "Say `1xA100`, `8xH100` or `here`.")
    name = match[2]
    if name == HERE:
        return Hardware(HERE, count)
    known = {one.lower(): one for one in sheets()}
    if name.lower() not in known:
        raise unknown("device", name, (*sheets(), HERE))
    return Hardware(known[name.lower()], count, sheets()[known[name.lower()]])
