"""Persons that a network gives as rows: a box, scores, and the joints (YOLO-pose).

After `non_max_suppression` of Ultralytics, whose networks give (1, 5 + 3K, M): the middle and the
sides of a box, its score, and x, y, score of each joint, all in pixels of the input; of boxes that
overlap by more than an IoU the one with the best score stays. YOLOv7-pose gives an objectness and
the score of the class besides, which are multiplied. Files that suppress boxes themselves give
(1, M, 6 + 3K): the corners of a box, its score, its class, and the joints.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError

Floats = NDArray[np.float64]
Values = NDArray[np.float32]
Size = tuple[int, int]
"""height, width"""
BOX, SCORE, CLASS = 4, 5, 6
"""values of a row with its box, with its score too, and with a class or an objectness besides"""
STRIDES, ANCHORS = (8, 16, 32, 64), 3
"""of the grids whose cells give a row each, or 3 as in YOLOv7; the last not in all networks"""


@dataclass(frozen=True, slots=True)
class RowSettings:
    """The values of Ultralytics' validation."""

    score: float = 0.001
    """a person's must exceed it"""
    overlap: float = 0.7
    """IoU of two boxes above which the lesser goes"""
    people: int = 300


OFFICIAL = RowSettings()


def decode(
    values: Values, joints: int, size: Size, settings: RowSettings = OFFICIAL
) -> tuple[Floats, Floats]:
    """The people (M, K, 3), x and y in pixels of the input, and scores (M,), best first.

    `values` are the rows of one input of `size`, or their columns. A person's score is that of its
    box; joints without a score of their own have that one. Rows that are not finite are left out.
    ReproError for rows of other lengths.
    """
    import torch
    from torchvision.ops import nms

    rows, each = _upright(values, joints)
    head = rows.shape[1] - each * joints
    ended = head == CLASS and len(rows) not in _anchored(size)
    rows = rows[np.isfinite(rows).all(axis=1)]
    scores = rows[:, BOX] * (rows[:, SCORE] if head == CLASS and not ended else 1)
    people = scores > settings.score
    if ended:
        people &= rows[:, SCORE] < 1  # of several classes persons are the first
    rows, scores = rows[people], scores[people]
    boxes = rows[:, :BOX]
    if not ended:
        boxes = np.concatenate(
            [boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1
        )
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), settings.overlap).numpy()
    kept = kept[: settings.people]
    points = rows[kept, head:].reshape(len(kept), joints, each)
    if each == 2:
        own = np.repeat(scores[kept, None, None], joints, axis=1)
        points = np.concatenate([points, own], axis=2)
    return points, scores[kept]


def _upright(values: Values, joints: int) -> tuple[Floats, int]:
    """One row a person, and how many values a joint has; ReproError for rows of other lengths."""
    for rows in (values.T, values):
        for head, each in ((SCORE, 3), (CLASS, 3), (SCORE, 2)):
            if rows.ndim == 2 and rows.shape[1] == head + each * joints:
                return np.ascontiguousarray(rows, np.float64), each
    shape = " x ".join(map(str, values.shape))
    raise ReproError(
        f"The network gives {shape} values, which are no rows of persons with {joints} joints.",
        f"A row has {SCORE + 3 * joints} of them, or {CLASS + 3 * joints} with a class.",
    )


def _anchored(size: Size) -> tuple[int, int]:
    """How many rows a network of YOLOv7's kind gives for an input, of three grids or of four."""
    cells = [-(-size[0] // stride) * -(-size[1] // stride) for stride in STRIDES]
    return ANCHORS * sum(cells[:3]), ANCHORS * sum(cells)
