"""The poses on a user's own pictures, one after another, each as if it were alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from repro.data.box_remarks import beside_image
from repro.data.boxes import Instances
from repro.data.coco_people import FARTHEST, LEAST_SIDE
from repro.data.json_rows import load
from repro.data.people import Annotations, Images, People, Poses
from repro.data.pictures import Pixels
from repro.errors import ReproError
from repro.evaluation import inference
from repro.evaluation.choice import size_of
from repro.evaluation.detector import Detector
from repro.evaluation.loading import opened
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.papers.protocol import ROWS
from repro.records.remarks import Remark, counted

Box = tuple[float, float, float, float]
"""left, top, width, height in pixels"""
ScoredBoxes = Sequence[tuple[Box, float]]
Boxes = Mapping[str, ScoredBoxes]
"""name of a picture -> boxes with their scores"""
WHOLE = 1.0
"""what a picture is padded by that is one box itself"""


@dataclass(frozen=True, eq=False)
class FoundPoses:
    """What was found on one picture."""

    poses: Poses
    boxes: NDArray[np.float64] | None
    """(M, 4) of the persons; None for networks that need none"""


class Predictor:
    """A network that looks at one picture after another, none of which moves what another gives.

    Top-down networks look into the boxes of a picture, else those that the detector finds; without
    both a picture is one box itself. Crops are looked at one by one, since the last digits of a
    batch hang on what is in it.
    """

    def __init__(
        self, request: EvaluationRequest, detector: Detector | None = None, least: float = 0.0
    ) -> None:
        single = replace(request.execution, batch=1, loaders=1)
        self.request = replace(request, execution=single)
        self.detector = detector
        self.least = least
        """the score below which a person is nobody whom the network gives as a row"""
        self.size = size_of(request)
        nobody = self._annotations((1, 1))
        none = None if request.protocol.bottom_up else _instances([], 1.0)
        self.network = opened(self.request, nobody, none, self.size)
        self.pictures = self.whole = self.empty = 0
        """how many were looked at, taken as one person each, and found empty by the detector"""
        self._outside: list[NDArray[np.bool_]] = []
        self._beyond: list[NDArray[np.bool_]] = []

    def poses(self, pixels: Pixels, given: ScoredBoxes = ()) -> FoundPoses:
        """The poses on a picture (H, W, 3), upright and BGR, in its pixels."""
        size = pixels.shape[0], pixels.shape[1]
        annotations = self._annotations(size)
        instances = None
        self.pictures += 1
        if not self.request.protocol.bottom_up:
            instances = self._instances(pixels, given)
            if not len(instances):
                none = np.zeros((0, self.request.protocol.keypoints, 3))
                return FoundPoses(Poses(np.zeros(0, np.int64), none, np.zeros(0)), np.zeros((0, 4)))
        poses, kept = inference.poses(
            self.network,
            self.request,
            self.size,
            Path(),
            annotations,
            instances,
            Shards(None),
            lambda done: None,
            held=[pixels],
        )
        if instances is None:
            if self.request.protocol.decode == ROWS:
                poses = poses[poses.scores >= self.least]
            return FoundPoses(poses, None)
        return FoundPoses(poses, instances.boxes[kept])

    def remarks(self) -> tuple[Remark, ...]:
        """What a reader must know of the boxes of the pictures so far."""
        outside = np.concatenate([np.zeros(0, bool), *self._outside])
        beyond = np.concatenate([np.zeros(0, bool), *self._beyond])
        found = [
            counted(
                "boxes",
                self.whole,
                self.pictures,
                "pictures have no box and were taken as one person each: --boxes or --detector",
            ),
            counted("boxes", self.empty, self.pictures, "pictures show nobody to the detector"),
            counted(
                "boxes", int(outside.sum()), len(outside), "boxes lie wholly outside their picture"
            ),
            counted(
                "boxes",
                int(beyond.sum()),
                len(beyond),
                "boxes end beyond their picture, as left, top, right, bottom would that are taken "
                "for left, top, width, height",
            ),
        ]
        own = () if self.detector is None else (self.detector.remark,)
        return (*own, *(remark for remark in found if remark.count))

    def _instances(self, pixels: Pixels, given: ScoredBoxes) -> Instances:
        padding = self.request.protocol.padding
        if given:
            instances = _instances(given, padding)
            size = np.repeat([pixels.shape[:2]], len(given), axis=0).astype(np.int64)
            outside, beyond = beside_image(instances.boxes, size)
            self._outside.append(outside)
            self._beyond.append(beyond)
            return instances
        if self.detector is not None:
            boxes, scores = self.detector.persons(pixels)
            self.empty += not len(boxes)
            rows = [tuple(box) for box in boxes.tolist()]
            return _instances(list(zip(rows, scores.tolist(), strict=True)), padding)
        self.whole += 1
        height, width = (float(side) for side in pixels.shape[:2])
        return _instances([((0.0, 0.0, width, height), 1.0)], WHOLE)

    def _annotations(self, size: tuple[int, int]) -> Annotations:
        """A picture of height, width as the only image of a data set without persons."""
        protocol = self.request.protocol
        keypoints = np.zeros((0, protocol.keypoints, 3))
        none = np.zeros(0, np.int64)
        people = People(
            none, none, np.zeros((0, 4)), keypoints, np.zeros(0), none, np.zeros(0, np.bool_)
        )
        images = Images(np.zeros(1, np.int64), ("",), np.array([size], np.int64))
        return Annotations(protocol.entry.kind, images, people, "", own=protocol.own)


def boxes_by_picture(boxes: Boxes, names: Sequence[str]) -> Boxes:
    """The boxes of each picture by its own name, a path below the folder that was named.

    A name is that of the picture whose path it is, else of the one picture with the same last part.
    A ReproError where there is none, or more than one.
    """
    by_picture: dict[str, ScoredBoxes] = {}
    for name, rows in boxes.items():
        path = PurePosixPath(name.replace("\\", "/"))
        own = [one for one in names if one == str(path)]
        own = own or [one for one in names if PurePosixPath(one).name == path.name]
        if not own:
            raise ReproError(
                f"There are boxes for `{name}`, which is not among the pictures.",
                "Name the picture too, or leave its boxes out.",
            )
        if len(own) > 1:
            raise ReproError(
                f"There are boxes for `{name}`, which is {' as well as '.join(own[:2])}.",
                "Name it in the box file by its path below the folder.",
            )
        by_picture[own[0]] = [*by_picture.get(own[0], ()), *rows]
    return by_picture


def parse_box(text: str) -> Box:
    """`10,20,100,200` as left, top, width, height."""
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        left = top = width = height = float("nan")
    return _checked([left, top, width, height], text)


def _checked(numbers: Sequence[object], text: str) -> Box:
    box = [one for one in numbers if isinstance(one, int | float) and one is not True]
    left, top, width, height = map(float, box if len(box) == len(numbers) == 4 else (0,) * 4)
    far = not all(abs(one) <= FARTHEST for one in (left, top, width, height))
    if far or min(width, height) < LEAST_SIDE:
        raise ReproError(
            f"`{text:.60}` is no box.",
            "Boxes are left,top,width,height in pixels, as 10,20,100,200.",
        )
    return left, top, width, height


def read_boxes(path: Path) -> Boxes:
    """The boxes in a file, a list of {file_name, bbox, score}; the score may be left out."""
    rows, _ = load(path, "box file")
    hint = "It must be a list of {file_name, bbox, score}."
    if not isinstance(rows, list):
        raise ReproError(f"The box file `{path}` is not a list.", hint)
    boxes: dict[str, list[tuple[Box, float]]] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("bbox"), list):
            raise ReproError(f"Entry {place} of `{path}` has no `bbox`.", hint)
        score, name = row.get("score", 1.0), row.get("file_name")
        if not isinstance(score, int | float) or not np.isfinite(score):
            raise ReproError(f"Entry {place} of `{path}` has the score `{score!s:.60}`.", hint)
        if not isinstance(name, str) or not Path(name).name:
            raise ReproError(f"Entry {place} of `{path}` has no `file_name`.", hint)
        try:
            box = _checked(row["bbox"], str(row["bbox"]))
        except ReproError as error:
            raise ReproError(f"Entry {place} of `{path}`: {error}", error.hint) from error
        boxes.setdefault(name, []).append((box, float(score)))
    return boxes


def _instances(boxes: ScoredBoxes, padding: float) -> Instances:
    """Boxes of the only image as the regions that a network looks at."""
    count = len(boxes)
    rows = np.array([box for box, _ in boxes], np.float64).reshape(count, 4)
    scores = np.array([score for _, score in boxes], np.float64)
    return Instances(np.zeros(count, np.int64), rows, scores, np.full(count, -1), padding=padding)
