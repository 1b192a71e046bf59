"""Percentiles of the times of calls, each with the calls that it needs.

A percentile is the sample of that rank, and its 95 % interval lies between two samples: of n calls
the number that lie below the true percentile is binomial, whatever the times are distributed like
(David and Nagaraja, Order Statistics, 3rd ed., section 7.1). Where the samples have no upper end
for it, p^n > 0.05, nobody can say from them how slow the slow calls are: then there is no figure.

MLPerf's LoadGen asks for many more: so many that at 99 % confidence the share of calls within the
bound is known to a twentieth of 1 - p (Reddi et al., MLPerf Inference Benchmark, ISCA 2020).
Calls are taken as independent. Those of one block are not quite, so that the
interval is the narrowest that they can have.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

PERCENTS = (50, 90, 99)
MISSED = 0.05
"""chance that an interval does not hold the percentile"""
CONFIDENCE = 0.99
"""of LoadGen's rule"""
PART = 20
"""LoadGen's margin is this part of 1 - p"""


@dataclass(frozen=True, slots=True)
class TimePercentile:
    """The time within which that many per cent of the calls end, with its 95 % interval."""

    percent: int
    calls: int
    """that it is told from"""
    needed: int
    """calls below which there is no figure"""
    certified: int
    """calls that LoadGen would ask for"""
    seconds: float | None = None
    low: float | None = None
    high: float | None = None


def percentiles(seconds: Sequence[float] | NDArray[np.float64]) -> tuple[TimePercentile, ...]:
    """Those of PERCENTS of the times of calls, without a figure where they are too few."""
    ordered = np.sort(np.asarray(seconds, np.float64))
    return tuple(_percentile(ordered, percent) for percent in PERCENTS)


def needed(percent: int) -> int:
    """The fewest samples that have an upper end for a percentile: 5, 29 and 299 of PERCENTS."""
    return math.ceil(math.log(MISSED) / math.log(percent / 100))


def certified(percent: int) -> int:
    """The samples that LoadGen's rule asks for: 23,886 for the 90th, 262,742 for the 99th."""
    share = percent / 100
    deviations = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return math.ceil(share * (1 - share) * (deviations * PART / (1 - share)) ** 2)


def ranks(calls: int, percent: int) -> tuple[int, int] | None:
    """The ranks, from 1, between which the percentile of so many samples lies; 0 is time 0.

    Half of MISSED is beyond each end. Where the upper end needs more, the lower one gets the rest.
    None where no sample is a bound from above.
    """
    from scipy.special import bdtr

    if calls < needed(percent):
        return None
    below = bdtr(np.arange(calls + 1), calls, percent / 100)  # chance of at most so many below
    beyond = 1 - below[:-1]  # chance that the true value lies above the sample of rank 1, 2 ...
    within = np.flatnonzero(beyond <= MISSED / 2)
    high = int(within[0]) + 1 if len(within) else calls
    low = int(np.searchsorted(below, MISSED - beyond[high - 1], side="right"))
    return low, high


def _percentile(ordered: NDArray[np.float64], percent: int) -> TimePercentile:
    calls = len(ordered)
    plain = TimePercentile(percent, calls, needed(percent), certified(percent))
    places = ranks(calls, percent)
    if places is None:
        return plain
    low, high = places
    return TimePercentile(
        percent,
        calls,
        plain.needed,
        plain.certified,
        float(ordered[-(-calls * percent // 100) - 1]),
        float(ordered[low - 1]) if low else 0.0,
        float(ordered[high - 1]),
    )
