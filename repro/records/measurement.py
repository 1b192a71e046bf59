"""What was measured: values with their units and rules."""

from collections.abc import Mapping
from dataclasses import dataclass

SMALLEST, LARGEST = 1e-30, 1e18


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value with its unit and the rules it follows."""

    metric: str
    value: int | float
    unit: str
    convention: str | None = None
    low: float | None = None
    """of the 95 % interval, where the value is an estimate"""
    high: float | None = None
    of: str | None = None
    """which of several things, where one run measured several"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one module of the model costs."""

    name: str
    kind: str
    params: int
    macs: Mapping[str, int]
    """convention -> multiply-accumulates"""


def is_sane(measurement: Measurement) -> bool:
    """Whether a value and its interval are of a size that anything measured can have."""
    numbers = (measurement.value, measurement.low, measurement.high)
    return all(number in (None, 0) or SMALLEST < abs(number) < LARGEST for number in numbers)
