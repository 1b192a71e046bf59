"""Object keypoint similarity of all detections with all persons of their images."""

from dataclasses import dataclass

import numpy as np

from repro.data.people import Bools, Floats, Ints
from repro.scoring.oks_rules import EPSILON

BLOCK = 8192
"""pairs at a time, so that the numbers between stay in the cache"""
FEW = 1024
"""poses at a time, likewise"""
VANISHING = 700.0
"""-log(OKS) of a joint that moves no bit of a mean that counts; beyond 708 `exp` is slow"""
MARGIN = 1e-6
"""of -log(OKS), for what rounding may add"""


@dataclass(frozen=True, eq=False)
class Persons:
    """The annotated persons of the images that are scored, image by image."""

    ids: Ints
    image: Ints
    """(G,) position of the image, ascending"""
    boxes: Floats
    keypoints: Floats
    areas: Floats
    crowd: Bools
    ignored: Bools
    """(G, A) not expected in the class of size, though a match with it does no harm"""

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Detections:
    """The poses that count, image by image, best first."""

    image: Ints
    """(D,) position of the image, ascending"""
    scores: Floats
    keypoints: Floats
    """(N, K, 3) of all poses"""
    pose: Ints
    """(D,) whose of them"""
    outside: Bools
    """(D, A) whether its own area is outside the class of size"""
    ends: tuple[Floats, Floats] | None = None
    """(D, 2) and (D, 2) the least and the largest x and y of the joints, where they are known"""

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Detections and persons of the same image, by detection and person."""

    detection: Ints
    person: Ints
    oks: Floats


def similar(detections: Detections, persons: Persons, sigmas: Floats, least: float) -> Pairs:
    """The pairs of at least that similarity.

    The sum over a person's joints runs in the order of `COCOeval.computeOks`, so that the bits
    are its own: persons of the same number of labelled joints are taken together.
    """
    labelled = persons.keypoints[..., 2] > 0
    detection, person = _near(detections, persons, labelled, np.sqrt(_farthest(sigmas, least)))
    number = np.count_nonzero(labelled, axis=1)[person]
    joints = np.argsort(~labelled, axis=1, kind="stable")  # the labelled ones first, in order
    variances = _variances(sigmas)
    pose, oks = detections.pose[detection], np.empty(len(detection))
    for n in np.unique(number):
        alike = np.flatnonzero(number == n)
        for start in range(0, len(alike), BLOCK):
            part = alike[start : start + BLOCK]
            who = person[part]
            points = detections.keypoints[pose[part]][..., :2]
            if n:
                chosen = joints[who, :n]
                away = _squares(points - persons.keypoints[who][..., :2])
                away = np.take_along_axis(away, chosen, axis=1)
                oks[part] = _mean(away, variances[chosen], persons.areas[who])
            else:
                away = _squares(_beyond(points, persons.boxes[who]))
                oks[part] = _mean(away, variances, persons.areas[who])
    kept = oks >= least
    return Pairs(detection[kept], person[kept], oks[kept])


def ends(keypoints: Floats) -> tuple[Floats, Floats]:
    """(N, 2) and (N, 2) the least and the largest x and y of joints (N, K, 3)."""
    points = keypoints[..., :2]
    least, largest = (np.empty((len(points), 2)) for _ in range(2))
    for start in range(0, len(points), FEW):
        part = slice(start, start + FEW)
        # by joints first, which is five times as fast as along the middle
        joints = np.ascontiguousarray(points[part].transpose(1, 0, 2))
        joints.min(axis=0, initial=np.inf, out=least[part])
        joints.max(axis=0, initial=-np.inf, out=largest[part])
    return least, largest


def _near(
    detections: Detections, persons: Persons, labelled: Bools, reach: float
) -> tuple[Ints, Ints]:
    """The pairs of one image in which any joint may be within reach of its own.

    One of the joints is at least as similar as they are in the mean, so that others need no sum.
    `reach` is in multiples of the root of a person's area.
    """
    first, last = (
        np.searchsorted(persons.image, detections.image, side) for side in ("left", "right")
    )
    count = last - first
    detection = np.repeat(np.arange(len(count)), count)
    person = np.arange(len(detection)) + np.repeat(first - np.cumsum(count) + count, count)
    low, high = _regions(persons, labelled, reach)
    least, largest = detections.ends or ends(detections.keypoints[detections.pose])
    for axis in range(2):
        near = least[detection, axis] <= high[person, axis]
        near &= largest[detection, axis] >= low[person, axis]
        detection, person = detection[near], person[near]
    return detection, person


def _regions(persons: Persons, labelled: Bools, reach: float) -> tuple[Floats, Floats]:
    """(G, 2) and (G, 2) ends of where a person's joints are, or may be, and all within reach."""
    points, shown = persons.keypoints[..., :2], labelled[..., None]
    corner, size = persons.boxes[:, :2], persons.boxes[:, 2:]
    known = labelled.any(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        wide = reach * np.sqrt(persons.areas + EPSILON)[:, None]
        low = np.where(known, np.where(shown, points, np.inf).min(axis=1), corner - size)
        high = np.where(known, np.where(shown, points, -np.inf).max(axis=1), corner + size * 2)
        return low - wide, high + wide


def _farthest(sigmas: Floats, least: float) -> float:
    """The square of the distance, by area, beyond which every joint is less similar than that."""
    with np.errstate(divide="ignore"):
        error = -np.log(np.minimum(least, 1.0)) + MARGIN
    return float(2 * _variances(sigmas).max() * error)


def _variances(sigmas: Floats) -> Floats:
    return np.asarray((sigmas * 2) ** 2)


def _squares(away: Floats) -> Floats:
    """(P, K) of the distances (P, K, 2) in x and y."""
    with np.errstate(over="ignore"):  # a joint at 1e300 is as far away as any
        return np.asarray(away[..., 0] ** 2 + away[..., 1] ** 2)


def _mean(squares: Floats, variances: Floats, areas: Floats) -> Floats:
    """(P,) OKS from the squares (P, n) of the distances."""
    error = squares / variances / (areas[:, None] + EPSILON) / 2
    small = np.exp(-np.minimum(error, VANISHING))
    return np.asarray(np.sum(small, axis=1) / error.shape[1])


def _beyond(points: Floats, boxes: Floats) -> Floats:
    """(P, K, 2) how far joints lie outside boxes that are three times as wide and high."""
    corner, size = boxes[:, None, :2], boxes[:, None, 2:]
    low = np.maximum(0, (corner - size) - points)
    return np.asarray(low + np.maximum(0, points - (corner + size * 2)))
