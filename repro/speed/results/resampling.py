"""Hierarchical bootstrap of calls, blocks and processes, for logarithms of times.

A plain one is too narrow for the few processes of a run (Hesterberg, The American Statistician 69
(2015), 371-386): the part of the processes is therefore widened by P / (P - 1), and the interval
is Student's, with Satterthwaite's degrees of freedom of the two parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = 0.95
POOL = 40
"""resampled medians of each block, from which the resamples draw"""
MOST = 2**23
"""values that the resamples of one process hold at most"""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Process:
    """One process's rounds of blocks, each block as the logarithm of a typical call."""

    values: Floats
    """(R, S) rounds, subjects"""
    drawn: Floats
    """(B, R, S) the same with rounds drawn anew, all subjects together, and calls"""
    freedom: int
    """degrees of freedom within the process"""


@dataclass(frozen=True, slots=True)
class Spread:
    """A logarithm and half the width of its interval."""

    value: float
    half: float


def resampled(
    rounds: Sequence[Sequence[Floats]], mean: bool, generator: np.random.Generator
) -> Process:
    """The calls of each round and subject, summed up by their mean or median, and drawn anew."""
    typical = np.mean if mean else np.median
    count, subjects = len(rounds), len(rounds[0])
    values = np.array([[typical(calls) for calls in blocks] for blocks in rounds])
    pool = np.empty((count, subjects, POOL))
    for number, blocks in enumerate(rounds):
        for subject, calls in enumerate(blocks):
            again = generator.integers(0, len(calls), (POOL, len(calls)))
            pool[number, subject] = typical(calls[again], axis=1)
    resamples = max(100, min(RESAMPLES, MOST // (count * subjects)))
    chosen = generator.integers(0, count, (resamples, count, 1))
    which = generator.integers(0, POOL, (resamples, count, subjects))
    logarithms = np.log(pool[chosen, np.arange(subjects), which])
    least = min(len(calls) for blocks in rounds for calls in blocks)
    return Process(np.log(values), logarithms, max(1, (count if count > 1 else least) - 1))


def spread(processes: Sequence[Process], subject: int, against: int | None = None) -> Spread:
    """The logarithm of a subject's time, or of its ratio to another's in the same rounds."""
    from scipy.special import stdtrit

    medians = np.array([np.median(_of(one.values, subject, against)) for one in processes])
    within = np.array(
        [np.median(_of(one.drawn, subject, against), axis=1).var() for one in processes]
    )
    count = len(processes)
    inner = float(within.mean()) / count
    outer = float(medians.var(ddof=1)) / count if count > 1 else 0.0
    total = max(inner + outer, 1e-24)
    freedom = sum(one.freedom for one in processes)
    parts = outer**2 / max(1, count - 1) + inner**2 / freedom
    degrees = total**2 / parts if parts > 0 else float(freedom)
    half = stdtrit(degrees, (1 + LEVEL) / 2) * total**0.5
    return Spread(float(medians.mean()), float(half))


def drawn(processes: Sequence[Process], seed: int = 0) -> Floats:
    """(B, S) logarithms of all subjects' times, as other runs might have given them."""
    typical = np.stack([np.median(process.values, axis=0) for process in processes])  # (P, S)
    within = [np.median(process.drawn, axis=1) for process in processes]  # (B, S) each
    count, generator = len(processes), np.random.default_rng(seed)
    chosen = generator.integers(0, count, (RESAMPLES, count))
    widened = (count / (count - 1)) ** 0.5 if count > 1 else 0.0
    centre: Floats = typical.mean(axis=0)
    logarithms: Floats = centre + widened * (typical[chosen].mean(axis=1) - centre)
    for slot in range(count):
        for place, medians in enumerate(within):
            rows = np.flatnonzero(chosen[:, slot] == place)
            again = generator.integers(0, len(medians), len(rows))
            logarithms[rows] += (medians[again] - typical[place]) / count
    return logarithms


def _of(values: Floats, subject: int, against: int | None) -> Floats:
    chosen: Floats = values[..., subject]
    other: Floats | float = 0.0 if against is None else values[..., against]
    difference: Floats = chosen - other
    return difference
