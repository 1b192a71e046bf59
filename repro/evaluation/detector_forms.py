"""What the outputs of exported person detectors mean, told by their shapes.

YOLOX (github.com/Megvii-BaseDetection/YOLOX, demo/ONNXRuntime), YOLOv5, v7 and v8
(github.com/ultralytics), NanoDet (github.com/RangiLyu/nanodet), PaddleDetection's PicoDet,
MMDeploy, and exports that end in boxes, scores and labels.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.papers.values import Size

Floats = NDArray[np.float64]
Outputs = Mapping[str, NDArray[np.generic]]

CORNER, MIDDLE = "at the top left", "in the middle"
"""where a picture lies in the input, scaled by one factor"""
STRETCHED, CUBIC = "stretched to fit", "stretched to fit by cubic interpolation"
"""how a picture fills the input, scaled by two; else linear interpolation is the rule"""
STRIDES = (8, 16, 32)
BINS = 8
"""of the distance to each side of a box, in NanoDet"""
OBJECT, TRIPLE = 5, 3
"""values before the classes with an objectness; anchors of a cell in YOLOv5 and v7"""
DECODED = 0.2
"""share of the input's side that no offset within a grid's cell reaches"""


@dataclass(frozen=True, slots=True)
class FoundBoxes:
    """What a detector finds in one input."""

    boxes: Floats
    """(M, 4) left, top, right, bottom in pixels of the input"""
    scores: Floats
    """(M,)"""
    labels: NDArray[np.int64]
    """(M,) class"""


@dataclass(frozen=True, slots=True)
class DetectorForm:
    """One way to prepare an input and to read the outputs."""

    name: str
    colour: str
    mean: tuple[float, float, float]
    """of the channels in their order"""
    deviation: tuple[float, float, float]
    placing: str
    fill: int
    """what is around a picture in the input"""
    read: Callable[[Outputs, Size], FoundBoxes]

    @property
    def described(self) -> str:
        """`BGR, 0..255, scaled to fit at the top left`, for a remark."""
        plain = set(self.mean) == {0.0}
        ranges = {255.0: "0..1", 1.0: "0..255"}
        pixels = ranges.get(self.deviation[0]) if plain else None
        given = ", ".join(f"{value:g}" for value in (*self.mean, *self.deviation))
        pixels = pixels or f"mean and deviation {given}"
        fills = self.placing in (STRETCHED, CUBIC)
        placed = self.placing if fills else f"scaled to fit {self.placing}"
        return f"{self.colour}, {pixels}, {placed}"


def form_of(
    outputs: Outputs, size: Size, classes: int | None, inputs: Sequence[str]
) -> DetectorForm:
    """The form of a detector by what it gives for one input of height, width.

    `classes` is how many the file says it knows. A ReproError where no form has such shapes.
    """
    shapes = {name: tuple(array.shape) for name, array in outputs.items()}
    first = next(iter(shapes.values()))
    if "scale_factor" in inputs and first[-1:] == (6,):
        return _form("PaddleDetection: class, score, box", _paddle, "RGB", IMAGENET, CUBIC, 0)
    if len(shapes) == 1 and len(first) == 3 and first[0] == 1:
        found = _of_one(first[1:], size, classes)
        if found is not None:
            return found
    if len(shapes) == 1 and first[-1:] == (7,) and len(first) == 2:
        return _form("YOLOv7: batch, box, class, score", _seven, "RGB", UNIT, MIDDLE, 114)
    if any(shape[-1:] == (5,) for shape in shapes.values()) and len(shapes) > 1:
        return _form("MMDeploy: boxes with scores, labels", _parts, "BGR", IMAGENET, CORNER, 114)
    strides = _strides_of_heads(list(shapes.values()), size)
    if strides:
        if len(strides) > len(STRIDES):
            return _form("PicoDet, an output a stride", _heads, "RGB", IMAGENET, CUBIC, 0)
        return _form("NanoDet, an output a stride", _heads, "BGR", IMAGENET, STRETCHED, 0)
    if _of_classes(list(shapes.values())):
        name = "PaddleDetection before NMS: boxes, scores of classes"
        return _form(name, _before_nms, "RGB", IMAGENET, CUBIC, 0)
    boxes = [shape for shape in shapes.values() if shape[-1:] == (4,) and len(shape) in (2, 3)]
    if len(boxes) == 1 and len(shapes) > 1:
        return _form("boxes, scores, labels", _parts, "RGB", UNIT, CORNER, 114)
    given = ", ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in shapes.items())
    raise ReproError(
        f"Its outputs are those of no known detector: {given}.",
        "Known are YOLOX, YOLOv5, v7, v8, NanoDet, PaddleDetection, MMDeploy, and exports that "
        "give boxes, scores and labels. Or give the boxes themselves: --boxes.",
    )


UNIT = ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
BYTES = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""of red, green, blue"""


def _form(
    name: str,
    read: Callable[[Outputs, Size], FoundBoxes],
    colour: str,
    pixels: tuple[tuple[float, float, float], tuple[float, float, float]],
    placing: str,
    fill: int,
) -> DetectorForm:
    mean, deviation = pixels if colour == "RGB" else (pixels[0][::-1], pixels[1][::-1])
    return DetectorForm(name, colour, mean, deviation, placing, fill, read)


def _of_one(shape: tuple[int, ...], size: Size, classes: int | None) -> DetectorForm | None:
    """The form of a single output of rows and columns, or columns and rows."""
    rows, columns = shape
    three, four = (_cells(size, strides) for strides in (STRIDES, (*STRIDES, 64)))
    if rows in (three, four) and columns in (4 * BINS + 80, 4 * BINS + (classes or 1)):
        plus = rows == four
        name, read = ("NanoDet-Plus", _nanodet_plus) if plus else ("NanoDet", _nanodet)
        return _form(name, read, "BGR", IMAGENET, STRETCHED, 0)
    if columns in (three, four) and rows > 4:
        return _form("YOLOv8", _columns, "RGB", UNIT, MIDDLE, 114)
    turned = columns - 4 == (classes or 80) or columns == OBJECT
    if rows in (three, four) and columns > 4 and turned:
        return _form("YOLOv8, transposed", _rows, "RGB", UNIT, MIDDLE, 114)
    if rows == three and columns > OBJECT:
        return _form("YOLOX", _yolox, "BGR", BYTES, CORNER, 114)
    if rows in (TRIPLE * three, TRIPLE * four) and columns > OBJECT:
        return _form("YOLOv5 or v7", _objects, "RGB", UNIT, MIDDLE, 114)
    if columns == 6:
        return _form("end to end: box, score, class", _six, "RGB", UNIT, MIDDLE, 114)
    return None


def _strides_of_heads(shapes: Sequence[tuple[int, ...]], size: Size) -> tuple[int, ...]:
    """The strides of outputs that are scores and distances of each by itself; empty for others."""
    for strides in (STRIDES, (*STRIDES, 64)):
        cells = sorted((_cells(size, (stride,)) for stride in strides), reverse=True)
        plain = [shape for shape in shapes if len(shape) == 3 and shape[0] == 1]
        distances = sorted((one[1] for one in plain if one[2] == 4 * BINS), reverse=True)
        scores = sorted((one[1] for one in plain if one[2] != 4 * BINS), reverse=True)
        if len(plain) == len(shapes) and distances == scores == cells:
            return strides
    return ()


def _of_classes(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether two outputs are corners (1, M, 4) and scores (1, C, M), in either order."""
    if len(shapes) != 2 or any(len(shape) != 3 or shape[0] != 1 for shape in shapes):
        return False
    pairs = (shapes, shapes[::-1])
    return any(boxes[2] == 4 and scores[2] == boxes[1] for boxes, scores in pairs)


def _cells(size: Size, strides: Sequence[int]) -> int:
    return sum(-(-size[0] // stride) * -(-size[1] // stride) for stride in strides)


def _grids(size: Size, strides: Sequence[int]) -> Iterator[tuple[Floats, int]]:
    """The x and y (N, 2) of the cells of each stride, row by row, counted in cells."""
    for stride in strides:
        down, across = np.mgrid[: -(-size[0] // stride), : -(-size[1] // stride)]
        yield np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float64), stride


def _only(outputs: Outputs) -> Floats:
    """The rows of a single output."""
    array = np.asarray(next(iter(outputs.values())), np.float64)
    return array[0] if array.ndim == 3 else array


def _classed(boxes: Floats, scores: Floats) -> FoundBoxes:
    """Each box with the class (M, C) that is scored highest."""
    labels = scores.argmax(axis=1) if len(scores) else np.zeros(0, np.int64)
    return FoundBoxes(boxes, scores[np.arange(len(scores)), labels], labels.astype(np.int64))


def _corners(middles: Floats, sides: Floats) -> Floats:
    return np.concatenate([middles - sides / 2, middles + sides / 2], axis=1)


def _yolox(outputs: Outputs, size: Size) -> FoundBoxes:
    """Offsets in cells and logarithms of sides, unless they were decoded in the network."""
    rows = _only(outputs)
    middles, sides = rows[:, :2], rows[:, 2:4]
    if np.abs(middles).max(initial=0) < DECODED * min(size):
        grids = [(cells, np.full(len(cells), stride)) for cells, stride in _grids(size, STRIDES)]
        cells, strides = (np.concatenate(parts) for parts in zip(*grids, strict=True))
        middles = (middles + cells) * strides[:, None]
        sides = np.exp(sides) * strides[:, None]
    return _classed(_corners(middles, sides), rows[:, 4:5] * rows[:, OBJECT:])


def _objects(outputs: Outputs, size: Size) -> FoundBoxes:
    rows = _only(outputs)
    return _classed(_corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:5] * rows[:, OBJECT:])


def _rows(outputs: Outputs, size: Size) -> FoundBoxes:
    return _plain(_only(outputs))


def _columns(outputs: Outputs, size: Size) -> FoundBoxes:
    return _plain(_only(outputs).T)


def _plain(rows: Floats) -> FoundBoxes:
    return _classed(_corners(rows[:, :2], rows[:, 2:4]), rows[:, 4:])


def _nanodet(outputs: Outputs, size: Size) -> FoundBoxes:
    return _distances(_only(outputs), size, STRIDES, 0.5)


def _nanodet_plus(outputs: Outputs, size: Size) -> FoundBoxes:
    return _distances(_only(outputs), size, (*STRIDES, 64), 0.0)


def _heads(outputs: Outputs, size: Size) -> FoundBoxes:
    """The scores and the distances of each stride, the finest first."""
    arrays = sorted((np.asarray(array[0], np.float64) for array in outputs.values()), key=len)[::-1]
    distances = np.concatenate([array for array in arrays if array.shape[1] == 4 * BINS])
    scores = np.concatenate([array for array in arrays if array.shape[1] != 4 * BINS])
    strides = _strides_of_heads([array.shape for array in outputs.values()], size)
    return _distances(np.concatenate([scores, distances], axis=1), size, strides, 0.5)


def _before_nms(outputs: Outputs, size: Size) -> FoundBoxes:
    """Corners (1, M, 4), and scores of classes (1, C, M)."""
    boxes, scores = (np.asarray(array[0], np.float64) for array in outputs.values())
    if boxes.shape[1] != 4 or scores.shape[1] != len(boxes):
        boxes, scores = scores, boxes
    return _classed(boxes, scores.T)


def _distances(rows: Floats, size: Size, strides: Sequence[int], shift: float) -> FoundBoxes:
    """Classes, then of each side of the box how likely each of 8 distances in strides is."""
    bins = rows[:, -4 * BINS :].reshape(-1, 4, BINS)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    away = (weights / weights.sum(axis=2, keepdims=True)) @ np.arange(float(BINS))  # (M, 4)
    grids = [(cells, np.full(len(cells), stride)) for cells, stride in _grids(size, strides)]
    cells, scales = (np.concatenate(parts) for parts in zip(*grids, strict=True))
    middles, away = (cells + shift) * scales[:, None], away * scales[:, None]
    boxes = np.concatenate([middles - away[:, :2], middles + away[:, 2:]], axis=1)
    return _classed(boxes, rows[:, : -4 * BINS])


def _six(outputs: Outputs, size: Size) -> FoundBoxes:
    rows = _only(outputs)
    return FoundBoxes(_in_pixels(rows[:, :4], size), rows[:, 4], rows[:, 5].astype(np.int64))


def _seven(outputs: Outputs, size: Size) -> FoundBoxes:
    rows = _only(outputs)
    return FoundBoxes(_in_pixels(rows[:, 1:5], size), rows[:, 6], rows[:, 5].astype(np.int64))


def _paddle(outputs: Outputs, size: Size) -> FoundBoxes:
    rows = _only({"boxes": next(iter(outputs.values()))}).reshape(-1, 6)
    return FoundBoxes(rows[:, 2:], rows[:, 1], rows[:, 0].astype(np.int64))


def _parts(outputs: Outputs, size: Size) -> FoundBoxes:
    """Boxes, their scores where those are no fifth column, and labels if there are any."""
    arrays = list(outputs.values())
    boxes = next(array for array in arrays if array.ndim > 1 and array.shape[-1] in (4, 5))
    if boxes.ndim == 3:
        boxes, arrays = boxes[0], [array[0] for array in arrays if array.ndim > 1]
    beside = [array for array in arrays if array.shape == boxes.shape[:1]]
    whole = [array for array in beside if array.dtype.kind in "iu"]
    scored = [array for array in beside if array.dtype.kind == "f"]
    if boxes.shape[1] == 5:
        scored.insert(0, boxes[:, 4])
    if not scored:
        raise ReproError("It gives boxes without scores.", "Export it with its scores.")
    labels = whole[0] if whole else scored[1] if len(scored) > 1 else np.zeros(len(boxes))
    corners = _in_pixels(np.asarray(boxes[:, :4], np.float64), size)
    return FoundBoxes(corners, np.asarray(scored[0], np.float64), labels.astype(np.int64))


def _in_pixels(boxes: Floats, size: Size) -> Floats:
    """Boxes that are fractions of the input as pixels of it."""
    if len(boxes) and 0 < np.abs(boxes).max() <= 1.5:
        return np.asarray(boxes * np.array([size[1], size[0], size[1], size[0]]), np.float64)
    return boxes
