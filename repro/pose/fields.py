"""Lightweight OpenPose (Osokin, 2018): heatmaps and part affinity fields to people.

After `val.py`, `modules/keypoints.py` and `datasets/coco.py` of
Daniil-Osokin/lightweight-human-pose-estimation.pytorch, written down from memory of that code. Its
results have their joints at half pixels of the image and scores up to several hundred, as the
result files that were published with it.

1. Heatmaps and fields are enlarged 8 times, the padding is cut off, and the rest brought to the
   size of the image, bicubically each time. Here that is one matrix product for rows and columns.
2. A joint is where its heatmap is at least 0.1 and larger than at all four neighbours. Of joints
   closer than 6 pixels the leftmost stays.
3. A limb between two joints scores the mean of the field along it, at 10 points, among those above
   0.05; at least 9 must be. Each joint keeps its best limb of a kind.
4. Limbs with a common joint become one person. The two from shoulder to ear only add an ear.
5. People with less than 3 joints or a mean score below 0.2 are dropped, and the neck of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.pose.limbs import JOINTS, LIMBS, NOTHING, LimbCandidates, assemble, best
from repro.pose.peaks import CROSS
from repro.pose.whole_image import PaddedFit

Maps = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRIDE = 8
COCO = (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)
"""for each of COCO's joints the network's"""
MAPS, FIELDS = JOINTS + 1, 2 * (JOINTS + 1)
SHARPNESS = -0.75
"""of the bicubic kernel, as in OpenCV and PyTorch"""
PAIRS = 100_000
"""limbs looked at in one go"""


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """The values of the official code."""

    heatmap: float = 0.1
    """the least of a joint"""
    distance: float = 6.0
    """least between two joints of a kind, in pixels of the image"""
    field: float = 0.05
    """along a limb the field must exceed it"""
    points: int = 10
    """at which it is read"""
    share: float = 0.8
    """of the points at which it must, and more"""
    least_joints: int = 3
    """the neck counts"""
    least_score: float = 0.2
    """sum of a person's joints and limbs to its number of joints"""


OFFICIAL = FieldSettings()


def decode(
    heatmaps: Maps, fields: Maps, fit: PaddedFit, settings: FieldSettings = OFFICIAL
) -> tuple[Floats, Floats]:
    """The people (M, 17, 3) in heatmaps (19, h, w) and fields (38, h, w), and their scores (M,).

    The maps are the last two of the network's outputs, `fit` is how the image became its input.
    Points are found in the image, where the official thresholds hold, and given in pixels of the
    input, as everywhere: `fit.to_image` brings back exactly the official ones. The third value is
    the heatmap's; a missing joint is 0, 0, 0 in the image. A person's score is officially the sum
    of its joints' and limbs', times the number of joints but one. Pixels that are not finite count
    as 0. Raise ReproError for other maps: limbs of other data sets than COCO were never published.
    """
    if heatmaps.shape[:1] != (MAPS,) or fields.shape[:1] != (FIELDS,):
        raise ReproError(
            f"Lightweight OpenPose makes no people of {len(heatmaps)} heatmaps and {len(fields)} "
            "fields.",
            f"Its limbs are those of COCO: {MAPS} heatmaps and {FIELDS} fields.",
        )
    down, across = _enlarging(fit, heatmaps.shape[1:])
    candidates = [_joints(_enlarged(one, down, across), settings) for one in heatmaps[:JOINTS]]
    limbs = []
    for limb in LIMBS:
        starts, ends = candidates[limb.start], candidates[limb.end]
        if not len(starts) or not len(ends):
            limbs.append(NOTHING)
            continue
        x = _enlarged(fields[limb.field], down, across)
        y = _enlarged(fields[limb.field + 1], down, across)
        limbs.append(_limbs(x, y, starts, ends, settings))
    people = assemble([joints[:, 2] for joints in candidates], limbs)
    good = people.counts >= settings.least_joints
    good &= people.totals >= settings.least_score * people.counts
    keypoints = np.zeros((int(good.sum()), len(COCO), 3))
    for joint, kind in enumerate(COCO):
        numbers = people.joints[good, kind]
        there = numbers >= 0
        keypoints[there, joint] = candidates[kind][numbers[there]] + (0.5, 0.5, 0)
    keypoints[..., :2] = fit.to_input(keypoints[..., :2])
    return keypoints, people.totals[good] * (people.counts[good] - 1)


def _enlarged(values: Maps, down: Maps, across: Maps) -> Maps:
    """A map (h, w) in the size of the image; what is not finite counts as 0."""
    finite = np.where(np.isfinite(values), values, np.float32(0))
    return np.asarray(down @ finite @ across.T, dtype=np.float32)


def _enlarging(fit: PaddedFit, inner: tuple[int, ...]) -> tuple[Maps, Maps]:
    """What brings the rows, and the columns, of maps to the image: (H, h) and (W, w)."""
    if tuple(STRIDE * length for length in inner) != fit.size:
        raise ReproError(
            f"Maps of {inner[1]} x {inner[0]} pixels are not those of an input of "
            f"{fit.size[1]} x {fit.size[0]}.",
            f"They are {STRIDE} times smaller.",
        )
    matrices = []
    for axis in (0, 1):
        before, after = fit.margins[axis], fit.margins[axis + 2]
        enlarged = _bicubic(STRIDE * inner[axis], inner[axis])[before : fit.size[axis] - after]
        matrix = _bicubic(fit.image_size[axis], len(enlarged)) @ enlarged
        matrices.append(matrix.astype(np.float32))
    return matrices[0], matrices[1]


def _bicubic(length: int, inner: int) -> Floats:
    """What resizes `inner` values to `length`, (length, inner); those at the ends are repeated."""
    places = (np.arange(length) + 0.5) * inner / length - 0.5
    first = np.floor(places)
    matrix = np.zeros((length, inner))
    for step in (-1, 0, 1, 2):
        apart = np.abs(places - first - step)
        near = ((SHARPNESS + 2) * apart - (SHARPNESS + 3)) * apart**2 + 1
        far = SHARPNESS * (((apart - 5) * apart + 8) * apart - 4)
        columns = np.clip(first + step, 0, inner - 1).astype(np.int64)
        np.add.at(matrix, (np.arange(length), columns), np.where(apart <= 1, near, far))
    return matrix


def _joints(heatmap: Maps, settings: FieldSettings) -> Floats:
    """The joints (N, 3) of one kind, x and y in whole pixels and score, from left to right."""
    height, width = heatmap.shape
    rows, columns = np.nonzero(heatmap >= settings.heatmap)
    values = heatmap[rows, columns]
    for dy, dx in CROSS:
        y, x = rows + dy, columns + dx
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        larger = values > heatmap[np.where(inside, y, 0), np.where(inside, x, 0)]
        peak = larger | ~inside
        rows, columns, values = rows[peak], columns[peak], values[peak]
    order = np.lexsort((rows, columns))
    joints = np.stack((columns, rows, values), axis=1)[order].astype(np.float64)
    kept: list[int] = []
    free = np.ones(len(joints), dtype=bool)
    for joint, place in enumerate(joints[:, :2]):
        if free[joint]:
            kept.append(joint)
            free &= np.hypot(*(joints[:, :2] - place).T) >= settings.distance
    return joints[kept]


def _limbs(
    x: Maps, y: Maps, starts: Floats, ends: Floats, settings: FieldSettings
) -> LimbCandidates:
    """The best limbs between joints (N, 3) and (M, 3), by their fields in the image."""
    steps = np.linspace(0, 1, settings.points)
    parts = []
    chunk = max(1, PAIRS // len(starts))
    for first in range(0, len(ends), chunk):
        apart = ends[first : first + chunk, None, :2] - starts[:, :2]
        points = np.rint(starts[:, None, :2] + apart[:, :, None] * steps[:, None]).astype(np.int64)
        unit = apart / (np.linalg.norm(apart, axis=2, keepdims=True) + 1e-6)
        columns, rows = points[..., 0], points[..., 1]
        along = unit[..., :1] * x[rows, columns] + unit[..., 1:] * y[rows, columns]
        counted = along > settings.field
        counts = counted.sum(axis=2)
        scores = (along * counted).sum(axis=2) / (counts + 1e-6)
        end, start = np.nonzero((scores > 0) & (counts > settings.share * settings.points))
        parts.append((start, end + first, scores[end, start]))
    return best(*(np.concatenate(part) for part in zip(*parts, strict=True)))
