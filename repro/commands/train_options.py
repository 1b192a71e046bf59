"""The options of trainings, each named once; see `options` for what commands share."""

from pathlib import Path
from typing import Annotated

from typer import Option

from repro.commands.limits import MOST, MOST_EPOCHS, MOST_THREADS
from repro.commands.option_checks import finite, screened

Recipe = Annotated[str, Option(help="paper, official, or another of the study.")]
TrainedOn = Annotated[Path | None, Option(help="What to train on.")]
EvaluatedOn = Annotated[Path | None, Option(help="What to evaluate on.")]
Epochs = Annotated[int | None, Option(min=1, max=MOST_EPOCHS, help="Instead of the recipe's.")]
Samples = Annotated[int | None, Option(min=1, max=2**20, help="Samples of a step, in all.")]
LearningRate = Annotated[
    float | None, Option(callback=finite, help="Learning rate instead of the recipe's.")
]
Loss = Annotated[str | None, Option(help="Instead of the recipe's: NAME or NAME:SETTING=VALUE.")]
EvaluateEvery = Annotated[int | None, Option(min=1, max=MOST, help="Epochs.")]
ScaleSchedule = Annotated[
    bool,
    Option("--scale-schedule", help="Milestones and warm-up at the same shares of the epochs."),
]
HoldOut = Annotated[
    float,
    Option(
        min=0,
        max=0.9,
        callback=finite,
        help="Of the pictures, to evaluate on, where --annotations is all that is given; 0: none.",
    ),
]
RecipeFields = Annotated[
    list[str] | None,
    Option("--set", help="Any other field, as in `rotation_factor=0`, `milestones=90+110`."),
]
Accumulate = Annotated[
    int, Option(min=1, max=2**20, help="Parts that a step is seen in, for small memories.")
]
StartWeights = Annotated[Path | None, Option(callback=screened, help="A checkpoint to begin with.")]
AllowPartialStart = Annotated[bool, Option("--allow-partial", help="Load what fits of it.")]
Seed = Annotated[int, Option(min=0, max=2**31)]
DeviceOrAuto = Annotated[str, Option(help="cpu, cuda, or auto.")]
Devices = Annotated[int, Option(min=1, max=MOST_THREADS, help="Processes, one a device.")]
Precision = Annotated[str, Option(help="fp32, bf16 or fp64.")]
Workers = Annotated[int, Option(min=0, max=256, help="Processes that load, for each device.")]
ChannelsLast = Annotated[bool, Option("--channels-last/--no-channels-last", help="Memory format.")]
CropCache = Annotated[bool, Option("--crop-cache", help="Cut persons out once, in OUT/cache.")]
SaveEvery = Annotated[
    int | None, Option(min=1, max=MOST, help="Steps between checkpoints; else about a minute.")
]
TrainingDir = Annotated[Path | None, Option(help="Folder; runs/... by default.")]
Resume = Annotated[
    bool | None, Option("--resume/--fresh", help="Insist on going on, or begin anew.")
]
Smoke = Annotated[
    bool, Option("--smoke", help="A minute on generated figures: does the loss fall?")
]
ShowRecipe = Annotated[bool, Option("--plan", help="Show the recipe, train nothing.")]
