"""Precision and recall of many resamples of the images at once."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from repro.data.people import Bools, Floats, Ints
from repro.scoring.oks_rules import EPSILON, RECALLS

CELLS = 2**21
"""numbers of matches, or weights, at a time"""


def averages(
    weights: Ints, image: Ints, right: Bools, wrong: Bools, expected: Ints
) -> tuple[Floats, Floats]:
    """Average precision and recall (B, T) where image i occurs weights[b, i] times.

    `image` (N,), `right` and `wrong` (T, N) describe the detections, best first; `expected` (I,)
    the persons: where none is, the answer is NaN.
    """
    precision, recall = (np.full((len(weights), len(right)), np.nan) for _ in range(2))
    matches = [np.flatnonzero(lane) for lane in right]
    counts = [np.flatnonzero(lane) for lane in right | wrong]
    rows = max(1, CELLS // max(1, len(expected), *map(len, matches)))
    for start in range(0, len(weights), rows):
        part = weights[start : start + rows]
        total = part @ expected
        known = np.flatnonzero(total)
        copies = np.ascontiguousarray(part[known].T, np.int32)  # (I, B): resamples lie together
        wanted = _wanted(total[known])
        for lane, (match, count) in enumerate(zip(matches, counts, strict=True)):
            matched = _summed(copies[image[match]])
            counted = _summed(_between(count, match, image, len(copies)) @ copies)
            precision[start + known, lane] = _mean(matched, counted, wanted)
            recall[start + known, lane] = matched[-1] / total[known] if len(match) else 0
    return precision, recall


def _wanted(total: Ints) -> NDArray[np.int32]:
    """(B, R) the least number of matches among so many persons that reaches each of RECALLS."""
    numbers, place = np.unique(total, return_inverse=True)
    least = [np.searchsorted(np.arange(number + 1) / number, RECALLS) for number in numbers]
    return np.array(least, np.int32).reshape(len(numbers), len(RECALLS))[place]


def _between(count: Ints, match: Ints, image: Ints, images: int) -> Any:
    """(M, I) how many detections of each image count between two matches, the later included."""
    from scipy.sparse import csr_array

    count = count[: np.searchsorted(count, match[-1], "right")] if len(match) else count[:0]
    ends = np.searchsorted(count, match, "right")
    ones = np.ones(len(count), np.int32)
    return csr_array((ones, image[count], np.append(0, ends)), (len(match), images))


def _summed(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Running sums down the rows, in place."""
    for before, row in pairwise(rows):
        row += before
    return rows


def _mean(
    matched: NDArray[np.int32], counted: NDArray[np.int32], wanted: NDArray[np.int32]
) -> Floats:
    """(B,) mean over RECALLS of the best precision from where so many matches (B, R) are reached.

    `matched` and `counted` (M, B) are the detections so far, at each match.
    """
    best = np.zeros((len(matched) + 1, matched.shape[1]))
    np.divide(matched, counted + EPSILON, out=best[:-1])
    for after, row in pairwise(best[::-1]):
        np.maximum(row, after, out=row)
    reached = np.ascontiguousarray(matched.T)
    at = np.array([np.searchsorted(*pair) for pair in zip(reached, wanted, strict=True)], np.int64)
    values = best[at.reshape(-1, len(RECALLS)), np.arange(len(reached))[:, None]]
    return np.asarray(values.mean(axis=1))
