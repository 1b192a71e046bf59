"""The official evaluators: pycocotools for COCO, faster-coco-eval for CrowdPose.

faster-coco-eval may take pycocotools' place: it gives the same to 1e-15 in a third of the time.
CrowdPose's own crowdposetools is not on PyPI; it and faster-coco-eval print the same.
"""

import contextlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import cast

import numpy as np

from repro.data.json_rows import load
from repro.data.people import Annotations, Floats, Ints, Poses
from repro.errors import RunError
from repro.papers.datasets import DATASETS, Tool
from repro.scoring.oks_rules import rules

TOLERANCE = 1e-9
PERSON = 1


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
) -> OfficialScore:
    """Score poses against the annotation file that `annotations` was read from, without a word.

    The file itself is read again, so that an error in reading it comes out too. `boxes` are those
    of the result file, `images` ids to restrict the evaluation to. Without `tool` COCO is scored
    by pycocotools; faster-coco-eval scores all.
    """
    usual = DATASETS[annotations.dataset].tool
    if tool is None or usual != "pycocotools":
        tool = usual
    truth = _truth(path, annotations, images)
    results = _rows(poses, boxes, truth)
    run = _pycocotools if tool == "pycocotools" else _faster
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        numbers = run(annotations.dataset, truth, results)
    names = [figure.name for figure in rules(annotations.dataset).figures]
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


def _truth(path: Path, annotations: Annotations, images: Ints | None) -> dict[str, object]:
    """The annotation file, its persons only."""
    document, _ = load(path, "annotation file")
    file = cast(dict[str, list[dict[str, object]]], document)
    kept = set((annotations.images.ids if images is None else images).tolist())
    persons = set(annotations.people.ids.tolist())
    return {
        "info": {},
        "images": [one for one in file["images"] if one["id"] in kept],
        "annotations": [
            {"iscrowd": 0, **one, "category_id": PERSON}
            for one in file["annotations"]
            if one["id"] in persons and one["image_id"] in kept
        ],
        "categories": [{"id": PERSON, "name": "person"}],
    }


def _rows(
    poses: Poses, boxes: Floats | None, truth: Mapping[str, object]
) -> list[dict[str, object]]:
    """The poses as a result file has them."""
    images = cast(list[dict[str, object]], truth["images"])
    kept = {one["id"] for one in images}
    rows = zip(
        poses.image_ids.tolist(),
        poses.keypoints.reshape(len(poses), 3 * poses.keypoints.shape[1]).tolist(),
        poses.scores.tolist(),
        [None] * len(poses) if boxes is None else boxes.tolist(),
        strict=True,
    )
    return [
        {
            "image_id": image,
            "category_id": PERSON,
            "keypoints": keypoints,
            "score": score,
            **({} if box is None else {"bbox": box}),
        }
        for image, keypoints, score, box in rows
        if image in kept
    ]


def _pycocotools(
    dataset: str, truth: dict[str, object], poses: list[dict[str, object]]
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
    evaluation.params.kpt_oks_sigmas = np.array(rules(dataset).sigmas)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)


def _faster(dataset: str, truth: dict[str, object], poses: list[dict[str, object]]) -> list[float]:
    from faster_coco_eval import COCO, COCOeval_faster

    entry, expected = DATASETS[dataset], COCO(truth)
    evaluation = COCOeval_faster(
        expected,
        expected.loadRes(poses),
        iouType="keypoints_crowd" if entry.crowding else "keypoints",
        print_function=lambda *words: None,
        kpt_oks_sigmas=list(rules(dataset).sigmas),
        use_area=entry.segments,
    )
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return list(evaluation.stats)
