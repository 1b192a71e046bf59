"""The options and arguments of `quantise`, each named once: its form, its range, its help."""

from pathlib import Path
from typing import Annotated

from typer import Option

from repro.commands.limits import LONGEST
from repro.commands.option_checks import finite

CalibrationDir = Annotated[
    Path, Option("--calibrate", help="Folder of pictures like those that it will see.")
]
CalibrationCount = Annotated[
    int,
    Option("--pictures", min=1, max=10_000, help="Crops or pictures to calibrate on, drawn."),
]
CalibrationPeople = Annotated[
    Path | None,
    Option(
        "--calibrate-annotations",
        help="Persons on those pictures, for crops; --annotations by default.",
    ),
]
Method = Annotated[str, Option(help="onnxruntime, or nncf.")]
DrawnBy = Annotated[int, Option(min=0, max=2**31, help="By which pictures are drawn.")]
EvaluatedOn = Annotated[
    Path | None, Option("--annotations", help="Evaluate both networks on this annotation file.")
]
EvaluatedImages = Annotated[
    Path | None, Option("--images", help="Folder of its images; that of --calibrate by default.")
]
BoxFile = Annotated[
    Path | None, Option("--boxes", help="A detector's json file; ground truth by default.")
]
SpeedBudget = Annotated[
    float | None,
    Option("--budget", min=1, max=LONGEST, callback=finite, help="Seconds of the timing."),
]
NoSpeed = Annotated[bool, Option("--no-speed", help="Time nothing.")]
