"""Accuracy: eval, score."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import options
from repro.commands.common import console, emit, options_of, size_of, tell, tell_file, warn
from repro.report.terminal.console import say

if TYPE_CHECKING:
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
    udp: options.Udp = None,
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
    output: options.PosesFile = None,
    fresh: options.FreshEvaluation = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Evaluate a model on a data set: AP or PCKh with 95 % intervals.

    Example: repro eval lpn_50 --weights lpn_50_256x192.pth --data DATA
    """
    from repro.data import own_dataset
    from repro.evaluation import choice
    from repro.evaluation.request import Execution
    from repro.exported.side_file import SideFacts

    annotations = annotations or own_dataset.annotations_of(dataset)
    data_set = choice.dataset_of(dataset, protocol, annotations)
    detector, kind = boxes_of(boxes)
    rules: dict[str, object] = {"split": split, "boxes": kind, "decode": decode, "flip": flip}
    rules |= {"shift": shift, "colour": colour, "normalise": normalise}
    rules |= {"nms": nms, "udp": udp, "padding": padding, "exif": exif}
    facts = SideFacts(head=head, layout=layout, output=output_name)
    network = size_of(size), options_of(option), partial, Execution(device, batch, loaders, threads)
    words = model, weights, data_set, protocol, *network, rules, entry, facts, remember
    name, request = choice.requested(*words)
    named = {"annotations": annotations, "images": images, "boxes": detector, "truth": truth}
    files = choice.source(request.protocol, data, named)
    name, request = choice.on_files(name, request, files)
    evaluate_and_tell(request, name, files, output, fresh, store, as_json)


def boxes_of(word: str | None) -> tuple[Path | None, str | None]:
    """A detector's file, and what a protocol calls the boxes; None where it says them itself."""
    if word in ("gt", "ground truth"):
        return None, "ground truth"
    return (None, None) if word is None else (Path(word), Path(word).name)


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

    from repro.evaluation import evaluator, pipeline, predictions
    from repro.exported.form import ABOUT
    from repro.plan import single
    from repro.records.store import Store
    from repro.report.terminal import accuracy_table
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out

    prepared, records = pipeline.prepare(request, files), Store(store)
    run = evaluator.run_of(prepared)
    if not as_json:
        say(f"{run}")
        say(f"protocol {protocol}: {request.rules}")
        tell_file(request)
    known = records.find(run)
    others = () if known is None else evaluator.other_pictures(known, prepared)
    plan = single(run, records, (request, files), fresh or bool(others))
    record = carry_out(plan, records, TerminalWatch(show=not as_json)).only
    if output is not None:
        predictions.copy(records.artifacts(record.key), output)
    warn(records)
    # of what a file leaves open the record may say otherwise: it was made where that was not given
    kept = (one for one in record.remarks if one.about != ABOUT)
    remarks = (*request.remarks, *kept, *others)
    tell(remarks)
    if as_json:
        facts = accuracy_table.described(record, protocol)
        said = {"pixels": request.pixels, "file": request.file_facts, "remarks": remarks}
        emit("eval", **facts, **said, records=[record])
    else:
        console().print(accuracy_table.shown(record))


def score(
    dataset: options.ScoredDataset,
    results: options.ResultsOfOthers,
    annotations: options.ScoredAnnotations = None,
    zero_based: options.ZeroBased = False,
    resamples: options.Resamples = 1000,
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
