"""Networks in 8 bits, held against themselves in floats: quantise."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import data_options, export_options, options, quantise_options, timing_options
from repro.commands.common import complain, console, emit, size_of, tell, warn
from repro.files import temporary_folder
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.data.layout import Source
    from repro.evaluation.request import EvaluationRequest
    from repro.papers.values import Options, Size
    from repro.quantising.measuring import Clock, PairedAccuracy, PairedSpeed
    from repro.quantising.request import QuantisationRequest
    from repro.quantising.writing import QuantisedFile
    from repro.records.record import Record
    from repro.records.remarks import Remark

NOBODY = 3


def quantise(
    network: options.ModelOrFile,
    output: export_options.ExportedTo,
    calibrate: quantise_options.CalibrationDir,
    pictures: quantise_options.CalibrationCount = 100,
    people: quantise_options.CalibrationPeople = None,
    method: quantise_options.Method = "onnxruntime",
    annotations: quantise_options.EvaluatedOn = None,
    images: quantise_options.EvaluatedImages = None,
    boxes: quantise_options.BoxFile = None,
    truth: options.HeadBoxes = None,
    weights: options.Weights = None,
    size: options.SizeOrUsual = None,
    dataset: options.JointsOf = None,
    protocol: options.ProtocolOfPictures = None,
    decode: options.DecodeOfPictures = None,
    flip: options.Flip = None,
    colour: options.Colour = None,
    normalise: options.Normalise = None,
    output_name: options.OutputName = None,
    option: options.ModelOptions = None,
    partial: options.AllowPartial = False,
    entry: options.Entry = None,
    seed: quantise_options.DrawnBy = 0,
    no_speed: quantise_options.NoSpeed = False,
    budget: quantise_options.SpeedBudget = None,
    threads: timing_options.TimedThreads = None,
    force: export_options.Overwrite = False,
    store: options.StoreDir = options.RECORDS,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Make a network int8, and hold it against itself in floats, in one row.

    Size, speed, how far outputs and layers are off and, with --annotations, accuracy. The row is
    kept for `repro report`. Where int8 finds nobody there is no row, and the exit code is 3.

    Example: repro quantise net.onnx -o net.int8.onnx --calibrate DIR --annotations val.json
    """
    from repro.papers.lookup import parse_options
    from repro.quantising.measuring import Clock
    from repro.quantising.request import QuantisationRequest, check_files

    check_files(output, calibrate, method, force)
    rules = {"decode": decode, "flip": flip, "colour": colour, "normalise": normalise}
    with temporary_folder() as folder:
        export = dataset, protocol, weights, size_of(size), parse_options(option or []), partial
        path, said = in_floats(network, *export, entry, folder, as_json)
        asked = annotations, dataset, protocol, size_of(size), threads, rules, output_name, boxes
        evaluation = looked_at(path, *asked, as_json)
        drawn = calibrate, people or annotations, pictures, method, seed, force
        request = QuantisationRequest(evaluation, output, *drawn)
        source = evaluated_on(evaluation, annotations, images or calibrate, boxes, truth)
        clock = None if no_speed else Clock(threads, budget)
        said += overlap(source, calibrate)
        quantise_and_tell(request, source, clock, said, store, as_json)


def in_floats(
    network: str,
    dataset: str | None,
    protocol: str | None,
    weights: Path | None,
    size: "Size | None",
    chosen: "Options",
    partial: bool,
    entry: str | None,
    folder: Path,
    as_json: bool,
) -> "tuple[Path, tuple[Remark, ...]]":
    """The file of the network in floats: the one named, or a model's, exported into a folder."""
    from repro.errors import ReproError
    from repro.exported.opening import is_network_file
    from repro.exporting.request import requested
    from repro.exporting.writing import export

    if is_network_file(network):
        if weights is not None or chosen or partial or entry is not None:
            raise ReproError(
                f"`{network}` is what it is: it takes no weights and no options.",
                "Leave --weights, --option, --allow-partial and --entry out.",
            )
        return Path(network), ()
    words = weights, size, dataset, protocol, None, chosen, partial
    request = requested(network, folder / f"{network}.onnx", *words, entry=entry)
    if not as_json:
        say(f"exporting {network} {request.size[0]}x{request.size[1]}")
    made = export(request)
    return made.path, made.remarks


def looked_at(
    path: Path,
    annotations: Path | None,
    dataset: str | None,
    protocol: str | None,
    size: "Size | None",
    threads: int | None,
    rules: Mapping[str, object],
    output_name: str | None,
    boxes: Path | None,
    as_json: bool,
) -> "EvaluationRequest":
    """The evaluation of a file by the rules that are given, else its own."""
    from repro.evaluation import choice
    from repro.evaluation.request import Execution
    from repro.exported.side_file import SideFacts
    from repro.quantising.request import with_boxes

    data_set = choice.dataset_of(dataset, protocol, annotations)
    machine = Execution(threads=threads)
    facts = SideFacts(output=output_name)
    name, evaluation = choice.requested(
        str(path), None, data_set, protocol, size, {}, False, machine, rules, None, facts
    )
    evaluation = with_boxes(evaluation, boxes)
    if not as_json:
        say(f"protocol {name}: {evaluation.rules}")
    return evaluation


def evaluated_on(
    evaluation: "EvaluationRequest",
    annotations: Path | None,
    images: Path,
    boxes: Path | None,
    truth: Path | None,
) -> "Source | None":
    """The files that both networks are evaluated on; None without annotations."""
    from repro.evaluation import choice
    from repro.quantising import measuring

    if annotations is None:
        return None
    named = {"annotations": annotations, "images": images, "boxes": boxes, "truth": truth}
    source = choice.source(evaluation.protocol, None, named)
    measuring.check_images(evaluation, source)
    return source


def overlap(source: "Source | None", calibrate: Path) -> "tuple[Remark, ...]":
    """What there is to say where a network is evaluated on pictures that it is calibrated on."""
    from repro.records.remarks import Remark

    if source is None or source.images.resolve() != calibrate.resolve():
        return ()
    text = "The evaluated pictures are those of the calibration, which sees ranges of values only."
    return (Remark("pictures", text),)


def quantise_and_tell(
    request: "QuantisationRequest",
    source: "Source | None",
    clock: "Clock | None",
    said: "tuple[Remark, ...]",
    store: Path,
    as_json: bool,
) -> None:
    """Make the file, measure it, keep the row, and print it; exit by what became of it."""
    from repro.errors import ReproError
    from repro.quantising import measuring, row, writing
    from repro.records.store import Store
    from repro.report.terminal.progress import Steps, TerminalWatch

    records = Store(store)
    records.check()
    watch = TerminalWatch(show=not as_json)
    file = writing.quantised(request, lambda total, what: Steps(total, what, not as_json))
    pair = None
    if source is not None:
        pair = measuring.accuracy(request, source, records, watch)
    speed, failure = None, None
    try:
        speed = None if clock is None else measuring.speed(request, clock, records, watch)
    except ReproError as error:  # what is known besides is told before
        failure = error
    why = row.nobody(file, pair)
    record = row.record(file, pair, speed)
    if not why:
        records.add(record)
    warn(records)
    remarks = tuple(dict.fromkeys((*said, *file.remarks)))
    tell(remarks)
    code = NOBODY if why else failure.exit_code if failure else 0
    if as_json:
        kept = {"records": [] if why else [record], "remarks": remarks}
        emit("quantise", **described(file, pair, speed), nobody=why or None, **kept, exit=code)
    else:
        show(file, record, why)
    if failure is not None:
        complain(failure)
    raise typer.Exit(code)


def show(file: "QuantisedFile", record: "Record", why: str) -> None:
    """The file, and the row or why there is none."""
    from repro.report import quantised_rows
    from repro.report.terminal import quantised_table

    put(f"{file.path}: {file.size:,} bytes, sha256 {file.sha256}")
    row = quantised_rows.row(record)
    if why:
        say(why)
        say("its layers tell where it is lost; another --method or more --pictures may do")
        console().print(quantised_table.layers(row.groups))
    else:
        console().print(quantised_table.table(row))


def described(
    file: "QuantisedFile", pair: "PairedAccuracy | None", speed: "PairedSpeed | None"
) -> dict[str, object]:
    """What was made and measured, as plain data."""
    from dataclasses import asdict

    apart, drawn = file.deviation, file.drawn
    return {
        "file": str(file.path),
        "sha256": file.sha256,
        "size": file.size,
        "method": file.method,
        "metadata": dict(file.metadata),
        "floats": {
            "file": file.float_name,
            "sha256": file.float_sha256,
            "size": file.float_size,
        },
        "calibration": {
            "count": len(drawn.calibration),
            "total": drawn.total,
            "unit": drawn.unit,
            "sha256": file.calibration_sha256,
        },
        "deviation": {
            "inputs": apart.inputs,
            "layers": apart.layers,
            "compared": apart.compared,
            "outputs": [asdict(one) for one in apart.outputs],
            "groups": [asdict(one) for one in apart.groups],
        },
        "speed": None if speed is None else gain(speed),
        "accuracy": None if pair is None else change(pair),
    }


def gain(speed: "PairedSpeed") -> dict[str, object]:
    """How many times as fast int8 is, as plain data."""
    one = speed.ratio
    reason = {"reason": one.reason} if one.reason else {}
    value = {"value": 1 / one.value, "low": 1 / one.high, "high": 1 / one.low}
    return {**value, "verdict": one.verdict, **reason, "record": speed.record.key}


def change(pair: "PairedAccuracy") -> dict[str, object]:
    """What becomes of accuracy, as plain data."""
    one = pair.difference
    floats, int8 = pair.values
    apart = {} if one is None else {"difference": one.value, "low": one.low, "high": one.high}
    keys = [pair.floats.key, pair.int8.key]
    return {"metric": pair.metric, "floats": floats, "int8": int8, **apart, "records": keys}
