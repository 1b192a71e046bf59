"""The poses on a user's own pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.data.boxes import Instances
from repro.data.json_rows import load
from repro.data.people import Annotations, Images, People, Poses
from repro.data.pictures import decoded
from repro.errors import ReproError
from repro.evaluation import inference
from repro.evaluation.choice import size_of
from repro.evaluation.inference import Tell
from repro.evaluation.loading import opened
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.papers.datasets import DATASETS
from repro.papers.protocol import Protocol

Box = tuple[float, float, float, float]
"""left, top, width, height in pixels"""
Boxes = Mapping[str, Sequence[tuple[Box, float]]]
"""name of a picture -> boxes with their scores"""


@dataclass(frozen=True, eq=False)
class PosedPicture:
    """What was found on one picture."""

    path: Path
    poses: Poses
    boxes: NDArray[np.float64] | None
    """(M, 4) of the persons; None for networks that need none"""


def predict(
    request: EvaluationRequest, paths: Sequence[Path], boxes: Boxes, tell: Tell
) -> list[PosedPicture]:
    """The poses on each picture of a user's, in pixels of the picture as viewers show it.

    Top-down networks look into the boxes; a picture that has none there is one box itself.
    """
    names = [path.name for path in paths]
    unknown = sorted(set(boxes) - set(names))
    if unknown:
        raise ReproError(
            f"There are boxes for `{unknown[0]}`, which is not among the pictures.",
            "Name the picture too, or leave its boxes out.",
        )
    rules, size = request.protocol, size_of(request)
    annotations = _annotations(paths, rules)
    instances = None if rules.bottom_up else _instances(paths, annotations, boxes, rules)
    network = opened(request, annotations, instances, size)
    nowhere = Shards(None)
    poses, kept = inference.poses(
        network, request, size, Path(), annotations, instances, nowhere, tell, upright=True
    )
    persons = [np.flatnonzero(poses.image_ids == place) for place in range(len(paths))]
    return [
        PosedPicture(path, poses[own], None if instances is None else instances.boxes[kept][own])
        for path, own in zip(paths, persons, strict=True)
    ]


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
            raise ReproError(f"Entry {place} of `{path}` has the score `{score}`.", hint)
        if not isinstance(name, str) or not Path(name).name:
            raise ReproError(f"Entry {place} of `{path}` has no `file_name`.", hint)
        try:
            box = parse_box(",".join(map(str, row["bbox"])))
        except ReproError as error:
            raise ReproError(f"Entry {place} of `{path}`: {error}", error.hint) from error
        boxes.setdefault(Path(name).name, []).append((box, float(score)))
    return boxes


def _annotations(paths: Sequence[Path], protocol: Protocol) -> Annotations:
    """Pictures as the images of a data set without persons; their ids are their places."""
    sizes = np.array([decoded(path, upright=True).shape[:2] for path in paths], np.int64)
    files = tuple(str(path.absolute()) for path in paths)
    keypoints = np.zeros((0, protocol.keypoints, 3))
    none = np.zeros(0, np.int64)
    people = People(
        none, none, np.zeros((0, 4)), keypoints, np.zeros(0), none, np.zeros(0, np.bool_)
    )
    return Annotations(
        DATASETS[protocol.dataset].kind, Images(np.arange(len(paths)), files, sizes), people, ""
    )


def _instances(
    paths: Sequence[Path], annotations: Annotations, boxes: Boxes, rules: Protocol
) -> Instances:
    rows = []
    for place, path in enumerate(paths):
        height, width = (float(side) for side in annotations.images.sizes[place])
        whole = [((0.0, 0.0, width, height), 1.0)]
        rows += [(place, box, score) for box, score in boxes.get(path.name, whole)]
    image, places, scores = zip(*rows, strict=True)
    persons = np.full(len(rows), -1)
    instances = Instances(np.array(image), np.array(places), np.array(scores), persons)
    return replace(instances, padding=rules.padding if boxes else 1.0)
