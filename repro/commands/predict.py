"""See a network at work on pictures and videos: predict."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import data_options, options
from repro.commands.common import emit, size_of, tell, tell_file
from repro.commands.evaluating import facts_of, geometry_of, options_of
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.errors import RunError
    from repro.evaluation.detector import Detector
    from repro.evaluation.inputs import NamedInput
    from repro.evaluation.predict import Boxes
    from repro.evaluation.prediction_run import PredictionRun
    from repro.evaluation.request import EvaluationRequest

POSES = Path("poses")


def predict(
    model: options.ModelOrFile,
    images: options.Pictures,
    weights: options.Weights = None,
    box: options.PersonBoxes = None,
    boxes: options.BoxesFile = None,
    detector: options.DetectorFile = None,
    box_score: options.BoxScore = 0.3,
    box_overlap: options.BoxOverlap = 0.65,
    person_class: options.PersonClass = None,
    detector_colour: options.DetectorColour = None,
    detector_normalise: options.DetectorNormalise = None,
    recursive: options.Recursive = False,
    every: options.EveryFrame = 1,
    output: options.PosesDir = POSES,
    dataset: options.JointsOf = None,
    protocol: options.ProtocolOfPictures = None,
    size: options.SizeOrUsual = None,
    decode: options.DecodeOfPictures = None,
    flip: options.Flip = None,
    colour: options.Colour = None,
    normalise: options.Normalise = None,
    geometry: options.Geometry = None,
    exif: options.ExifOfPictures = "apply",
    head: options.HeadName = None,
    layout: options.Layout = None,
    output_name: options.OutputName = None,
    remember: options.Remember = False,
    option: options.ModelOptions = None,
    least: options.LeastScore = 0.2,
    partial: options.AllowPartial = False,
    entry: options.Entry = None,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Draw the poses that a model finds on pictures and videos, and write them in COCO's format.

    A top-down model looks into boxes, yours or a detector's; without both it takes a whole picture
    as one person. Of a video each frame is a picture. A picture that cannot be read stops no
    other: then the exit code is 6.

    Example: repro predict litepose_s --weights litepose_s.pth photo.jpg
    """
    from repro.evaluation import choice, inputs, prediction_run
    from repro.evaluation.request import Execution

    network = size_of(size), options_of(option), partial, Execution(device, threads=threads)
    rules: dict[str, object] = {"decode": decode, "flip": flip, "colour": colour}
    rules |= {"normalise": normalise, "exif": exif, **geometry_of(geometry, None)}
    refuse_truth(model)
    words = model, weights, dataset, protocol, *network, rules, entry
    name, request = choice.requested(*words, facts_of(head, layout, output_name), remember)
    named = inputs.named(images, recursive, output)
    persons = persons_of(request, [one.name for one in named], box or [], boxes, detector)
    told = box_score, box_overlap, person_class, detector_colour, detector_normalise
    finder = detector_of(request, detector, *told)
    run = prediction_run.PredictionRun(request, output, least, persons, finder, every, box_score)
    predict_and_tell(run, named, name, as_json)


def refuse_truth(model: str) -> None:
    """Raise ReproError for the annotations, which no picture of a user's has."""
    from repro.errors import ReproError
    from repro.evaluation.request import TRUTH

    if model == TRUTH:
        raise ReproError("`truth` knows annotated images only.", "Take a model with weights.")


def detector_of(
    request: "EvaluationRequest",
    path: Path | None,
    score: float,
    overlap: float,
    person: int | None,
    colour: str | None,
    normalise: str | None,
) -> "Detector | None":
    """The detector of a file, with what the user says of it; None where none is given."""
    from repro.evaluation import detector
    from repro.evaluation.detector import DetectorSettings

    settings = DetectorSettings(score, overlap, person, colour, normalise)
    return None if path is None else detector.opened(path, settings, request.execution.threads)


def persons_of(
    request: "EvaluationRequest",
    names: Sequence[str],
    box: Sequence[str],
    boxes: Path | None,
    detector: Path | None,
) -> "Boxes":
    """The boxes of the persons, as they are given; ReproError where they do not go together."""
    from repro.errors import ReproError
    from repro.evaluation.predict import boxes_by_picture, parse_box, read_boxes

    if request.protocol.bottom_up and (box or boxes or detector):
        raise ReproError(f"`{request.model}` finds persons by itself.", "Leave the boxes out.")
    if detector is not None and (box or boxes):
        raise ReproError("Boxes are given, and a detector that finds them.", "Take one of the two.")
    if box and (boxes is not None or len(names) > 1):
        raise ReproError(
            "--box is for one picture.", "Give a file with --boxes for several pictures."
        )
    if box:
        return {names[0]: [(parse_box(text), 1.0) for text in box]}
    return {} if boxes is None else boxes_by_picture(read_boxes(boxes), names)


def predict_and_tell(
    run: "PredictionRun", inputs: "Sequence[NamedInput]", protocol: str, as_json: bool
) -> None:
    """Find the poses by a protocol of that name, draw and write them, and say where they are."""
    from repro.errors import RunError

    if not as_json:
        say(f"protocol {protocol}: {run.predictor.request.rules}")
        tell_file(run.predictor.request)
    try:
        for given in inputs:
            before = len(run.done)
            one_input(run, given, show=not as_json)
            for done in run.done[before:] if not as_json else ():
                put(done)
    except (KeyboardInterrupt, RunError):
        if run.file.images:
            say(f"{run.people} persons so far, {run.finish()}")
        raise
    if not run.done:
        raise next(iter(run.failed.values()))
    poses, remarks = run.finish(), run.remarks()
    tell(remarks)
    if as_json:
        emit(
            "predict",
            people=run.people,
            poses=str(poses),
            overlays=[str(done.overlay) for done in run.done],
            failed={name: str(error) for name, error in run.failed.items()},
            pixels=run.predictor.request.pixels,
            file=run.predictor.request.file_facts,
            remarks=remarks,
        )
    else:
        say(f"{run.people} persons on {len(run.file.images)} pictures, {poses}")
    if run.failed:
        raise failure(run)


def one_input(run: "PredictionRun", given: "NamedInput", show: bool) -> None:
    """Find the poses on one picture or video."""
    from repro.evaluation.videos import Video
    from repro.report.terminal.progress import Steps

    if not given.is_video:
        run.picture(given)
        return
    with Steps(Video.length(given.path), "frames", show) as steps:
        run.video(given, steps)


def failure(run: "PredictionRun") -> "RunError":
    """The error for inputs that cannot be read, when the others are done."""
    from repro.errors import RunError

    count, total = len(run.failed), len(run.failed) + len(run.done)
    first = next(iter(run.failed.values()))
    return RunError(f"{count} of {total} pictures could not be read: {first}", first.hint)
