"""Persons on pictures by an exported detector, for the networks that take boxes."""

import ast
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from repro.data.pictures import Pixels
from repro.errors import ReproError, unknown
from repro.evaluation import detector_forms
from repro.evaluation.detector_forms import (
    CORNER,
    CUBIC,
    MIDDLE,
    STRETCHED,
    DetectorForm,
    Outputs,
)
from repro.evaluation.network import running
from repro.exported import runtimes
from repro.exported.runtime import Runtime, Values
from repro.papers.protocol import COLOURS, NORMALISATIONS
from repro.papers.values import Size
from repro.records.remarks import Remark

Floats = NDArray[np.float64]
USUAL = (640, 640)
"""the input of a detector that leaves its size open"""
KINDS = {"float": np.float32, "float16": np.float16, "uint8": np.uint8}
"""of numbers of pictures"""
LARGEST = 4096
"""pixels of an input's side"""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What a user may say of a detector."""

    score: float = 0.3
    """below which a box is nobody"""
    overlap: float = 0.65
    """IoU above which the lesser of two boxes goes"""
    person: int | None = None
    """the class; the one that the file calls so, else 0"""
    colour: str | None = None
    normalise: str | None = None
    """one of NORMALISATIONS; these two as the form has it by default"""


@dataclass(frozen=True, eq=False)
class Detector:
    """An exported detector whose form is known."""

    runtime: Runtime
    size: Size
    form: DetectorForm
    person: int
    settings: DetectorSettings
    remark: Remark
    """how its input and outputs are understood"""

    def persons(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Boxes (M, 4) left, top, width, height in a picture (H, W, 3), BGR, and scores (M,)."""
        image, scale, start = placed(pixels, self.size, self.form)
        given = _outputs(self.runtime, image, self.form, self.size)
        found = self.form.read(given, self.size)
        usable = (found.labels == self.person) & (found.scores >= self.settings.score)
        usable &= np.isfinite(found.boxes).all(axis=1)
        corners = (found.boxes[usable] - np.tile(start, 2)) / np.tile(scale, 2)
        limits = np.array([pixels.shape[1], pixels.shape[0]] * 2, np.float64)
        corners = np.clip(corners, 0, limits)
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        solid = (boxes[:, 2:] > 0).all(axis=1)
        boxes, scores = boxes[solid], found.scores[usable][solid]
        left = cv2.dnn.NMSBoxes(
            boxes.tolist(), scores.tolist(), self.settings.score, self.settings.overlap
        )
        chosen = np.asarray(left, np.int64).ravel()
        return boxes[chosen], scores[chosen]


def opened(path: Path, settings: DetectorSettings, threads: int | None = None) -> Detector:
    """The detector in an exported file; a ReproError for what is none or has an unknown form.

    It is run once on a grey input, since files may leave the shapes of their outputs open.
    """
    if not path.is_file():
        raise ReproError(f"There is no detector `{path}`.", "Correct the path: --detector FILE.")
    runtime = runtimes.opened(path, threads or 0)
    images = [one for one in runtime.inputs if len(one.shape) == 4]
    if len(images) != 1 or images[0].kind not in KINDS or images[0].shape[1] not in (3, None):
        taken = ", ".join(f"{one} of {one.kind}" for one in runtime.inputs)
        raise ReproError(f"`{path}` takes {taken}.", "A detector takes pictures of N x 3 x H x W.")
    height, width = images[0].shape[2:]
    size = (height or USUAL[0], width or USUAL[1])
    if max(size) > LARGEST:
        raise ReproError(f"`{path}` takes pictures of {size[0]}x{size[1]}.", "Export it smaller.")
    names = _names(runtime)
    grey = np.full((*size, 3), 114, np.uint8)
    plain = DetectorForm("", "RGB", *detector_forms.UNIT, CORNER, 114, _unread)
    given = _outputs(runtime, grey, plain, size)
    inputs = [one.name for one in runtime.inputs]
    try:
        form = detector_forms.form_of(given, size, len(names) or None, inputs)
    except ReproError as error:
        raise ReproError(f"`{path}` is no detector that is known. {error}", error.hint) from error
    form = _as_told(form, settings, runtime)
    person = settings.person
    if person is None:
        person = next((number for number, name in names.items() if name == "person"), 0)
    shown = " and ".join(" x ".join(map(str, array.shape)) for array in given.values())
    text = (
        f"The detector `{path.name}` gives {shown}: taken as {form.name} "
        f"({form.described} in {size[0]}x{size[1]}; person is class {person})."
    )
    return Detector(runtime, size, form, person, settings, Remark("detector", text))


def placed(pixels: Pixels, size: Size, form: DetectorForm) -> tuple[Pixels, Floats, Floats]:
    """A picture as an input (H, W, 3), and the scale and the start, x and y each, of it there.

    As the detectors' own code has it: YOLOX cuts the scaled sides to whole pixels, Ultralytics
    rounds them, and what is left over evenly goes to the right and the bottom; PaddleDetection's
    readers resize by cubic interpolation.
    """
    height, width = pixels.shape[:2]
    if form.placing in (STRETCHED, CUBIC):
        way = cv2.INTER_CUBIC if form.placing == CUBIC else cv2.INTER_LINEAR
        image = cv2.resize(pixels, (size[1], size[0]), interpolation=way)
        scales = np.array([size[1] / width, size[0] / height])
        return np.asarray(image, np.uint8), scales, np.zeros(2)
    scale = min(size[0] / height, size[1] / width)
    whole = round if form.placing == MIDDLE else int
    sides = max(1, whole(width * scale)), max(1, whole(height * scale))
    canvas: Pixels = np.full((*size, 3), form.fill, np.uint8)
    left, top = 0, 0
    if form.placing == MIDDLE:
        left, top = (round((size[1] - sides[0]) / 2 - 0.1), round((size[0] - sides[1]) / 2 - 0.1))
    shrunk = pixels
    if sides != (width, height):
        shrunk = np.asarray(cv2.resize(pixels, sides, interpolation=cv2.INTER_LINEAR), np.uint8)
    canvas[top : top + sides[1], left : left + sides[0]] = shrunk
    return canvas, np.full(2, scale), np.array([left, top], np.float64)


def _unread(outputs: Outputs, size: Size) -> detector_forms.FoundBoxes:
    raise AssertionError("the form of the first run reads nothing")


def _outputs(runtime: Runtime, image: Pixels, form: DetectorForm, size: Size) -> Outputs:
    """What a detector gives for a prepared picture (H, W, 3), BGR."""
    channels = image if form.colour == "BGR" else image[..., ::-1]
    values = (channels - np.array(form.mean, np.float32)) / np.array(form.deviation, np.float32)
    feeds: dict[str, Values] = {}
    for given in runtime.inputs:
        if len(given.shape) == 4:
            taken = channels if given.kind == "uint8" else values
            stacked = np.repeat(taken.transpose(2, 0, 1)[None], given.shape[0] or 1, axis=0)
            feeds[given.name] = np.ascontiguousarray(stacked, KINDS[given.kind])
        elif given.name == "scale_factor":
            feeds[given.name] = np.ones((1, 2), np.float32)
        elif given.name == "im_shape":
            feeds[given.name] = np.array([size], np.float32)
        else:
            raise ReproError(
                f"The detector takes `{given.name}` beside a picture.", "Export it without."
            )
    with running():
        names = [output.name for output in runtime.outputs]
        arrays = runtime.run(feeds, names)
    return {
        name: array[:1] if array.ndim > 2 else array
        for name, array in zip(names, arrays, strict=True)
    }


def _as_told(form: DetectorForm, settings: DetectorSettings, runtime: Runtime) -> DetectorForm:
    """The form with the colours and normalisation that the user or the file's metadata state."""
    stated = runtime.metadata
    colour = settings.colour or stated.get("colour")
    normalise = settings.normalise or stated.get("normalise")
    if colour is not None and colour not in COLOURS:
        raise unknown("colour", colour, COLOURS)
    if normalise is not None and normalise not in NORMALISATIONS:
        raise unknown("normalisation", normalise, NORMALISATIONS)
    if colour is not None and colour != form.colour:
        form = replace(form, colour=colour, mean=form.mean[::-1], deviation=form.deviation[::-1])
    if normalise is None:
        return form
    mean, deviation = (_three(values, form.colour) for values in NORMALISATIONS[normalise])
    return replace(form, mean=mean, deviation=deviation)


def _three(values: tuple[float, ...], colour: str) -> tuple[float, float, float]:
    first, second, third = values if colour == "RGB" else values[::-1]
    return first, second, third


def _names(runtime: Runtime) -> dict[int, str]:
    """The classes that Ultralytics writes into a file's metadata; none where it has no such."""
    try:
        names = ast.literal_eval(runtime.metadata.get("names", ""))
        return {int(number): str(name) for number, name in dict(names).items()}
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return {}
