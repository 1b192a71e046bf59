"""How sure a figure is: bootstrap over the images of an evaluation, alone and in pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError

RESAMPLES = 1000
LEVEL = 0.95
CELLS = 2**22
"""weights at a time"""
NORMAL = NormalDist()


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
    """two-sided p: one minus the level at which the interval just reaches 0"""


def bootstrap(
    evaluation: Evaluation, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> dict[str, Interval]:
    """The interval of each figure over resamples of the units.

    Bias-corrected percentiles (Efron 1981): average precision is the higher the fewer images there
    are, so that resamples lie above the figure as the figure lies above the truth. A resample in
    which a figure does not exist, as none of its persons was drawn, does not count for it. There is
    no interval for a figure that does not exist, nor from a single unit.
    """
    if len(evaluation.units) < 2 or resamples < 1:
        return {}
    values = _figures(evaluation, resamples, seed)
    return {
        name: _interval(values[name], value, level)
        for name, value in evaluation.metrics().items()
        if value is not None and not np.isnan(values[name]).all()
    }


def paired(
    base: Evaluation,
    other: Evaluation,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Difference]:
    """How much `other` is above `base` in each figure that both have, on the same resamples.

    A ReproError unless both were evaluated on the same units.
    """
    if not np.array_equal(base.units, other.units):
        message = f"Two evaluations are on different images ({_counts(base.units, other.units)})."
        raise ReproError(message, "Evaluate both on the same images.")
    if len(base.units) < 2 or resamples < 1:
        return {}
    before, after = base.metrics(), other.metrics()
    first, second = (_figures(evaluation, resamples, seed) for evaluation in (base, other))
    differences = {}
    for name in [name for name in before if name in after]:
        low, high = before[name], after[name]
        change = second[name] - first[name]
        if low is not None and high is not None and not np.isnan(change).all():
            interval = _interval(change, high - low, level)
            chance = _chance(change, high - low)
            differences[name] = Difference(high - low, interval.low, interval.high, chance)
    return differences


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


def _interval(values: NDArray[np.float64], value: float, level: float) -> Interval:
    known = values[~np.isnan(values)]
    shift, width = 2 * _normal(known, value), NORMAL.inv_cdf((1 + level) / 2)
    shares = [NORMAL.cdf(shift - width), NORMAL.cdf(shift + width)]
    low, high = np.quantile(known, shares)
    return Interval(float(low), float(high))


def _chance(change: NDArray[np.float64], value: float) -> float:
    known = change[~np.isnan(change)]
    below = NORMAL.cdf(_normal(known, 0) - 2 * _normal(known, value))
    return 2 * min(below, 1 - below)


def _normal(values: NDArray[np.float64], value: float) -> float:
    """Where a value lies among others, on the scale of a normal distribution."""
    share = ((values < value).mean() + (values <= value).mean()) / 2
    # the sample itself is one more resample: nothing lies beyond all of them
    return NORMAL.inv_cdf(
        float(np.clip(share, 1 / (len(values) + 1), len(values) / (len(values) + 1)))
    )


def _counts(base: NDArray[np.int64], other: NDArray[np.int64]) -> str:
    common = len(np.intersect1d(base, other))
    return f"{len(base):,} and {len(other):,}, {common:,} in common"
