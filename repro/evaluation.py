"""Evaluate a network on a data set: gather what it takes, run, score, record."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import zoo
from repro import env
from repro.errors import ReproError, RunError, unknown
from repro.files import sha256
from repro.protocol import GROUND_TRUTH, Protocol
from repro.skeletons import FORMS
from repro.spec import Evaluation, spec_of, weights_name
from repro.store import Measurement, Record, Store
from repro.study import Options, Scalar, Size

if TYPE_CHECKING:
    from repro.data.boxes import Instances
    from repro.data.layout import Source
    from repro.data.mpii import Truth
    from repro.data.people import Annotations, Floats, Ints, Poses
    from repro.data.pictures import Colour
    from repro.runners.evaluate import Execution, Tell
    from repro.runners.network import Network
    from repro.runners.shards import Shards
    from repro.stats import Interval

TRUTH, ONNX = "truth", "onnx"
"""what stands for the annotations themselves, and for an exported file, among the models"""


@dataclass(frozen=True)
class Request:
    """What a user wants evaluated."""

    model: str
    """a name of the zoo, `truth`, or `onnx`"""
    weights: Path | None
    """a checkpoint, or the exported file"""
    source: "Source"
    protocol: Protocol
    size: Size | None
    execution: "Execution"
    options: Options = field(default_factory=dict)
    variant: str = ""
    threads: int | None = None
    partial: bool = False
    """whether a checkpoint may fit only in parts"""


@dataclass(frozen=True)
class Job:
    """One evaluation, ready to be run."""

    spec: Evaluation
    network: "Network"
    annotations: "Annotations"
    instances: "Instances | None"
    """the boxes; None where persons are found in the whole image"""
    request: Request

    @property
    def total(self) -> int:
        """How many crops or images it takes."""
        return len(self.annotations.images if self.instances is None else self.instances)


def prepare(request: Request) -> Job:
    """Read annotations, boxes and weights; raise ReproError for whatever does not fit."""
    from repro.data import annotations as reading
    from repro.runners import evaluate

    evaluate.threads(request.threads)
    rules, source = request.protocol, request.source
    found = reading.read(source.annotations, rules.dataset)
    instances = None if rules.bottom_up else _instances(request, found)
    size = _size(request)
    network, weights = _network(request, size, found, instances)
    spec = Evaluation(
        request.model,
        size,
        rules.keypoints,
        dict(request.options),
        weights,
        _data(request, found, instances),
        rules.described(),
        _execution(request),
        evaluator(rules.dataset),
    )
    return Job(spec, network, found, instances, request)


def run(job: Job, store: Store, tell: "Tell", fresh: bool = False) -> Record:
    """The record of an evaluation, from the store if it is there.

    Poses go to disk shard by shard; an interrupted run goes on where it stopped.
    """
    known = None if fresh else store.find(job.spec)
    if known is not None:
        return known
    from repro import predictions
    from repro.runners.shards import Shards

    store.check()
    folder = store.artifacts(job.spec.key)
    shards = Shards(folder / "shards")
    found = poses(job, shards, tell)
    predictions.keep(folder, found, job.request.protocol.dataset)
    record = Record(job.spec.key, job.spec.described(), _score(job, found), env.fingerprint())
    store.add(record, again=fresh)
    shards.clear()
    return record


def _instances(request: Request, annotations: "Annotations") -> "Instances":
    from repro.data import boxes

    rules = request.protocol
    if rules.boxes == GROUND_TRUTH:
        return replace(boxes.ground_truth(annotations), padding=rules.padding)
    if request.source.boxes is None:
        raise ReproError(
            f"The protocol takes the boxes of {rules.boxes}, which is not there.",
            "Give the file with --boxes, or take ground truth: --boxes gt.",
        )
    found = boxes.detected(request.source.boxes, annotations)
    return replace(found, padding=rules.padding)


def _size(request: Request) -> Size:
    from repro import rules
    from repro.runners import network

    if request.model == ONNX:
        path = _file(request)
        return network.onnx_size(network.open_onnx(path), path, request.size)
    return request.size or rules.size_of(request.model, request.protocol.dataset)


def _file(request: Request) -> Path:
    if request.weights is None:
        raise ReproError(
            f"`{request.model}` needs weights.",
            "Give a checkpoint: --weights FILE; see `repro weights`.",
        )
    return request.weights


def _network(
    request: Request, size: Size, annotations: "Annotations", instances: "Instances | None"
) -> tuple["Network", dict[str, Scalar]]:
    """The network, and what a record says of its weights."""
    from repro.runners import network, truth

    keypoints = request.protocol.keypoints
    if request.model == TRUTH:
        rounded = request.options.get("rounded", True)
        if set(request.options) - {"rounded"} or not isinstance(rounded, bool):
            raise ReproError("`truth` has one option, `rounded`, true or false.")
        return truth.network(annotations, instances, size, request.protocol, rounded), {}
    path = _file(request)
    if request.model == ONNX:
        found = network.open_onnx(path, request.threads or 0)
        if found.keypoints not in (None, keypoints):
            raise ReproError(
                f"`{path}` finds {found.keypoints} joints; {request.protocol.on} has {keypoints}.",
                "Choose the data set it was trained for: --dataset.",
            )
        return found, {"name": path.name, "sha256": sha256(path), "format": "onnx"}
    return _of_the_zoo(request, path, size)


def _of_the_zoo(request: Request, path: Path, size: Size) -> tuple["Network", dict[str, Scalar]]:
    import torch

    from repro import checkpoints
    from repro.runners.network import ZooNetwork

    spec_of(request.model, size, request.protocol.keypoints, request.options)
    device = torch.device(request.execution.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ReproError("There is no CUDA device here.", "Leave --device out, or say cpu.")
    state = checkpoints.read(path)
    model = zoo.create_model(request.model, request.protocol.keypoints, **request.options)
    match = checkpoints.load(model, state, request.partial)
    name = weights_name(
        request.model, size, request.protocol.dataset, request.options, request.variant
    )
    weights: dict[str, Scalar] = {"name": name, "sha256": state.sha256}
    if not match.exact:
        weights |= {"partial": True, "loaded": f"{len(match.names)} of {match.tensors} tensors"}
    return ZooNetwork(model.eval().to(device), device), weights


def _data(
    request: Request, annotations: "Annotations", instances: "Instances | None"
) -> dict[str, Scalar]:
    source = request.source
    found: dict[str, Scalar] = {
        "name": f"{request.protocol.on} ({source.annotations.name})",
        "dataset": request.protocol.dataset,
        "split": request.protocol.split,
        "annotations": annotations.sha256,
        "images": len(annotations.images),
        "people": len(annotations.people),
        "official": _official(request, annotations, instances),
    }
    if instances is not None:
        found["instances"] = len(instances)
        if request.protocol.boxes != GROUND_TRUTH and source.boxes is not None:
            found["boxes"] = sha256(source.boxes)
    return found


def _official(request: Request, annotations: "Annotations", instances: "Instances | None") -> bool:
    """Whether images, persons and boxes are as many as in the official files."""
    from repro.data.official import FACTS

    facts = FACTS.get((request.protocol.dataset, request.protocol.split))
    if facts is None:
        return False
    people = annotations.people
    seen = {
        "images": len(annotations.images),
        "people": len(people),
        "labelled": int((people.labelled > 0).sum()),
        "sha256": annotations.sha256,
    }
    if instances is not None and request.protocol.boxes != GROUND_TRUTH:
        seen["boxes"] = len(instances) + instances.left_out.empty
    known = {name: getattr(facts, name) for name in seen}
    return all(value in (None, seen[name]) for name, value in known.items())


def _execution(request: Request) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {
        "device": request.execution.device,
        "batch": 1 if request.protocol.bottom_up else request.execution.batch,
        "precision": "float32",
    }
    if request.threads is not None:
        found["threads"] = request.threads
    return found


def evaluator(dataset: str) -> str:
    """The name and version of what scores a data set officially."""
    kind = FORMS[dataset]
    if kind == "mpii":
        return "PCKh (HRNet)"
    tool = "pycocotools" if kind == "coco" else "faster-coco-eval"
    return f"{tool} {env.version(tool)}"


def poses(job: Job, shards: "Shards", tell: "Tell") -> "Poses":
    """Run the network over the images; finished shards are taken from disk."""
    from repro.data.crops import Crops
    from repro.data.pictures import Pictures
    from repro.runners import evaluate

    rules, request = job.request.protocol, job.request
    folder, size = request.source.images, job.spec.input
    colour = cast("Colour", rules.colour)
    if job.instances is None:
        pictures = Pictures(folder, job.annotations, colour=colour)
        return evaluate.bottom_up(
            job.network, pictures, size, rules, shards, request.execution, tell
        )
    crops = Crops(folder, job.annotations, job.instances, size, colour, rules.udp)
    found = evaluate.top_down(job.network, crops, size, rules, shards, request.execution, tell)
    if rules.dataset == "mpii":
        return found
    areas = job.instances.extents(size).prod(axis=1)
    return evaluate.persons(found, areas, rules)


def _score(job: Job, poses: "Poses") -> tuple[Measurement, ...]:
    """The figures in per cent, with 95 % intervals; the official evaluator must agree with ours."""
    from repro.scoring import official, oks, pckh
    from repro.stats import bootstrap

    rules = job.request.protocol
    if rules.dataset == "mpii":
        hits = pckh.evaluate(*_truth(job, poses))
        return _measurements(hits.metrics(), bootstrap(hits), 1.0)
    matches = oks.evaluate(job.annotations, poses)
    metrics = matches.metrics()
    verdict = official.evaluate(job.request.source.annotations, job.annotations, poses)
    official.agree(metrics, verdict.metrics)
    return _measurements(verdict.metrics, bootstrap(matches), 100.0)


def _measurements(
    metrics: Mapping[str, float | None], intervals: Mapping[str, "Interval"], scale: float
) -> tuple[Measurement, ...]:
    found = []
    for name, value in metrics.items():
        if value is not None:
            bounds = intervals.get(name)
            low, high = (bounds.low * scale, bounds.high * scale) if bounds else (None, None)
            found.append(Measurement(name, value * scale, "%", low=low, high=high))
    if not found:
        raise RunError("Nobody is to be found in these annotations, so there is nothing to score.")
    return tuple(found)


def _truth(job: Job, poses: "Poses") -> tuple["Truth", "Floats", "Ints"]:
    """MPII's joints and head boxes, a pose for each of its persons, and the persons' images."""
    import numpy as np

    from repro.data import mpii

    path = job.request.source.truth
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


def model_of(word: str, weights: Path | None) -> tuple[str, Path | None]:
    """The model that a user means, and its file: a name of the zoo, `truth`, or an ONNX file."""
    if word.lower().endswith(".onnx"):
        if weights is not None:
            raise ReproError("An exported file has its own weights.", "Leave --weights out.")
        return ONNX, Path(word)
    if word != TRUTH and word not in zoo.MODELS:
        raise unknown("model", word, (*zoo.MODELS, TRUTH))
    return word, weights


def source(
    protocol: Protocol,
    data: Path | None,
    annotations: Path | None,
    images: Path | None,
    boxes: Path | None,
) -> "Source":
    """The files of an evaluation: those named, the others from the data folder."""
    from repro.data.layout import Source, find

    if annotations is not None and images is not None:
        found = Source(protocol.dataset, protocol.split, annotations, images)
    elif data is None:
        raise ReproError(
            "No data folder is named.",
            "Give --data DIR or REPRO_DATA; `repro data synth DIR` makes one to try things on.",
        )
    else:
        found = find(data, protocol.dataset, protocol.split, images=images is None)
        found = replace(
            found, annotations=annotations or found.annotations, images=images or found.images
        )
    for path in (boxes, annotations):
        if path is not None and not path.is_file():
            raise ReproError(f"There is no file `{path}`.")
    return replace(found, boxes=boxes or found.boxes)
