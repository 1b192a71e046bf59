"""Precision and recall of many resamples of the images at once."""

import numpy as np

from repro.data.people import Bools, Floats, Ints
from repro.scoring.oks_rules import EPSILON, RECALLS

CELLS = 2**18
"""weights of detections at a time"""


def averages(
    weights: Ints, image: Ints, right: Bools, wrong: Bools, expected: Ints
) -> tuple[Floats, Floats]:
    """Average precision and recall (B, T) where image i occurs weights[b, i] times.

    `image` (N,), `right` and `wrong` (T, N) describe the detections, best first; `expected` (I,)
    the persons: where none is, the answer is NaN. Most detections are wrong at every threshold:
    these are summed up once.
    """
    hopeless = np.all(wrong, axis=0)
    always = np.flatnonzero(hopeless)
    some = np.flatnonzero(np.any(right | wrong, axis=0) & ~hopeless)
    before = np.searchsorted(always, some)
    hits = [np.flatnonzero(lane) for lane in right[:, some]]
    counts = [np.flatnonzero(lane) for lane in (right | wrong)[:, some]]
    precision, recall = (np.full((len(weights), len(right)), np.nan) for _ in range(2))
    rows = max(1, CELLS // max(1, len(image)))
    for start in range(0, len(weights), rows):
        part = weights[start : start + rows].astype(np.int32)
        total = part @ expected
        known = np.flatnonzero(total)
        part, total = part[known], total[known]
        common = np.zeros((len(part), len(always) + 1), np.int32)
        np.cumsum(part[:, image[always]], axis=1, out=common[:, 1:])
        common = common[:, before]
        copies = part[:, image[some]]
        for lane, (hit, count) in enumerate(zip(hits, counts, strict=True)):
            matched = np.cumsum(copies[:, hit], axis=1, dtype=np.int32)
            counted = np.cumsum(copies[:, count], axis=1, dtype=np.int32)
            counted = counted[:, np.searchsorted(count, hit)] + common[:, hit]
            reached = matched / total[:, None]
            precision[start + known, lane] = _mean(matched / (counted + EPSILON), reached)
            recall[start + known, lane] = reached[:, -1] if len(hit) else 0
    return precision, recall


def _mean(precision: Floats, reached: Floats) -> Floats:
    """(B,) mean over RECALLS of the best precision (B, M) from where a recall (B, M) is reached."""
    curve = np.zeros((len(precision), precision.shape[1] + 1))
    np.maximum.accumulate(precision[:, ::-1], axis=1, out=curve[:, -2::-1])
    at = np.array([np.searchsorted(row, RECALLS) for row in reached], np.int64)
    values = np.take_along_axis(curve, at.reshape(-1, len(RECALLS)), axis=1)
    return np.asarray(values.mean(axis=1))
