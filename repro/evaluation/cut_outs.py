"""A part of a picture as a square, the points that go with it, and words on it."""

from dataclasses import dataclass

import cv2
import numpy as np

from repro.evaluation.drawing import EDGE, Floats, Pixels

MARGIN = 1.3
"""of what is shown"""
NARROWEST = 16.0
"""pixels of a picture that a square shows at least"""


@dataclass(frozen=True, eq=False)
class CutOut:
    """A square part of a picture."""

    pixels: Pixels
    corner: Floats
    """(2,) of the part, in pixels of the picture"""
    scale: float

    def moved(self, points: Floats) -> Floats:
        """Points (..., 2) of the picture as they lie on the part."""
        return np.asarray((points - self.corner) * self.scale)


def cut_out(image: Pixels, low: Floats, high: Floats, side: int) -> CutOut:
    """What lies between two corners and a margin about it, as a square of so many pixels."""
    shown = max(float((high - low).max()) * MARGIN, NARROWEST)
    corner, scale = (low + high) / 2 - shown / 2, side / shown
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    pixels = cv2.warpAffine(
        image, matrix, (side, side), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    return CutOut(np.asarray(pixels, np.uint8), corner, scale)


def write_words(canvas: Pixels, text: str, place: tuple[int, int], size: float = 0.4) -> None:
    """Write in white with a dark edge; letters that the font lacks become `?`."""
    plain = text.encode("ascii", "replace").decode()
    for colour, width in ((EDGE, 3), ((255, 255, 255), 1)):
        cv2.putText(
            canvas, plain, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA
        )
