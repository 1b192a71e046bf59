"""Poses drawn on a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from repro.papers.skeletons import Skeleton

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LEFT, RIGHT, MIDDLE = (255, 160, 0), (0, 130, 255), (90, 220, 90)
"""colours, blue first: the person's own left, right, and what has no side"""
EDGE = (20, 20, 20)


def drawn(
    image: Pixels,
    people: Floats,
    skeleton: Skeleton,
    boxes: Floats | None = None,
    least: float = 0.2,
) -> Pixels:
    """A copy of an image (H, W, 3), blue first, with people (M, K, 3) on it.

    Joints are x, y and score; those scored below `least` and their limbs are left out. Boxes
    (M, 4) are left, top, width, height.
    """
    canvas = image.copy()
    for index, person in enumerate(people):
        if boxes is not None:
            _box(canvas, boxes[index])
        _limbs(canvas, person, skeleton, _width(person, least), least)
    return canvas


def _width(person: Floats, least: float) -> int:
    """Of the lines, by how large the person is."""
    sure = person[person[:, 2] >= least, :2]
    span = float(np.ptp(sure, axis=0).max()) if len(sure) > 1 else 0.0
    return int(np.clip(span / 60, 1, 8))


def _box(canvas: Pixels, box: Floats) -> None:
    left, top, width, height = (round(float(value)) for value in box)
    cv2.rectangle(canvas, (left, top), (left + width, top + height), (255, 255, 255), 1)


def _limbs(canvas: Pixels, person: Floats, skeleton: Skeleton, width: int, least: float) -> None:
    sure = (person[:, 2] >= least) & np.isfinite(person).all(axis=1)
    limit = 4 * max(canvas.shape[:2])
    places = np.clip(np.nan_to_num(person[:, :2]), -limit, limit).round().astype(int).tolist()
    for border in (width + 2, width):
        for one, other in skeleton.limbs:
            if sure[one] and sure[other]:
                colour = EDGE if border > width else _colour(skeleton, one, other)
                cv2.line(canvas, places[one], places[other], colour, border, cv2.LINE_AA)
    for joint, place in enumerate(places):
        if sure[joint]:
            cv2.circle(canvas, place, width + 2, EDGE, -1, cv2.LINE_AA)
            cv2.circle(canvas, place, width + 1, _colour(skeleton, joint), -1, cv2.LINE_AA)


def _colour(skeleton: Skeleton, *joints: int) -> tuple[int, int, int]:
    sides = {skeleton.joints[joint].partition(" ")[0] for joint in joints}
    if sides == {"left"}:
        return LEFT
    return RIGHT if sides == {"right"} else MIDDLE
