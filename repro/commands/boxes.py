"""Find the persons that top-down networks look at: boxes."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.commands import data_options, export_options, options
from repro.commands.common import emit, tell
from repro.report.terminal.console import put

if TYPE_CHECKING:
    from repro.evaluation.box_run import BoxRun


def boxes(
    detector: options.BoxDetector,
    images: options.BoxedImages,
    output: options.BoxesTo,
    annotations: options.ImageList = None,
    box_score: options.BoxScore = 0.3,
    box_overlap: options.BoxOverlap = 0.65,
    person_class: options.PersonClass = None,
    detector_colour: options.DetectorColour = None,
    detector_normalise: options.DetectorNormalise = None,
    recursive: options.Recursive = False,
    exif: options.ExifOfBoxes = "ignore",
    force: export_options.Overwrite = False,
    threads: options.Threads = None,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Write the persons that a detector finds on pictures, in COCO's form, for `eval --boxes`.

    Image ids are those of the annotation file where one is given. A picture that cannot be read
    stops no other: then the exit code is 6.

    Example: repro boxes yolox_s.onnx --images val2017 --annotations val.json -o boxes.json
    """
    from repro.errors import ReproError, unknown
    from repro.evaluation import box_run
    from repro.evaluation.detector import DetectorSettings, opened
    from repro.papers.protocol import EXIF

    if exif not in EXIF:
        raise unknown("rule for turned pictures", exif, EXIF)
    if output.exists() and not force:
        raise ReproError(f"`{output}` is there already.", "Name another file, or add --force.")
    if annotations is None:
        given = box_run.in_folder(images, recursive)
    else:
        given = box_run.of_file(annotations, images, exif)
    settings = DetectorSettings(
        box_score, box_overlap, person_class, detector_colour, detector_normalise
    )
    run = box_run.BoxRun(opened(detector, settings, threads), given, exif)
    find_and_tell(run, output, as_json)


def find_and_tell(run: "BoxRun", output: Path, as_json: bool) -> None:
    """Look at every picture, write the boxes, and say what became of it."""
    from repro.errors import RunError
    from repro.report.terminal.progress import Steps

    pictures = run.given.pictures
    with Steps(len(pictures), "pictures", show=not as_json) as steps:
        for one in pictures:
            run.picture(one)
            steps()
    if not run.done:
        raise next(iter(run.failed.values()))
    run.write(output)
    remarks = run.remarks()
    tell(remarks)
    if as_json:
        emit(
            "boxes",
            boxes=len(run.rows),
            pictures=run.done,
            empty=run.empty,
            file=str(output),
            failed={name: str(error) for name, error in run.failed.items()},
            remarks=remarks,
        )
    else:
        put(f"{len(run.rows):,} boxes on {run.done:,} pictures, {output}")
    if run.failed:
        first = next(iter(run.failed.values()))
        count = f"{len(run.failed)} of {len(pictures)}"
        raise RunError(f"{count} pictures could not be read: {first}", first.hint)
