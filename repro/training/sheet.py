"""What a training's best weights find on a few pictures, drawn beside what is annotated there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from repro.data.people import Floats
from repro.data.pictures import decoded
from repro.errors import ReproError
from repro.evaluation.drawing import Pixels, drawn
from repro.papers.skeletons import Skeleton
from repro.training import shown_poses
from repro.training.shown_poses import ShownPicture

HEIGHT, WIDEST = 240, 480
"""of a picture of the sheet, in pixels"""


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture twice: with what is annotated, and with what is found."""

    name: str
    annotated: int
    found: int
    truth_png: bytes
    found_png: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A few pictures, or why there are none."""

    step: int
    """after which the weights were as they were"""
    tiles: Sequence[Tile]
    absent: Sequence[str]
    """what could not be shown, a sentence each"""


def sheet(folder: Path) -> Sheet | None:
    """The pictures that a training in a folder has kept poses of; None where it has none.

    What can no longer be read is told.
    """
    shown = shown_poses.read(folder)
    if shown is None:
        return None
    tiles, absent = [], []
    for picture in shown.pictures:
        try:
            tiles.append(_tile(picture, shown.skeleton, shown.upright))
        except (ReproError, IndexError) as error:
            absent.append(str(error))
    return Sheet(shown.step, tiles, absent)


def _tile(picture: ShownPicture, skeleton: Skeleton, upright: bool) -> Tile:
    pixels = decoded(picture.path, upright=upright)
    height, width = pixels.shape[:2]
    scale = min(HEIGHT / height, WIDEST / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    truth = picture.truth.copy()
    truth[..., 2] = truth[..., 2] > 0
    return Tile(
        picture.path.name,
        len(truth),
        len(picture.found),
        _png(small, truth, skeleton, scale, 0.5),
        _png(small, picture.found, skeleton, scale, -np.inf),
        *size,
    )


def _png(pixels: Pixels, people: Floats, skeleton: Skeleton, scale: float, least: float) -> bytes:
    """A picture with persons in its own pixels, of which it shows `scale` as many."""
    moved = people * np.array([scale, scale, 1.0])
    done, content = cv2.imencode(".png", drawn(pixels, moved, skeleton, None, least))
    if not done:
        raise ReproError("A picture of the sheet cannot be encoded.")
    return content.tobytes()
