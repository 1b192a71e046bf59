"""Persons on pictures by an exported detector, for the networks that take boxes."""

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from repro.data.pictures import Pixels
from repro.errors import ReproError, unknown
from repro.evaluation import detector_forms
from repro.evaluation.detector_forms import CORNER, MIDDLE, STRETCHED, DetectorForm, Outputs
from repro.evaluation.network import running
from repro.exported import opening
from repro.papers.protocol import COLOURS, NORMALISATIONS
from repro.papers.values import Size
from repro.records.remarks import Remark

if TYPE_CHECKING:
    import onnxruntime

Floats = NDArray[np.float64]
USUAL = (640, 640)
"""the input of a detector that leaves its size open"""
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
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

    session: "onnxruntime.InferenceSession"
    path: Path
    size: Size
    form: DetectorForm
    person: int
    settings: DetectorSettings
    remark: Remark
    """how its input and outputs are understood"""

    def persons(self, pixels: Pixels) -> tuple[Floats, Floats]:
        """Boxes (M, 4) left, top, width, height in a picture (H, W, 3), BGR, and scores (M,)."""
        image, scale, start = placed(pixels, self.size, self.form)
        given = _outputs(self.session, self.path, image, self.form, self.size)
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
    """The detector in an ONNX file; a ReproError for what is none or has an unknown form.

    It is run once on a grey input, since files may leave the shapes of their outputs open.
    """
    if not path.is_file():
        raise ReproError(f"There is no detector `{path}`.", "Correct the path: --detector FILE.")
    session = opening.session(path, threads or 0)
    images = [one for one in session.get_inputs() if len(one.shape) == 4]
    channels = {one.shape[1] for one in images if isinstance(one.shape[1], int)}
    if len(images) != 1 or images[0].type not in TYPES or channels - {3}:
        taken = ", ".join(f"{one.name} {one.type}{one.shape}" for one in session.get_inputs())
        raise ReproError(f"`{path}` takes {taken}.", "A detector takes pictures of N x 3 x H x W.")
    sides = [side if isinstance(side, int) and side > 0 else None for side in images[0].shape[2:]]
    size = (sides[0] or USUAL[0], sides[1] or USUAL[1])
    if max(size) > LARGEST:
        raise ReproError(f"`{path}` takes pictures of {size[0]}x{size[1]}.", "Export it smaller.")
    names = _names(session)
    grey = np.full((*size, 3), 114, np.uint8)
    plain = DetectorForm("", "RGB", *detector_forms.UNIT, CORNER, 114, _unread)
    given = _outputs(session, path, grey, plain, size)
    inputs = [one.name for one in session.get_inputs()]
    try:
        form = detector_forms.form_of(given, size, len(names) or None, inputs)
    except ReproError as error:
        raise ReproError(f"`{path}` is no detector that is known. {error}", error.hint) from error
    form = _as_told(form, settings, session)
    person = settings.person
    if person is None:
        person = next((number for number, name in names.items() if name == "person"), 0)
    shown = " and ".join(" x ".join(map(str, array.shape)) for array in given.values())
    text = (
        f"The detector `{path.name}` gives {shown}: taken as {form.name} "
        f"({form.described} in {size[0]}x{size[1]}; person is class {person})."
    )
    return Detector(session, path, size, form, person, settings, Remark("detector", text))


def placed(pixels: Pixels, size: Size, form: DetectorForm) -> tuple[Pixels, Floats, Floats]:
    """A picture as an input (H, W, 3), and the scale and the start, x and y each, of it there.

    As the detectors' own code has it: YOLOX cuts the scaled sides to whole pixels, Ultralytics
    rounds them, and what is left over evenly goes to the right and the bottom.
    """
    height, width = pixels.shape[:2]
    if form.placing == STRETCHED:
        image = cv2.resize(pixels, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
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


def _outputs(
    session: "onnxruntime.InferenceSession",
    path: Path,
    image: Pixels,
    form: DetectorForm,
    size: Size,
) -> Outputs:
    """What a detector gives for a prepared picture (H, W, 3), BGR."""
    channels = image if form.colour == "BGR" else image[..., ::-1]
    values = (channels - np.array(form.mean, np.float32)) / np.array(form.deviation, np.float32)
    feeds: dict[str, NDArray[np.generic]] = {}
    for given in session.get_inputs():
        if len(given.shape) == 4:
            taken = channels if given.type == "tensor(uint8)" else values
            batch = given.shape[0] if isinstance(given.shape[0], int) else 1
            stacked = np.repeat(taken.transpose(2, 0, 1)[None], max(1, batch), axis=0)
            feeds[given.name] = np.ascontiguousarray(stacked, TYPES[given.type])
        elif given.name == "scale_factor":
            feeds[given.name] = np.ones((1, 2), np.float32)
        elif given.name == "im_shape":
            feeds[given.name] = np.array([size], np.float32)
        else:
            raise ReproError(
                f"The detector takes `{given.name}` beside a picture.", "Export it without."
            )
    with running():
        arrays = opening.run(session, path, feeds)
    names = [output.name for output in session.get_outputs()]
    return {
        name: array[:1] if array.ndim > 2 else array
        for name, array in zip(names, arrays, strict=True)
    }


def _as_told(
    form: DetectorForm, settings: DetectorSettings, session: "onnxruntime.InferenceSession"
) -> DetectorForm:
    """The form with the colours and normalisation that the user or the file's metadata state."""
    stated = session.get_modelmeta().custom_metadata_map
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


def _names(session: "onnxruntime.InferenceSession") -> dict[int, str]:
    """The classes that Ultralytics writes into a file's metadata; none where it has no such."""
    try:
        names = ast.literal_eval(session.get_modelmeta().custom_metadata_map.get("names", ""))
        return {int(number): str(name) for number, name in dict(names).items()}
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return {}
