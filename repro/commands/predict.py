"""See a network at work on pictures: predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import options
from repro.commands.common import emit, size_of, tell
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.evaluation.predict import Boxes
    from repro.evaluation.request import EvaluationRequest

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
POSES = Path("poses")


def predict(
    model: options.ModelOrFile,
    images: options.Pictures,
    weights: options.Weights = None,
    box: options.PersonBoxes = None,
    boxes: options.BoxesFile = None,
    output: options.PosesDir = POSES,
    dataset: options.JointsOf = None,
    protocol: options.ProtocolOfPictures = None,
    size: options.SizeOrUsual = None,
    decode: options.DecodeOfPictures = None,
    flip: options.Flip = None,
    colour: options.Colour = None,
    normalise: options.Normalise = None,
    option: options.ModelOptions = None,
    least: options.LeastScore = 0.2,
    partial: options.AllowPartial = False,
    entry: options.Entry = None,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Draw the poses that a model finds on pictures, and write them in COCO's format.

    Without boxes a top-down model takes the whole picture as one.

    Example: repro predict litepose_s --weights litepose_s.pth photo.jpg
    """
    from repro.errors import ReproError
    from repro.evaluation import choice
    from repro.evaluation.request import TRUTH, Execution
    from repro.papers.lookup import parse_options

    network = size_of(size), parse_options(option or []), partial
    machine = Execution(device, 16, threads=threads)
    rules = {"decode": decode, "flip": flip, "colour": colour, "normalise": normalise}
    if model == TRUTH:
        raise ReproError("`truth` knows annotated images only.", "Take a model with weights.")
    _, request = choice.requested(
        model, weights, dataset, protocol, *network, machine, rules, entry
    )
    paths = pictures(images)
    persons = persons_of(request, paths, box or [], boxes)
    predict_and_tell(request, paths, persons, output, least, as_json)


def persons_of(
    request: "EvaluationRequest", paths: Sequence[Path], box: Sequence[str], boxes: Path | None
) -> "Boxes":
    """The boxes of the persons, as they are given; ReproError where they do not go together."""
    from repro.errors import ReproError
    from repro.evaluation.predict import parse_box, read_boxes

    if request.protocol.bottom_up and (box or boxes):
        raise ReproError(f"`{request.model}` finds persons by itself.", "Leave the boxes out.")
    if box and (boxes is not None or len(paths) > 1):
        raise ReproError(
            "--box is for one picture.", "Give a file with --boxes for several pictures."
        )
    if box:
        return {paths[0].name: [(parse_box(text), 1.0) for text in box]}
    return {} if boxes is None else read_boxes(boxes)


def predict_and_tell(
    request: "EvaluationRequest",
    paths: Sequence[Path],
    persons: "Boxes",
    output: Path,
    least: float,
    as_json: bool,
) -> None:
    """Find the poses, draw and write them, and say where they are."""
    from repro.evaluation import drawing, evaluator, predict
    from repro.report.terminal.progress import Steps

    with Steps(len(paths), "pictures", show=False) as steps:
        posed = predict.predict(request, paths, persons, steps)
    tell(evaluator.of_checkpoint(request))
    *overlays, poses = drawing.write(posed, request.protocol.skeleton, output, least)
    people = sum(len(picture.poses) for picture in posed)
    if as_json:
        emit("predict", people=people, poses=str(poses), overlays=list(map(str, overlays)))
        return
    for picture, overlay in zip(posed, overlays, strict=True):
        print(f"{picture.path.name}: {len(picture.poses)} persons, {overlay}")
    say(f"{people} persons on {len(posed)} pictures, {poses}")


def pictures(images: list[Path]) -> list[Path]:
    """The picture files that a user means: those named, and those in the folders named."""
    from repro.errors import ReproError

    files: list[Path] = []
    for path in images:
        if path.is_dir():
            inside = [one for one in sorted(path.iterdir()) if one.suffix.lower() in SUFFIXES]
            if not inside:
                raise ReproError(f"There are no pictures in `{path}`.", ", ".join(SUFFIXES))
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise ReproError(f"There is no picture `{path}`.", "Correct the path.")
    names = [path.stem for path in files]  # what is written is named after them
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ReproError(f"Two pictures are called `{twice}`.", "Take them one by one.")
    return files
