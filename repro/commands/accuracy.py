"""Accuracy: eval, score."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import data_options, options, score_options, settings
from repro.commands.common import console, emit, size_of, tell, tell_file, warn
from repro.commands.evaluating import (
    asked_of,
    boxes_of,
    evaluated,
    facts_of,
    geometry_of,
    nms_of,
    options_of,
)
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.commands.evaluating import Asked
    from repro.data.layout import Source
    from repro.evaluation.request import EvaluationRequest
    from repro.records.record import Record
    from repro.scoring.score import Score


def eval_(
    model: options.ModelFileOrTruth,
    data: options.DataDir = None,
    weights: options.Weights = None,
    dataset: options.Dataset = None,
    split: options.Split = None,
    protocol: options.Protocol = None,
    annotations: options.Annotations = None,
    images: options.Images = None,
    truth: options.HeadBoxes = None,
    boxes: options.Boxes = None,
    size: options.SizeOrUsual = None,
    decode: options.Decode = None,
    flip: options.Flip = None,
    shift: options.Shift = None,
    colour: options.Colour = None,
    normalise: options.Normalise = None,
    nms: options.Nms = None,
    padding: options.Padding = None,
    geometry: options.Geometry = None,
    udp: options.Udp = None,
    rescoring: options.Rescoring = None,
    joint_score: options.JointScore = None,
    box_score: options.LeastBoxScore = None,
    evaluator: options.Evaluator = None,
    exif: options.Exif = None,
    head: options.HeadName = None,
    layout: options.Layout = None,
    output_name: options.OutputName = None,
    remember: options.Remember = False,
    option: options.ModelOptions = None,
    partial: options.AllowPartial = False,
    entry: options.Entry = None,
    device: options.Device = "cpu",
    batch: options.Crops = 32,
    threads: options.Threads = None,
    loaders: options.Loaders = 2,
    target: options.Target = None,
    output: options.PosesFile = None,
    fresh: options.FreshEvaluation = False,
    store: options.StoreDir = options.RECORDS,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Evaluate a model on a data set: AP or PCKh with 95 % intervals.

    Example: repro eval shipped.onnx --data DATA --protocol all --target 68.8
    """
    from repro.evaluation.request import Execution

    rules: dict[str, object] = {"split": split, "decode": decode, "flip": flip, "shift": shift}
    rules |= {"colour": colour, "normalise": normalise, "padding": padding, "exif": exif}
    rules |= {"rescoring": rescoring, "joint_score": joint_score, "box_score": box_score}
    rules |= {"nms": nms_of(nms), "evaluator": evaluator, **geometry_of(geometry, udp)}
    rules["boxes"], detector = boxes_of(boxes)
    network = size_of(size), options_of(option), partial, Execution(device, batch, loaders, threads)
    named = {"annotations": annotations, "images": images, "boxes": detector, "truth": truth}
    said = rules, entry, facts_of(head, layout, output_name), remember
    asked = asked_of((model, weights, dataset), protocol, (*network, *said), data, named)
    tell_asked(asked, protocol, rules, target, output, fresh, store, as_json)


def tell_asked(
    asked: "tuple[Asked, Source]",
    protocol: str | None,
    rules: "Mapping[str, object]",
    target: str | None,
    output: Path | None,
    fresh: bool,
    store: Path,
    as_json: bool,
) -> None:
    """Evaluate by the one protocol that is named, or by several; see `repro.commands.settings`."""
    from repro.errors import ReproError
    from repro.papers.settings import ALL

    evaluations, files = asked
    if protocol == ALL or len(evaluations) > 1:
        fixed = [rule for rule, value in rules.items() if value is not None]
        tried = settings.tried(evaluations, files, fixed if protocol == ALL else None)
        settings.try_and_tell(evaluations, files, tried, target, output, fresh, store, as_json)
        return
    if target is not None:
        raise ReproError(
            f"A target of {target} asks for many settings.", "Add --protocol all, or a list."
        )
    name, request = evaluations[0]
    evaluate_and_tell(request, name, files, output, fresh, store, as_json)


def evaluate_and_tell(
    request: "EvaluationRequest",
    protocol: str,
    files: "Source",
    output: Path | None,
    fresh: bool,
    store: Path,
    as_json: bool,
) -> None:
    """Evaluate by a protocol, keep the record, and print it; copy the poses to `output`."""
    from repro.evaluation import evaluator, preparing
    from repro.records.store import Store
    from repro.report.terminal import accuracy_table

    prepared, records = preparing.prepare(request, files), Store(store)
    if not as_json:
        say(f"{evaluator.run_of(prepared)}")
        say(f"protocol {protocol}: {request.rules}")
        tell_file(request)
    words = prepared, output, fresh, records, not as_json
    record, remarks = evaluated(request, files, *words)
    warn(records)
    tell(remarks)
    if as_json:
        facts = accuracy_table.described(record, protocol)
        said = {"pixels": request.pixels, "file": request.file_facts, "remarks": remarks}
        emit("eval", **facts, **said, records=[record])
    else:
        console().print(accuracy_table.shown(record))


def score(
    dataset: score_options.ScoredDataset,
    results: score_options.ResultsOfOthers,
    annotations: score_options.ScoredAnnotations = None,
    zero_based: score_options.ZeroBased = False,
    resamples: score_options.Resamples = 1000,
    as_json: options.Json = False,
) -> None:
    """Score any results file, as the official evaluation does.

    Example: repro score coco --annotations person_keypoints_val2017.json --results poses.json
    """
    from repro.data import own_dataset
    from repro.errors import ReproError
    from repro.report.terminal import accuracy_table
    from repro.scoring.score import score

    annotations = annotations or own_dataset.annotations_of(dataset)
    if annotations is None:
        raise ReproError("The annotations are not named.", "Give them: --annotations FILE.")
    data_set = own_dataset.found(dataset) or dataset
    scores = score(data_set, annotations, results, zero_based, resamples=resamples)
    tell(scores.remarks)
    if as_json:
        emit("score", **scores.described(), records=records_of(scores))
    else:
        console().print(accuracy_table.scored(scores))


def records_of(score: "Score") -> "list[Record]":
    """A score as a record, if it has a figure; no store keeps it, so that it has no key."""
    from repro import env
    from repro.records.record import Record

    data = {"dataset": score.dataset, "images": score.images, "people": score.people}
    spec = {"kind": "score", "data": data, "evaluator": score.evaluator}
    figures = score.measurements
    record = Record("", spec, figures, env.fingerprint(), remarks=score.remarks)
    return [record] if figures else []
