"""What the code of an evaluation does, in a digest: where code has changed and the digest has not,
records made before are as good as new.

`probe` runs the pipeline itself, from files to intervals, by the rules of a protocol on a small
generated set. `network_probe` runs a network under seeded weights. Neither needs data or weights,
and both leave out the last digits, which hang on the processor and the number of its threads.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import zoo
from repro import schema
from repro.checkpoints import matching
from repro.checkpoints.reading import State
from repro.counting import parity
from repro.data import boxes
from repro.data.annotations import read
from repro.data.boxes import Instances
from repro.data.layout import Source
from repro.data.people import Annotations, Poses
from repro.evaluation import inference, pipeline, probe_networks, probe_set
from repro.evaluation.network import ZooNetwork
from repro.evaluation.request import TRUTH, EvaluationRequest, Execution
from repro.evaluation.shards import Shards
from repro.files import temporary_folder
from repro.papers.protocol import GROUND_TRUTH, Protocol
from repro.papers.values import Options, Size
from repro.records.runs import NO_OPTIONS
from repro.scoring.score import Score

TOP_DOWN, SQUARE, LARGE, WHOLE = (128, 96), (128, 128), (384, 96), (128, 128)
"""inputs; networks for a height of 384 or more are trained with wider Gaussians"""
EXECUTION = Execution(batch=8, shard=2)
PER_PIXEL, PER_SCORE = 4, 128
"""steps that places and scores are told apart by"""
BORDER = 0.5455
"""where steps meet: in the widest gap among the fractions that the studies' protocols give"""
SEED = 1
"""of the weights and the input of a network"""
SAMPLES = 256
"""values of all outputs together"""
DIGITS = 6
"""of a value, relative to the largest of its output"""
LEFT_OUT = {"supply": "", "source": "", "metric": ""}
"""of a record's protocol, since it moves no figure"""


def of(spec: Mapping[str, object]) -> dict[str, str]:
    """The probes of an evaluation's spec: of the pipeline, and of its network if the zoo has it."""
    protocol = spec["protocol"]
    assert isinstance(protocol, Mapping)
    rules = schema.read(Protocol, {**protocol, **LEFT_OUT}, "record")
    probes = {"pipeline": probe(rules)}
    model, options = str(spec["model"]), spec["options"]
    if model in zoo.MODELS and isinstance(options, Mapping):
        # lists come back from JSON where tuples went in
        typed = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in options.items()
        }
        probes["network"] = network_probe(model, rules.keypoints, typed)
    return probes


@cache
def probe(rules: Protocol, execution: Execution = EXECUTION) -> str:
    """The sha256 of the poses, figures and intervals that a protocol gives on the generated set.

    What only names things (split, metric, a detector's file, the data set of a form) does not
    enter it.
    """
    plain = _plain(rules)
    if plain != rules:
        return probe(plain, execution)
    digest = hashlib.sha256()
    with temporary_folder() as folder:
        source = probe_set.write(folder, rules.chosen)
        annotations = read(source.annotations, rules.chosen)
        instances = None if rules.bottom_up else _instances(rules, source, annotations)
        for size in _sizes(rules):
            poses, kept = inference.poses(
                probe_networks.clouded(annotations, instances, size, rules),
                EvaluationRequest(TRUTH, None, rules, execution=execution),
                size,
                source.images,
                annotations,
                instances,
                Shards(None),
                lambda done: None,
            )
            truth = pipeline.truth_of(rules, source, annotations)
            score = pipeline.scored(source, annotations, instances, truth, poses)
            digest.update(_packed(poses, kept, score))
    return digest.hexdigest()


def network_probe(model: str, keypoints: int, options: Options = NO_OPTIONS) -> str:
    """The sha256 of a network of the zoo: its official names, and outputs under seeded weights.

    The weights are those of the goldens' fill v1, loaded as a checkpoint is.
    """
    entry = zoo.MODELS[model]
    size = entry.size or (2 * entry.stride, 3 * entry.stride)
    network = zoo.create_model(model, keypoints, **options).double().eval()
    published = zoo.published_state(network)
    weights = {name: torch.empty_like(tensor) for name, tensor in published.items()}
    parity.fill(weights, SEED)
    matching.load(network, State("probe", "torch", 0, "", weights))
    images = parity.seeded_input((1, 3, *size), SEED)
    outputs = ZooNetwork(network, torch.device("cpu"))(images, np.zeros(1, np.int64), False)
    digest = hashlib.sha256()
    for name, tensor in published.items():
        digest.update(f"{name} {tuple(tensor.shape)}\n".encode())
    for output in outputs:
        digest.update(_sampled(output, -(-SAMPLES // len(outputs))))
    return digest.hexdigest()


def _sampled(output: Tensor, count: int) -> bytes:
    """The shape of an output, its largest value, and some values all over it."""
    flat = output.flatten()
    largest = float(flat.abs().max())
    chosen = torch.linspace(0, len(flat) - 1, count, dtype=torch.float64).long()
    values = (flat[chosen] / largest * 10**DIGITS).round().long().tolist()
    return f"{tuple(output.shape)} {largest:.{DIGITS - 1}e} {values}\n".encode()


def _plain(rules: Protocol) -> Protocol:
    """The rules without what does not move a number."""
    return replace(
        rules,
        dataset=rules.entry.kind,
        split="",
        boxes="detected.json" if rules.boxes.endswith(".json") else rules.boxes,
        evaluator=rules.entry.evaluator,
        metric="",
        supply="",
        source="",
    )


def _sizes(rules: Protocol) -> tuple[Size, ...]:
    if rules.bottom_up:
        return (WHOLE,)
    return (SQUARE if rules.entry.square else TOP_DOWN, LARGE)


def _instances(rules: Protocol, source: Source, annotations: Annotations) -> Instances:
    if rules.boxes == GROUND_TRUTH or source.boxes is None:  # nobody detects MPII's persons
        instances = boxes.ground_truth(annotations)
    else:
        instances = boxes.detected(source.boxes, annotations, rules.box_score)
    return replace(instances, padding=rules.padding)


def _packed(poses: Poses, kept: NDArray[np.int64] | None, score: Score) -> bytes:
    """Poses in steps, figures and intervals to nine decimals.

    The products of matrices in DARK, beta-soft-argmax and part affinity fields differ in their
    last digits between processors, by up to 1e-4 pixels; a step is so much longer that hardly ever
    one of some thousand numbers crosses a border.
    """
    steps = np.array([PER_PIXEL, PER_PIXEL, PER_SCORE])
    parts = [
        f"{poses.keypoints.shape}".encode(),
        poses.image_ids.astype("<i8").tobytes(),
        np.floor(poses.keypoints * steps + BORDER).astype("<i8").tobytes(),
        np.floor(poses.scores * PER_SCORE + BORDER).astype("<i8").tobytes(),
        b"" if kept is None else kept.astype("<i8").tobytes(),
    ]
    figures = []
    for name, value in score.metrics.items():
        bounds = score.intervals.get(name)
        numbers = [value] if bounds is None else [value, bounds.low, bounds.high]
        figures += [name, *("-" if number is None else f"{number:.9f}" for number in numbers)]
    return b"\0".join([*parts, " ".join(figures).encode()])
