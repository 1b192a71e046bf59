"""Evaluate on a data set: gather what it takes, run, score, record."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from repro import env
from repro.data import annotations as reading
from repro.data import boxes, mpii
from repro.data.boxes import Instances
from repro.data.layout import Source
from repro.data.official import FACTS
from repro.data.people import Annotations, Poses
from repro.errors import ReproError, RunError
from repro.evaluation import looking, predictions
from repro.evaluation.networks import opened, size_of
from repro.evaluation.request import Look
from repro.files import sha256
from repro.protocol import GROUND_TRUTH, Protocol, changed
from repro.runners.evaluate import Tell
from repro.runners.network import Network
from repro.runners.shards import Shards
from repro.scoring.score import Score, of_points, of_poses
from repro.skeletons import FORMS
from repro.spec import Evaluation
from repro.store import Measurement, Record, Store
from repro.study import Scalar


@dataclass(frozen=True)
class Job:
    """One evaluation, ready to be run."""

    spec: Evaluation
    network: Network
    annotations: Annotations
    instances: Instances | None
    """the boxes; None where persons are found in the whole image"""
    look: Look
    source: Source

    @property
    def total(self) -> int:
        """How many crops or images it takes."""
        return len(self.annotations.images if self.instances is None else self.instances)


def prepare(look: Look, source: Source) -> Job:
    """Read annotations, boxes and weights; raise ReproError for whatever does not fit."""
    rules = changed(look.protocol, split=source.split)
    look = replace(look, protocol=rules)
    if rules.dataset == "mpii":
        _check_mpii(rules, source)
    annotations = reading.read(source.annotations, rules.dataset)
    instances = None if rules.bottom_up else _instances(look, source, annotations)
    size = size_of(look)
    network, weights = opened(look, annotations, instances, size)
    spec = Evaluation(
        look.model,
        size,
        rules.keypoints,
        dict(look.options),
        weights,
        _data(look, source, annotations, instances),
        rules.described(),
        _execution(look),
        evaluator(rules.dataset),
    )
    return Job(spec, network, annotations, instances, look, source)


def run(job: Job, store: Store, tell: Tell, fresh: bool = False) -> Record:
    """The record of an evaluation, from the store if it is there.

    Poses go to disk shard by shard; an interrupted run goes on where it stopped, unless `fresh`:
    then it begins anew.
    """
    known = None if fresh else store.find(job.spec)
    if known is not None:
        return known
    store.check()
    _check_images(job)
    truth = _truth(job)
    folder = store.artifacts(job.spec.key)
    shards = Shards(folder / "shards")
    if fresh:
        shards.clear()
    found, _ = looking.poses(
        job.network,
        job.look,
        job.spec.input,
        job.source.images,
        job.annotations,
        job.instances,
        shards,
        tell,
    )
    predictions.keep(folder, found, job.look.protocol.dataset)
    measured = _score(job, found, truth)
    record = Record(
        job.spec.key, job.spec.described(), measured, env.fingerprint(), notes=_notes(job)
    )
    store.add(record, again=fresh)
    shards.clear()
    return record


def _notes(job: Job) -> dict[str, str]:
    """How many joints no top-down network can find, since its input does not show them."""
    if job.instances is None or not (job.instances.person >= 0).any():
        return {}
    unseen = boxes.outside(job.annotations, job.instances, job.spec.input)
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
            "PCKh takes MPII's head boxes, which are in mpii_gt_valid.mat.",
            "Put the file beside the annotations, or name it: --truth FILE.",
        )


def _check_images(job: Job) -> None:
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


def _instances(look: Look, source: Source, annotations: Annotations) -> Instances:
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


def _data(
    look: Look, source: Source, annotations: Annotations, instances: Instances | None
) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {
        "name": f"{look.protocol.on} ({source.annotations.name})",
        "dataset": look.protocol.dataset,
        "split": look.protocol.split,
        "annotations": annotations.sha256,
        "images": len(annotations.images),
        "people": len(annotations.people),
        "official": _official(look, annotations, instances),
    }
    if instances is not None:
        found["instances"] = len(instances)
        if look.protocol.boxes != GROUND_TRUTH and source.boxes is not None:
            found["boxes"] = sha256(source.boxes)
    if look.protocol.dataset == "mpii" and source.truth is not None:
        found["truth"] = sha256(source.truth)
    return found


def _official(look: Look, annotations: Annotations, instances: Instances | None) -> bool:
    """Whether images, persons and boxes are as many as in the official files."""
    facts = FACTS.get((look.protocol.dataset, look.protocol.split))
    if facts is None:
        return False
    people = annotations.people
    seen = {
        "images": len(annotations.images),
        "people": len(people),
        "labelled": int((people.labelled > 0).sum()),
        "sha256": annotations.sha256,
    }
    if instances is not None and look.protocol.boxes != GROUND_TRUTH:
        seen["boxes"] = len(instances) + instances.left_out.empty
    known = {name: getattr(facts, name) for name in seen}
    return all(value in (None, seen[name]) for name, value in known.items())


def _execution(look: Look) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {
        "device": look.execution.device,
        "batch": 1 if look.protocol.bottom_up else look.execution.batch,
        "precision": "float32",
    }
    if look.execution.threads is not None:
        found["threads"] = look.execution.threads
    return found


def evaluator(dataset: str) -> str:
    """The name and version of what scores a data set officially."""
    kind = FORMS[dataset]
    if kind == "mpii":
        return "PCKh (HRNet)"
    tool = "pycocotools" if kind == "coco" else "faster-coco-eval"
    return f"{tool} {env.version(tool)}"


def _score(job: Job, poses: Poses, truth: mpii.Truth | None) -> tuple[Measurement, ...]:
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


def _truth(job: Job) -> mpii.Truth | None:
    """MPII's joints and head boxes, a row for each person; None for other data sets."""
    if job.look.protocol.dataset != "mpii" or job.source.truth is None:
        return None
    return mpii.matching(mpii.truth(job.source.truth), job.annotations)
