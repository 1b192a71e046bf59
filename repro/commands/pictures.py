"""See a network at work on pictures: predict."""

from pathlib import Path
from typing import Annotated

import typer

from repro.commands.common import Json, emit, finite, say

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


def predict(
    model: Annotated[str, typer.Argument(help="A model, or an exported FILE.onnx.")],
    images: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    weights: Annotated[Path | None, typer.Option(help="A checkpoint of the model.")] = None,
    box: Annotated[
        list[str] | None, typer.Option(help="left,top,width,height of a person, for one picture.")
    ] = None,
    boxes: Annotated[
        Path | None, typer.Option(help="A json list of {file_name, bbox, score}.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder of what is written.")] = Path("poses"),
    dataset: Annotated[
        str | None, typer.Option(help="Whose joints: coco, crowdpose or mpii.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="As in paper2/coco-val2017.")] = None,
    size: Annotated[str | None, typer.Option("--input", help="Height x width.")] = None,
    decode: Annotated[str | None, typer.Option(help="argmax+quarter, DARK ...")] = None,
    flip: Annotated[bool | None, typer.Option("--flip/--no-flip", help="Flip test.")] = None,
    colour: Annotated[str | None, typer.Option(help="RGB or BGR.")] = None,
    normalise: Annotated[
        str | None, typer.Option(help="ImageNet, 128/256, 0..1, -1..1 or 0..255.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="An option of the model, as in `attention=se`.")
    ] = None,
    least: Annotated[
        float,
        typer.Option(min=0, callback=finite, help="Score below which a joint is not drawn."),
    ] = 0.2,
    partial: Annotated[
        bool, typer.Option("--allow-partial", help="Load what fits of a checkpoint.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="Of the network.")] = None,
    as_json: Json = False,
) -> None:
    """Draw the poses that a model finds on pictures, and write them in COCO's format.

    Without boxes a top-down model takes the whole picture as one.

    Example: repro predict litepose_s --weights litepose_s.pth photo.jpg
    """
    from repro.errors import ReproError
    from repro.evaluation import request
    from repro.evaluation.execution import Execution
    from repro.papers import protocol_choice
    from repro.papers.lookup import parse_options, parse_size
    from repro.papers.protocol import changed

    network, file = request.model_of(model, weights)
    if network == request.TRUTH:
        raise ReproError("`truth` knows annotated images only.", "Take a model with weights.")
    _, found = protocol_choice.chosen(network, dataset, protocol)
    if network == request.ONNX and file is not None:
        from repro.evaluation import sizes

        found = sizes.as_exported(found, file)
    found = changed(found, decode=decode, flip=flip, colour=colour, normalise=normalise)
    look = request.EvaluationRequest(
        network,
        file,
        found,
        parse_size(size) if size else None,
        parse_options(option or []),
        partial=partial,
        execution=Execution(device, 16, threads=threads),
    )
    paths = pictures(images)
    if found.bottom_up and (box or boxes):
        raise ReproError(f"`{model}` finds persons by itself.", "Leave the boxes out.")
    if box and (boxes is not None or len(paths) > 1):
        raise ReproError(
            "--box is for one picture.", "Give a file with --boxes for several pictures."
        )
    from repro.evaluation import drawing, predict

    given: predict.Boxes = {} if boxes is None else predict.read_boxes(boxes)
    if box:
        given = {paths[0].name: [(predict.parse_box(text), 1.0) for text in box]}
    from repro.report.terminal.progress import Steps

    with Steps(len(paths), "pictures", show=False) as tell:
        seen = predict.look_at(look, paths, given, tell)
    written = drawing.write(seen, found.skeleton, output, least)
    people = sum(len(one.poses) for one in seen)
    if as_json:
        emit(
            "predict", people=people, poses=str(written[-1]), overlays=list(map(str, written[:-1]))
        )
        return
    for one, path in zip(seen, written, strict=False):
        print(f"{one.path.name}: {len(one.poses)} persons, {path}")
    say(f"{people} persons on {len(seen)} pictures, {written[-1]}")


def pictures(images: list[Path]) -> list[Path]:
    """The picture files that a user means: those named, and those in the folders named."""
    from repro.errors import ReproError

    found: list[Path] = []
    for path in images:
        if path.is_dir():
            inside = [one for one in sorted(path.iterdir()) if one.suffix.lower() in SUFFIXES]
            if not inside:
                raise ReproError(f"There are no pictures in `{path}`.", ", ".join(SUFFIXES))
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ReproError(f"There is no picture `{path}`.", "Correct the path.")
    names = [path.stem for path in found]  # what is written is named after them
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ReproError(f"Two pictures are called `{twice}`.", "Take them one by one.")
    return found
