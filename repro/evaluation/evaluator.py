"""An evaluation as a run: what it is, so that its key finds it again, and its record."""

from collections.abc import Mapping
from pathlib import Path

import torch

import zoo
from repro import env
from repro.checkpoints import matching, reading
from repro.data.official_facts import is_official
from repro.errors import ReproError
from repro.evaluation import behaviour, pipeline, predictions
from repro.evaluation.inference import Tell
from repro.evaluation.loading import device_of
from repro.evaluation.pipeline import PreparedEvaluation
from repro.evaluation.request import ONNX, TRUTH, EvaluationRequest
from repro.files import sha256
from repro.papers.protocol import GROUND_TRUTH
from repro.papers.skeletons import FORMS
from repro.papers.values import Scalar
from repro.records.record import Record
from repro.records.runs import EvaluationRun, count_run, weights_name

Facts = Mapping[str, Scalar]


def run_of(job: PreparedEvaluation, weights: Facts | None = None) -> EvaluationRun:
    """The run that a job is; ReproError where the weights do not fit the network.

    `weights` says what they are where their training is still to come.
    """
    look, rules = job.look, job.look.protocol
    device_of(look.execution)
    return EvaluationRun(
        look.model,
        job.size,
        rules.keypoints,
        dict(look.options),
        weights_of(job) if weights is None else weights,
        _data(job),
        rules.described(),
        _execution(look),
        evaluator(rules.dataset),
    )


def execute(
    run: EvaluationRun, job: PreparedEvaluation, folder: Path, tell: Tell, fresh: bool = False
) -> Record:
    """The record of an evaluation; see `pipeline.measure` for what becomes of `folder`."""
    measured, notes = pipeline.measure(job, folder, tell, fresh)
    if "training" in run.weights and job.look.weights is not None:
        notes = {**notes, "weights": sha256(job.look.weights)}
    return Record(
        run.key,
        run.described(),
        measured,
        env.fingerprint(),
        notes=notes,
        artifacts={predictions.NAME: sha256(folder / predictions.NAME)},
        code=run.code,
        probe=behaviour.of(run.described()),
    )


def weights_of(job: PreparedEvaluation) -> Facts:
    """What a record says of the weights: whose they are, their digest, and what fits."""
    look, path = job.look, job.look.weights
    if look.model == TRUTH:
        return {}
    if path is None:
        raise ReproError(f"`{look.model}` needs weights.", "Give a checkpoint: --weights FILE.")
    if look.model == ONNX:
        return {"name": path.name, "sha256": sha256(path)}
    count_run(look.model, job.size, look.protocol.keypoints, look.options)
    state = reading.read(path)
    try:
        with torch.device("meta"):
            model = zoo.create_model(look.model, look.protocol.keypoints, **look.options)
    except ValueError as error:
        raise ReproError(str(error)) from error
    match = matching.matched(model, state, look.partial)
    trained = reading.facts(path)
    found: dict[str, Scalar] = {"name": trained.get("name", named(job)), "sha256": state.sha256}
    if trained.get("deviations") or trained.get("official", "yes") != "yes":
        found["faithful"] = False
    if not match.exact:
        found |= {"partial": True, "loaded": f"{len(match.names)} of {match.tensors} tensors"}
    return found


def named(job: PreparedEvaluation) -> str:
    """What the weights of a job's network are called."""
    look = job.look
    return weights_name(look.model, job.size, look.protocol.dataset, look.options, look.variant)


def _data(job: PreparedEvaluation) -> dict[str, Scalar]:
    look, source, annotations = job.look, job.source, job.annotations
    boxes = None
    if job.instances is not None and look.protocol.boxes != GROUND_TRUTH:
        boxes = len(job.instances) + job.instances.left_out.empty
    found: dict[str, Scalar] = {
        "name": f"{look.protocol.on} ({source.annotations.name})",
        "dataset": look.protocol.dataset,
        "split": look.protocol.split,
        "annotations": annotations.sha256,
        "images": len(annotations.images),
        "people": len(annotations.people),
        "official": is_official(look.protocol.dataset, look.protocol.split, annotations, boxes),
    }
    if job.instances is not None:
        found["instances"] = len(job.instances)
        if look.protocol.boxes != GROUND_TRUTH and source.boxes is not None:
            found["boxes"] = sha256(source.boxes)
    if look.protocol.dataset == "mpii" and source.truth is not None:
        found["truth"] = sha256(source.truth)
    return found


def _execution(look: EvaluationRequest) -> dict[str, Scalar]:
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
