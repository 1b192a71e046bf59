"""One evaluation, from files to figures: read, look, score.

Whatever can move a figure lies here or is reached from here, so that the code of an evaluation's
key is followed from this module. It knows no record and no store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from repro.data import annotations as reading
from repro.data import boxes, mpii
from repro.data.boxes import Instances
from repro.data.layout import MPII_TRUTHS, Source
from repro.data.people import Annotations, Poses
from repro.errors import ReproError, RunError
from repro.evaluation import passes, predictions
from repro.evaluation.inference import Tell
from repro.evaluation.loading import opened
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.papers.protocol import GROUND_TRUTH, Protocol, changed
from repro.papers.values import Size
from repro.records.measurement import Measurement
from repro.scoring.score import Score, of_points, of_poses


@dataclass(frozen=True)
class PreparedEvaluation:
    """One evaluation whose files were read; its network is opened when it is measured."""

    look: EvaluationRequest
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


def prepare(look: EvaluationRequest, source: Source) -> PreparedEvaluation:
    """Read annotations and boxes; raise ReproError for whatever does not fit.

    The look must say the size of its input; `repro.evaluation.sizes` finds the usual one.
    """
    size = look.size
    assert size is not None
    rules = changed(look.protocol, split=source.split)
    look = replace(look, protocol=rules)
    if rules.dataset == "mpii":
        _check_mpii(rules, source)
    annotations = reading.read(source.annotations, rules.dataset)
    instances = None if rules.bottom_up else _instances(look, source, annotations)
    return PreparedEvaluation(look, size, annotations, instances, source)


def measure(
    job: PreparedEvaluation, folder: Path, tell: Tell, fresh: bool = False
) -> tuple[tuple[Measurement, ...], Mapping[str, str]]:
    """The figures of an evaluation, and what a reader of them must know.

    Poses go to `folder` shard by shard; an interrupted run goes on where it stopped, unless
    `fresh`: then it begins anew.
    """
    check_images(job)
    truth = _truth(job)
    network = opened(job.look, job.annotations, job.instances, job.size)
    shards = Shards(folder / "shards")
    if fresh:
        shards.clear()
    found, _ = passes.poses(
        network,
        job.look,
        job.size,
        job.source.images,
        job.annotations,
        job.instances,
        shards,
        tell,
    )
    predictions.keep(folder, found, job.look.protocol.dataset)
    return _score(job, found, truth), _notes(job)


def _notes(job: PreparedEvaluation) -> dict[str, str]:
    """How many joints no top-down network can find, since its input does not show them."""
    if job.instances is None or not (job.instances.person >= 0).any():
        return {}
    unseen = boxes.outside(job.annotations, job.instances, job.size)
    labelled = int((job.annotations.people.keypoints[job.instances.person][..., 2] > 0).sum())
    persons = f"of {int(unseen.any(axis=1).sum()):,} of {len(unseen):,} persons"
    return {"outside": f"{int(unseen.sum()):,} of {labelled:,} labelled joints, {persons}"}


def _check_mpii(rules: Protocol, source: Source) -> None:
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


def check_images(job: PreparedEvaluation) -> None:
    """Raise ReproError unless every image that is looked at is there."""
    files = job.annotations.images.files
    needed = range(len(files)) if job.instances is None else np.unique(job.instances.image).tolist()
    lacking = [files[place] for place in needed if not _there(job.source.images / files[place])]
    if lacking:
        raise ReproError(
            f"`{job.source.images}` lacks {len(lacking):,} of the {len(needed):,} images "
            f"(first: `{lacking[0]}`).",
            "Fetch the rest, or correct --images; `repro data check` counts what is there.",
        )


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _instances(look: EvaluationRequest, source: Source, annotations: Annotations) -> Instances:
    rules = look.protocol
    if rules.boxes == GROUND_TRUTH:
        found = boxes.ground_truth(annotations)
    elif source.boxes is not None:
        found = boxes.detected(source.boxes, annotations)
    else:
        raise ReproError(
            f"The protocol takes the boxes of {rules.boxes}, which is not there.",
            "Give the file with --boxes, or take ground truth: --boxes gt.",
        )
    if not len(found):
        raise ReproError(f"`{source.annotations}` has no labelled person to look at.")
    return replace(found, padding=rules.padding)


def _score(
    job: PreparedEvaluation, poses: Poses, truth: mpii.Truth | None
) -> tuple[Measurement, ...]:
    """The figures in per cent, with 95 % intervals; the official evaluator must agree with ours."""
    if truth is not None and job.instances is not None:
        people = job.annotations.people
        points = np.zeros((len(people), poses.keypoints.shape[1], 2))
        points[job.instances.person] = poses.keypoints[..., :2]
        return _measurements(of_points(truth, points, people.image), 1.0)
    return _measurements(of_poses(job.source.annotations, job.annotations, poses), 100.0)


def _measurements(score: Score, scale: float) -> tuple[Measurement, ...]:
    found = []
    for name, value in score.metrics.items():
        if value is not None:
            bounds = score.intervals.get(name)
            low, high = (bounds.low * scale, bounds.high * scale) if bounds else (None, None)
            found.append(Measurement(name, value * scale, "%", low=low, high=high))
    if not found:
        raise RunError("Nobody is to be found in these annotations, so there is nothing to score.")
    return tuple(found)


def _truth(job: PreparedEvaluation) -> mpii.Truth | None:
    """MPII's joints and head boxes, a row for each person; None for other data sets."""
    if job.look.protocol.dataset != "mpii" or job.source.truth is None:
        return None
    return mpii.matching(mpii.truth(job.source.truth), job.annotations)
