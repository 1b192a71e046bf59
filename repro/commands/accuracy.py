"""Accuracy: eval, score."""

from pathlib import Path
from typing import Annotated

import typer

from repro.commands.common import RECORDS, DataDir, Json, StoreDir, console, emit, say, warn


def eval_(
    model: Annotated[
        str, typer.Argument(help="A model, an exported FILE.onnx, or `truth` for a perfect one.")
    ],
    data: DataDir = None,
    weights: Annotated[Path | None, typer.Option(help="A checkpoint of the model.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="coco, crowdpose, mpii, synth or synth-crowdpose.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="val2017, test, val ...")] = None,
    protocol: Annotated[
        str | None, typer.Option(help="A protocol such as paper2/coco-val2017; else the model's.")
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="An annotation file by name.")] = None,
    images: Annotated[Path | None, typer.Option(help="The folder of its images.")] = None,
    truth: Annotated[Path | None, typer.Option(help="MPII: mpii_gt_valid.mat.")] = None,
    boxes: Annotated[
        str | None, typer.Option(help="A detector's json file, or `gt` for ground truth.")
    ] = None,
    size: Annotated[str | None, typer.Option("--input", help="Height x width.")] = None,
    decode: Annotated[
        str | None, typer.Option(help="argmax, argmax+quarter, DARK, beta-soft-argmax(160) ...")
    ] = None,
    flip: Annotated[bool | None, typer.Option("--flip/--no-flip", help="Flip test.")] = None,
    shift: Annotated[
        bool | None, typer.Option("--shift/--no-shift", help="Shift of the flipped maps.")
    ] = None,
    colour: Annotated[str | None, typer.Option(help="RGB or BGR.")] = None,
    normalise: Annotated[
        str | None, typer.Option(help="ImageNet, 128/256, 0..1, -1..1 or 0..255.")
    ] = None,
    nms: Annotated[float | None, typer.Option(help="OKS above which persons are one.")] = None,
    padding: Annotated[float | None, typer.Option(help="Of the boxes, 1.25 as a rule.")] = None,
    udp: Annotated[bool | None, typer.Option("--udp/--no-udp", help="UDP geometry.")] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the model, as in `attention=se`.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--allow-partial", help="Load what fits of a checkpoint.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    batch: Annotated[int, typer.Option(min=1, help="Crops at a time.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the network.")] = None,
    loaders: Annotated[int, typer.Option(min=1, max=64, help="Threads that load images.")] = 2,
    output: Annotated[Path | None, typer.Option(help="Write the poses, COCO format.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Evaluate again from the start, keep both.")
    ] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Evaluate a model on a data set: AP or PCKh with 95 % intervals.

    Example: repro eval lpn_50 --weights lpn_50_256x192.pth --data DATA
    """
    from repro.evaluation import asking, request
    from repro.evaluation.execution import Execution
    from repro.papers.lookup import parse_options, parse_size
    from repro.records.store import Store

    gt = "ground truth" if boxes in ("gt", "ground truth") else None
    detector = Path(boxes) if boxes is not None and gt is None else None
    name, look = asking.looked(
        model,
        weights,
        dataset,
        protocol,
        parse_size(size) if size else None,
        parse_options(option or []),
        partial,
        Execution(device, batch, loaders, threads),
        split=split,
        boxes=gt or (detector.name if detector else None),
        **{"decode": decode, "flip": flip, "shift": shift, "colour": colour},
        **{"normalise": normalise, "nms": nms, "udp": udp, "padding": padding},
    )
    named = {"annotations": annotations, "images": images, "boxes": detector, "truth": truth}
    files = request.source(look.protocol, data, named)
    from repro import plan
    from repro.evaluation import evaluator, pipeline, predictions
    from repro.report.terminal import accuracy_table
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out

    run = evaluator.run_of(pipeline.prepare(look, files))
    kept = Store(store)
    if not as_json:
        say(f"{run}")
        say(f"protocol {name}: {look.protocol}")
    graph = plan.single(run, kept, (look, files), fresh)
    record = carry_out(graph, kept, TerminalWatch(show=not as_json)).only
    if output is not None:
        predictions.copy(kept.artifacts(record.key), output)
    warn(kept)
    if as_json:
        emit("eval", **accuracy_table.described(record, name))
    else:
        console().print(accuracy_table.shown(record))


def score(
    dataset: Annotated[str, typer.Argument(help="coco, crowdpose or mpii.")],
    annotations: Annotated[Path, typer.Option(help="The data set's annotation file.")],
    results: Annotated[Path, typer.Option(help="Poses in the data set's own format.")],
    zero_based: Annotated[
        bool, typer.Option("--zero-based", help="MPII: add 1 to every coordinate.")
    ] = False,
    resamples: Annotated[
        int, typer.Option(min=0, max=100_000, help="For the intervals; 0: none.")
    ] = 1000,
    as_json: Json = False,
) -> None:
    """Score any results file, as the official evaluation does.

    Example: repro score coco --annotations person_keypoints_val2017.json --results poses.json
    """
    from repro.report.terminal import accuracy_table
    from repro.scoring.score import score as scored

    found = scored(dataset, annotations, results, zero_based, resamples=resamples)
    if as_json:
        emit("score", **found.described())
    else:
        console().print(accuracy_table.scored(found))
