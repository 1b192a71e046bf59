"""One evaluation, from files to figures: read, predict, score.

Whatever can move a figure lies here or is reached from here, so that the code of an evaluation's
key is followed from this module. It knows no record and no store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from repro.data import boxes, image_files, mpii, picture_heads
from repro.data.annotations import read
from repro.data.boxes import Instances
from repro.data.layout import Source
from repro.data.people import Annotations, Floats, Poses
from repro.errors import ReproError, RunError
from repro.evaluation import inference, predictions
from repro.evaluation.inference import Tell
from repro.evaluation.loading import opened
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.papers.datasets import MPII_TRUTHS, Tool
from repro.papers.protocol import GROUND_TRUTH, Protocol, changed
from repro.papers.values import Size
from repro.records.measurement import Measurement
from repro.records.remarks import Remark
from repro.scoring.score import Score, of_points, of_poses

SHARDS = "shards"
"""the folder of what an evaluation has read so far"""


@dataclass(frozen=True)
class PreparedEvaluation:
    """One evaluation whose files were read; its network is opened when it is measured."""

    request: EvaluationRequest
    size: Size
    """of the input"""
    annotations: Annotations
    instances: Instances | None
    """the boxes; None where persons are found in the whole image"""
    source: Source

    @property
    def total(self) -> int:
        """How many crops or images it takes."""
        return len(self.annotations.images if self.instances is None else self.instances)

    @property
    def unit(self) -> str:
        """What `total` counts."""
        return "images" if self.instances is None else "crops"

    @property
    def positions(self) -> Sequence[int]:
        """Which images are looked at."""
        if self.instances is None:
            return range(len(self.annotations.images))
        positions: list[int] = np.unique(self.instances.image).tolist()
        return positions

    def check_images(self) -> None:
        """Raise ReproError unless every image that is looked at is there."""
        check_images(self.source.images, self.annotations, self.positions)

    def remarks(self) -> tuple[Remark, ...]:
        """What a reader must know of the annotations, the boxes and the headers of pictures."""
        files = self.annotations.images.files
        paths = (self.source.images / files[position] for position in self.positions)
        own = () if self.instances is None else self.instances.remarks
        heads = picture_heads.remarks(paths, self.request.protocol.exif)
        return (*self.annotations.remarks, *own, *heads)


def prepare(request: EvaluationRequest, source: Source) -> PreparedEvaluation:
    """Read annotations and boxes; raise ReproError for whatever does not fit.

    The request must say the size of its input; `repro.evaluation.choice` finds the usual one.
    """
    size = request.size
    assert size is not None
    rules = changed(request.protocol, split=source.split)
    if rules.entry.measure == "PCKh":
        _check_pckh(rules, source)
    annotations = image_files.found(
        read(source.annotations, rules.chosen), source.images, rules.exif
    )
    instances = None if rules.bottom_up else _instances(rules, source, annotations)
    request = replace(request, protocol=rules)
    return PreparedEvaluation(request, size, annotations, instances, source)


def measure(
    prepared: PreparedEvaluation, folder: Path, tell: Tell, fresh: bool = False
) -> tuple[tuple[Measurement, ...], Mapping[str, str], tuple[Remark, ...]]:
    """The figures of an evaluation, and what a reader must know of them and of the inputs.

    Poses go to `folder` shard by shard; an interrupted run goes on where it stopped, unless
    `fresh`: then it begins anew.
    """
    prepared.check_images()
    request, source = prepared.request, prepared.source
    annotations, instances = prepared.annotations, prepared.instances
    truth = truth_of(request.protocol, source, annotations)
    network = opened(request, annotations, instances, prepared.size)
    shards = Shards(folder / SHARDS)
    if fresh:
        shards.clear()
    poses, _ = inference.poses(
        network, request, prepared.size, source.images, annotations, instances, shards, tell
    )
    predictions.keep(folder, poses, request.protocol.chosen, annotations)
    score = scored(source, annotations, instances, truth, poses, request.protocol.tool)
    if not score.measurements:
        raise RunError("Nobody is to be found in these annotations, so there is nothing to score.")
    return score.measurements, _notes(prepared), prepared.remarks()


def _notes(prepared: PreparedEvaluation) -> dict[str, str]:
    """How many joints no top-down network can find, since its input does not show them."""
    annotations, instances = prepared.annotations, prepared.instances
    if instances is None or not (instances.person >= 0).any():
        return {}
    unseen = boxes.outside(annotations, instances, prepared.size)
    labelled = int((annotations.people.keypoints[instances.person][..., 2] > 0).sum())
    persons = f"of {int(unseen.any(axis=1).sum()):,} of {len(unseen):,} persons"
    return {"outside": f"{int(unseen.sum()):,} of {labelled:,} labelled joints, {persons}"}


def _check_pckh(rules: Protocol, source: Source) -> None:
    """PCKh is measured on the annotated persons, whose head boxes must be known."""
    if rules.boxes != GROUND_TRUTH:
        raise ReproError(
            "PCKh is measured on MPII's own persons, not on those that somebody finds.",
            "Take a top-down network, and --boxes gt.",
        )
    if source.truth is None:
        raise ReproError(
            f"PCKh takes MPII's head boxes, which are in {' or '.join(MPII_TRUTHS)}.",
            "Put the file beside the annotations, or name it: --truth FILE.",
        )


def check_images(folder: Path, annotations: Annotations, positions: Sequence[int]) -> None:
    """Raise ReproError unless each of these images is there."""
    files = [annotations.images.files[position] for position in positions]
    lacking = [file for file in files if not _there(folder / file)]
    if lacking:
        raise ReproError(
            f"`{folder}` lacks {len(lacking):,} of the {len(files):,} images "
            f"(first: `{lacking[0]}`).",
            "Fetch the rest, or correct --images; `repro data check` counts what is there.",
        )


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _instances(rules: Protocol, source: Source, annotations: Annotations) -> Instances:
    if rules.boxes == GROUND_TRUTH:
        instances = boxes.ground_truth(annotations)
    elif source.boxes is not None:
        instances = boxes.detected(source.boxes, annotations, rules.box_score)
    else:
        raise ReproError(
            f"The protocol takes the boxes of {rules.boxes}, which is not there.",
            "Give the file with --boxes, or take ground truth: --boxes gt.",
        )
    if not len(instances):
        raise ReproError(f"`{source.annotations}` has no labelled person to look at.")
    return replace(instances, padding=rules.padding)


def truth_of(rules: Protocol, source: Source, annotations: Annotations) -> mpii.Truth | None:
    """MPII's joints and head boxes, a row for each person; None for other data sets."""
    if rules.entry.measure != "PCKh" or source.truth is None:
        return None
    return mpii.matching(mpii.truth(source.truth), annotations)


def scored(
    source: Source,
    annotations: Annotations,
    instances: Instances | None,
    truth: mpii.Truth | None,
    poses: Poses,
    tool: Tool | None = None,
) -> Score:
    """The figures with 95 % intervals; the official evaluator must agree with ours.

    `tool` is the package that scores by OKS; the data set's own if it is None.
    """
    if truth is None or instances is None:
        return of_poses(source.annotations, annotations, poses, tool=tool)
    return of_points(truth, points_of(annotations, instances, poses), annotations.people.image)


def points_of(annotations: Annotations, instances: Instances, poses: Poses) -> Floats:
    """(P, K, 2) the poses of MPII's persons, in the order of the list."""
    points = np.zeros((len(annotations.people), poses.keypoints.shape[1], 2))
    points[instances.person] = poses.keypoints[..., :2]
    return points
