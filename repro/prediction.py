"""Poses on a user's own pictures: no data set, no record."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from repro.errors import ReproError
from repro.protocol import GROUND_TRUTH, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from repro.data.boxes import Instances
    from repro.data.people import Annotations, Poses
    from repro.evaluation import Request
    from repro.runners.evaluate import Tell

Box = tuple[float, float, float, float]
"""left, top, width, height in pixels"""


@dataclass(frozen=True, eq=False)
class Prediction:
    """What was found on one picture."""

    path: Path
    poses: "Poses"
    boxes: "NDArray[np.float64] | None"
    """(M, 4) of the persons; None for networks that need none"""


def parse_box(text: str) -> Box:
    """`10,20,100,200` as left, top, width, height."""
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        left = top = width = height = float("nan")
    if not np.isfinite([left, top, width, height]).all() or width <= 0 or height <= 0:
        raise ReproError(
            f"`{text}` is no box.", "Boxes are left,top,width,height in pixels, as 10,20,100,200."
        )
    return left, top, width, height
