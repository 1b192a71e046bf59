"""The options of `nightly`, each named once; see `options` for what commands share."""

from pathlib import Path
from typing import Annotated

from typer import Option

from repro.commands.limits import LONGEST
from repro.commands.option_checks import finite

NightDir = Annotated[Path, Option(help="Folder of the night; an earlier one there goes.")]
NightBudget = Annotated[
    float, Option(min=1, max=LONGEST, callback=finite, help="Seconds of the timing.")
]
NightProcesses = Annotated[int, Option(min=1, max=1000, help="Of the timing.")]
EarlierNight = Annotated[Path | None, Option(help="Folder of an earlier night to compare with.")]
OnlySteps = Annotated[str, Option("--only", help="Only these steps, as in `doctor,count,exact`.")]
ShowSteps = Annotated[bool, Option("--plan", help="Show the steps, do nothing.")]
