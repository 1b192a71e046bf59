"""How sure a figure is: bootstrap over the images of an evaluation, alone and in pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError

RESAMPLES = 1000
LEVEL = 0.95
CELLS = 2**22
"""weights at a time"""


class Evaluation(Protocol):
    """What can be resampled: its figures follow from how often each unit occurs."""

    @property
    def units(self) -> NDArray[np.int64]:
        """(I,) what is drawn: images, whose people stand or fall together."""
        ...

    def metrics(self) -> Mapping[str, float | None]:
        """The figures of all units as they are."""
        ...

    def resampled(self, weights: NDArray[np.int64]) -> Mapping[str, NDArray[np.float64]]:
        """The figures (B,) when unit i occurs weights[b, i] times, NaN where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a figure may lie, were the images drawn anew."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much one evaluation is above another on the same images."""

    value: float
    low: float
    high: float
    chance: float
    """two-sided p: how often a resample turns the sign around, if there were no difference"""


def bootstrap(
    evaluation: Evaluation, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> dict[str, Interval]:
    """The percentile interval of each figure over resamples of the units.

    A resample in which a figure does not exist, as none of its persons was drawn, does not count
    for it. There is no interval for a figure that does not exist, nor from a single unit.
    """
    if len(evaluation.units) < 2:
        return {}
    values = _figures(evaluation, resamples, seed)
    known = [name for name, value in evaluation.metrics().items() if value is not None]
    return {name: _interval(values[name], level) for name in known}


def paired(
    one: Evaluation,
    other: Evaluation,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Difference]:
    """How much `other` is above `one` in each figure that both have, on the same resamples.

    A ReproError unless both were evaluated on the same units.
    """
    if not np.array_equal(one.units, other.units):
        message = f"Two evaluations are on different images ({_counts(one.units, other.units)})."
        raise ReproError(message, "Evaluate both on the same images.")
    if len(one.units) < 2:
        return {}
    before, after = one.metrics(), other.metrics()
    first, second = (_figures(evaluation, resamples, seed) for evaluation in (one, other))
    found = {}
    for name in before:
        low, high = before[name], after.get(name)
        if low is not None and high is not None:
            change = second[name] - first[name]
            interval = _interval(change, level)
            found[name] = Difference(high - low, interval.low, interval.high, _chance(change))
    return found


def copies(units: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """How often each unit occurs in draws of as many units, some resamples (B, I) at a time."""
    generator = np.random.default_rng(seed)
    rows = max(1, CELLS // units)
    for start in range(0, resamples, rows):
        number = min(rows, resamples - start)
        drawn = generator.integers(0, units, (number, units))
        drawn += units * np.arange(number)[:, None]
        yield np.bincount(drawn.ravel(), minlength=number * units).reshape(number, units)


def _figures(evaluation: Evaluation, resamples: int, seed: int) -> dict[str, NDArray[np.float64]]:
    parts = [evaluation.resampled(part) for part in copies(len(evaluation.units), resamples, seed)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _interval(values: NDArray[np.float64], level: float) -> Interval:
    tail = (1 - level) / 2
    low, high = np.quantile(values[~np.isnan(values)], [tail, 1 - tail])
    return Interval(float(low), float(high))


def _chance(change: NDArray[np.float64]) -> float:
    known = change[~np.isnan(change)]
    less, more = (known <= 0).sum(), (known >= 0).sum()
    # the sample itself is one more resample: no chance is zero
    return float(min(1.0, 2 * (min(less, more) + 1) / (len(known) + 1)))


def _counts(one: NDArray[np.int64], other: NDArray[np.int64]) -> str:
    common = len(np.intersect1d(one, other))
    return f"{len(one):,} and {len(other):,}, {common:,} in common"
