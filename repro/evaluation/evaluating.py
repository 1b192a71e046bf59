"""Evaluate on a data set: gather what it takes, run, score, record."""

from dataclasses import dataclass, replace

import numpy as np

from repro import env
from repro.data import annotations as reading
from repro.data import boxes, mpii
from repro.data.boxes import Instances
from repro.data.layout import Source
from repro.data.official import FACTS
from repro.data.people import Annotations, Floats, Ints, Poses
from repro.errors import ReproError, RunError
from repro.evaluation import looking, predictions
from repro.evaluation.networks import opened, size_of
from repro.evaluation.request import Look
from repro.files import sha256
from repro.protocol import GROUND_TRUTH
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
    rules = look.protocol
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

    Poses go to disk shard by shard; an interrupted run goes on where it stopped.
    """
    known = None if fresh else store.find(job.spec)
    if known is not None:
        return known
    store.check()
    folder = store.artifacts(job.spec.key)
    shards = Shards(folder / "shards")
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
    record = Record(job.spec.key, job.spec.described(), _score(job, found), env.fingerprint())
    store.add(record, again=fresh)
    shards.clear()
    return record


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


def _score(job: Job, poses: Poses) -> tuple[Measurement, ...]:
    """The figures in per cent, with 95 % intervals; the official evaluator must agree with ours."""
    rules = job.look.protocol
    if rules.dataset == "mpii":
        return _measurements(of_points(*_truth(job, poses)), 1.0)
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


def _truth(job: Job, poses: Poses) -> tuple[mpii.Truth, Floats, Ints]:
    """MPII's joints and head boxes, a pose for each of its persons, and the persons' images."""
    path = job.source.truth
    if path is None:
        raise ReproError(
            "PCKh takes MPII's head boxes, which are in mpii_gt_valid.mat.",
            "Put the file beside the annotations.",
        )
    truth = mpii.matching(mpii.truth(path), job.annotations)
    points = np.zeros((len(job.annotations.people), poses.keypoints.shape[1], 2))
    assert job.instances is not None
    points[job.instances.person] = poses.keypoints[..., :2]
    return truth, points, job.annotations.people.image
