"""A sheet of annotated persons with their joints by number: a look tells what no count can."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from repro.data.people import Annotations
from repro.data.pictures import Pixels, picture
from repro.errors import ReproError, StoreError
from repro.evaluation import drawing
from repro.evaluation.cut_outs import cut_out, write_words
from repro.files import write_whole
from repro.papers.skeletons import Skeleton

PERSONS = 12
TILE = 320
"""pixels of a tile's side"""
COLUMNS = 4
LINE = 18
"""pixels of a line of the legend"""


def drawn(annotations: Annotations, folder: Path, most: int = PERSONS) -> Pixels:
    """Some persons cut out, joints numbered as in the legend at the foot; BGR.

    They are spread evenly over the persons with joints whose pictures can be read. A ReproError
    where there is none.
    """
    people = annotations.people
    labelled = np.flatnonzero((people.keypoints[..., 2] > 0).any(axis=1) & ~people.crowd)
    tiles: list[Pixels] = []
    for person in _spread(labelled):
        try:
            tiles.append(_tile(annotations, folder, int(person)))
        except ReproError:
            continue
        if len(tiles) == most:
            break
    if not tiles:
        raise ReproError(
            "There is no person with joints on a picture that can be read.",
            "See what `repro data check` says of the pictures.",
        )
    return _with_legend(_laid_out(tiles), annotations.entry.skeleton)


def _spread(persons: NDArray[np.int64], first: int = PERSONS) -> list[int]:
    """An even choice of so many first, then the others."""
    even = (
        persons[np.unique(np.linspace(0, max(0, len(persons) - 1), first).astype(int))]
        if len(persons)
        else persons
    )
    return list(dict.fromkeys([*even.tolist(), *persons.tolist()]))


def _tile(annotations: Annotations, folder: Path, person: int) -> Pixels:
    """One person in a square, with box and joints."""
    people = annotations.people
    image = picture(folder, annotations, int(people.image[person]))
    points = people.keypoints[person]
    shown = points[points[:, 2] > 0, :2]
    box = people.boxes[person]
    low = np.minimum(shown.min(axis=0), box[:2])
    high = np.maximum(shown.max(axis=0), box[:2] + box[2:])
    cut = cut_out(image, low, high, TILE)
    moved = np.column_stack([cut.moved(points[:, :2]), points[:, 2] > 0]).astype(np.float64)
    framed = np.array([[*cut.moved(box[:2]), *(box[2:] * cut.scale)]])
    tile = drawing.drawn(cut.pixels, moved[None], annotations.entry.skeleton, framed, 0.5)
    for joint, (x, y, known) in enumerate(moved):
        if known:
            write_words(tile, str(joint + 1), (round(x) + 5, round(y) - 4))
    name = Path(annotations.images.files[int(people.image[person])]).name
    write_words(tile, name[:36], (4, TILE - 6))
    return tile


def _laid_out(tiles: list[Pixels]) -> Pixels:
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * TILE, columns * TILE, 3), 40, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = place // columns * TILE, place % columns * TILE
        sheet[top : top + TILE, left : left + TILE] = tile
    return sheet


def _with_legend(sheet: Pixels, skeleton: Skeleton) -> Pixels:
    """The sheet and below it the numbers and names of the joints, left and right in colours."""
    columns = max(1, sheet.shape[1] // 200)
    rows = -(-len(skeleton.joints) // columns)
    legend = np.full((rows * LINE + 12, sheet.shape[1], 3), 40, np.uint8)
    colours = {"left": drawing.LEFT, "right": drawing.RIGHT, "": drawing.MIDDLE}
    for joint, name in enumerate(skeleton.joints):
        place = joint % columns * 200 + 8, joint // columns * LINE + 18
        plain = name.encode("ascii", "replace").decode()[:22]
        colour = colours[skeleton.side(joint)]
        cv2.putText(
            legend,
            f"{joint + 1} {plain}",
            place,
            cv2.FONT_HERSHEY_SIMPLEX,
            0.42,
            colour,
            1,
            cv2.LINE_AA,
        )
    return np.concatenate([sheet, legend])


def write(annotations: Annotations, folder: Path, path: Path) -> Path:
    """The sheet as a PNG; a StoreError where it cannot be written."""
    _, content = cv2.imencode(".png", drawn(annotations, folder))
    try:
        write_whole(path, content.tobytes())
    except OSError as error:
        raise StoreError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose another --output."
        ) from error
    return path
