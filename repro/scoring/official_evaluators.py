"""The official evaluators: pycocotools for COCO, faster-coco-eval for CrowdPose.

hotcoco may take pycocotools' place: it gives the same in a twentieth of the time.
CrowdPose's own crowdposetools is not on PyPI; it and faster-coco-eval print the same.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import cast

import numpy as np

from repro.data.json_rows import Rows, load
from repro.data.people import Annotations, Floats, Ints, Poses
from repro.errors import RunError
from repro.papers.datasets import Tool
from repro.scoring import results
from repro.scoring.oks_rules import rules

TOLERANCE = 1e-9
Row = dict[str, object]
FIELDS = ("image_id", "category_id", "keypoints", "score", "bbox")
"""what the evaluators are given of a pose; by others they take it for something else"""


@dataclass(frozen=True, eq=False)
class OfficialScore:
    """What an official evaluator says."""

    metrics: dict[str, float | None]
    """None where it has -1: nobody is to be found"""
    evaluator: str
    """name and version"""


def evaluate(
    path: Path,
    annotations: Annotations,
    poses: Poses,
    boxes: Floats | None = None,
    images: Ints | None = None,
    tool: Tool | None = None,
    file: Path | None = None,
) -> OfficialScore:
    """Score poses against the annotation file that `annotations` was read from, without a word.

    That file and the results `file`, where the poses are from one, are read again and go to the
    evaluator as they are, so that an error in reading them comes out too; only what it cannot do
    without is filled in, as `annotations` has it. `boxes` are those of the result file, `images`
    ids to restrict the evaluation to. Without `tool` COCO is scored by pycocotools;
    only faster-coco-eval scores all, but it knows no ids that are words.
    """
    usual = annotations.entry.tool
    if tool is None or usual != "pycocotools" or annotations.images.words:
        tool = usual
    if tool == "hotcoco" and (annotations.people.ids == 0).any():
        tool = usual  # hotcoco takes a match with id 0 for one
    kept = annotations.images.ids if images is None else np.unique(images)
    truth = _truth(path, annotations, kept)
    if file is None:
        rows = _rows(poses, boxes, annotations, kept)
    else:
        rows = _rows_of(file, annotations, kept)
    if tool != "pycocotools" and annotations.images.words:
        _number(annotations, truth, rows)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        numbers = RUN[tool](annotations, truth, rows)
    names = [figure.name for figure in rules(annotations.chosen).figures]
    metrics = {
        name: None if number == -1 else float(number)
        for name, number in zip(names, numbers, strict=True)
    }
    return OfficialScore(metrics, f"{tool} {version(tool)}")


def agree(
    ours: Mapping[str, float | None],
    official: Mapping[str, float | None],
    tolerance: float = TOLERANCE,
) -> None:
    """Raise a RunError unless both have the same figures."""
    for name in {**ours, **official}:
        our, their = ours.get(name), official.get(name)
        if not _same(our, their, tolerance):
            message = f"The official evaluator gives {name} = {their}, ours {our}."
            raise RunError(message, "Report both files: the figures must be the same.")


def _same(our: float | None, their: float | None, tolerance: float) -> bool:
    if our is None or their is None:
        return our is their
    return abs(our - their) <= tolerance


def _truth(path: Path, annotations: Annotations, images: Ints) -> dict[str, object]:
    """The annotation file on these images, its persons only, with what they lack filled in."""
    document, _ = load(path, "annotation file")
    file = cast(dict[str, list[Row]], document)
    kept = set(annotations.images.given(images))
    person = annotations.category
    people = [row for row in file["annotations"] if row.get("category_id", person) == person]
    filled = _filled(annotations, people)
    return {
        "info": {},
        "images": [row for row in file["images"] if row["id"] in kept],
        "annotations": [row for row in filled if row["image_id"] in kept],
        "categories": [{"id": person, "name": "person"}],
    }


def _filled(annotations: Annotations, rows: list[Row]) -> list[Row]:
    """The rows of persons, with the fields that are not everywhere as the evaluators need them."""
    people = annotations.people
    arrays = {
        "id": people.ids,
        "area": people.areas,
        "iscrowd": people.crowd.astype(np.int64),
        "num_keypoints": people.labelled,
        "keypoints": people.keypoints.reshape(len(people), -1),
    }
    names = [name for name in arrays if name in annotations.filled]
    columns = [arrays[name].tolist() for name in names]
    category = {"category_id": annotations.category}
    return [
        {
            **category,
            **row,
            **{name: column[place] for name, column in zip(names, columns, strict=True)},
        }
        for place, row in enumerate(rows)
    ]


def _rows(poses: Poses, boxes: Floats | None, annotations: Annotations, images: Ints) -> list[Row]:
    """The poses as a result file has them."""
    kept = set(images.tolist())
    rows = zip(
        poses.image_ids.tolist(),
        annotations.images.given(poses.image_ids),
        poses.keypoints.reshape(len(poses), 3 * poses.keypoints.shape[1]).tolist(),
        poses.scores.tolist(),
        [None] * len(poses) if boxes is None else boxes.tolist(),
        strict=True,
    )
    return [
        {
            "image_id": given,
            "category_id": annotations.category,
            "keypoints": keypoints,
            "score": score,
            **({} if box is None else {"bbox": box}),
        }
        for image, given, keypoints, score, box in rows
        if image in kept
    ]


def _rows_of(file: Path, annotations: Annotations, images: Ints) -> list[Row]:
    """The rows of a results file that are scored, as they are there."""
    document, _ = load(file, results.WHAT, results.LIMIT)
    kept = set(annotations.images.given(images))
    rows, _ = results.ours(Rows(file, "", cast(list[object], document)), annotations)
    return [
        {
            **{name: row[name] for name in FIELDS if name in row},
            # squares of whole numbers may be beyond 64 bits
            "keypoints": list(map(float, cast(list[float], row["keypoints"]))),
        }
        for row in cast(list[Row], rows.rows)
        if row["image_id"] in kept
    ]


def _number(annotations: Annotations, truth: Mapping[str, object], rows: list[Row]) -> None:
    """Put numbers in the place of ids of images that are words."""
    images = annotations.images
    numbers: dict[object, int] = dict(zip(images.words, images.ids.tolist(), strict=True))
    for row in cast(list[Row], truth["images"]):
        row["id"] = numbers[row["id"]]
    for row in (*cast(list[Row], truth["annotations"]), *rows):
        row["image_id"] = numbers[row["image_id"]]


def _pycocotools(
    annotations: Annotations, truth: dict[str, object], poses: list[Row]
) -> list[float]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    expected, results = COCO(), COCO()
    expected.dataset = truth
    expected.createIndex()
    if poses:
        results = expected.loadRes(poses)
    else:  # loadRes looks at the first of them
        results.dataset = {**truth, "annotations": []}
        results.createIndex()
    evaluation = COCOeval(expected, results, "keypoints")
    evaluation.params.kpt_oks_sigmas = np.array(rules(annotations.chosen).sigmas)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)


def _faster(annotations: Annotations, truth: dict[str, object], poses: list[Row]) -> list[float]:
    from faster_coco_eval import COCO, COCOeval_faster

    entry, expected = annotations.entry, COCO(truth)
    evaluation = COCOeval_faster(
        expected,
        expected.loadRes(poses),
        iouType="keypoints_crowd" if entry.crowding else "keypoints",
        print_function=lambda *words: None,
        kpt_oks_sigmas=list(rules(annotations.chosen).sigmas),
        use_area=entry.segments,
    )
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)


def _hotcoco(annotations: Annotations, truth: dict[str, object], poses: list[Row]) -> list[float]:
    from hotcoco import COCO, COCOeval

    expected = COCO(truth)
    evaluation = COCOeval(expected, expected.load_res(poses), "keypoints")
    parameters = evaluation.params
    parameters.kpt_oks_sigmas = list(rules(annotations.chosen).sigmas)
    evaluation.params = parameters  # of which an attribute is but a copy
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)


RUN: Mapping[Tool, Callable[[Annotations, dict[str, object], list[Row]], list[float]]] = {
    "pycocotools": _pycocotools,
    "faster-coco-eval": _faster,
    "hotcoco": _hotcoco,
}
