"""What is strange in boxes: counted, told, and refused where it is most of them."""

import numpy as np

from repro.data.people import Bools, Floats, Ints
from repro.records.remarks import Remark, check, counted

SLACK = 1.0
"""pixels that a box may end beyond its image, by the rounding of a detector"""
CURE = "Boxes are left, top, width, height in pixels of their image."


def of_detections(
    boxes: Floats,
    scores: Floats,
    image: Ints,
    sizes: Ints,
    left_out: dict[str, int],
    total: int,
    least_score: float,
) -> tuple[Remark, ...]:
    """Remarks on a detector's boxes (N, 4) that are looked at, and on the others of its `total`.

    `image` (N,) is the position of each box's image, `sizes` (I, 2) height and width of all images,
    0 where unknown. `left_out` has `other`, `unknown`, `low` and `empty`. A ReproError where most
    boxes are impossible.
    """
    looked, ends = len(boxes), boxes[:, :2] + boxes[:, 2:]
    outside, beyond = beside_image(boxes, sizes[image])
    tiny = (boxes >= 0).all(axis=1) & (ends <= 1).all(axis=1)
    empty = left_out["empty"]
    remarks = [
        counted("boxes", len(sizes) - len(np.unique(image)), len(sizes), "images have no box"),
        counted("boxes", left_out["other"], total, "boxes are not of the category person"),
        counted(
            "boxes",
            left_out["unknown"],
            total,
            "boxes are on images that the annotations lack",
        ),
        counted(
            "boxes",
            left_out["low"],
            total,
            f"boxes have a score below {least_score:g} and are not looked at",
        ),
        counted("boxes", empty, looked + empty, "boxes have no width and no height", True),
        counted(
            "boxes",
            int(tiny.sum()),
            looked,
            "boxes lie within one pixel, as fractions of an image do",
            True,
        ),
        counted("boxes", int(outside.sum()), looked, "boxes lie wholly outside their image", True),
        counted(
            "boxes",
            int(beyond.sum()),
            looked,
            "boxes end beyond their image, as left, top, right, bottom would that are taken for "
            "left, top, width, height",
        ),
        counted("boxes", int((scores > 1).sum()), looked, "boxes have a score above 1"),
    ]
    told = [remark for remark in remarks if remark.count]
    if looked > 1 and (scores == scores[0]).all():
        told.append(
            Remark("boxes", f"All {looked:,} boxes have the score {scores[0]:g}.", looked, looked)
        )
    check(told, CURE)
    return tuple(told)


def of_persons(empty: int, looked: int) -> tuple[Remark, ...]:
    """The remark on labelled persons whose boxes show nothing, if there are any."""
    text = "labelled persons have no area or a box that shows nothing, and are not looked at"
    return (counted("annotations", empty, looked + empty, text),) if empty else ()


def beside_image(boxes: Floats, sizes: Ints) -> tuple[Bools, Bools]:
    """Which boxes (N, 4) share no pixel with their image (N, 2), and which others end beyond it.

    Images of unknown size, 0, count as endless.
    """
    limits = np.where(sizes > 0, sizes, np.iinfo(np.int64).max)[:, ::-1]
    ends = boxes[:, :2] + boxes[:, 2:]
    outside = np.any((boxes[:, :2] >= limits) | (ends <= 0), axis=1)
    beyond = ~outside & np.any(ends > limits + SLACK, axis=1)
    return np.asarray(outside, np.bool_), np.asarray(beyond, np.bool_)
