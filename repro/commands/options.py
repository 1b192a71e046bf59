"""The options that plan and run share: what is wanted of all their runs."""

from pathlib import Path
from typing import Annotated

import typer

from repro.commands.common import finite

Device = Annotated[str, typer.Option(help="cpu or cuda.")]
RESULTS, FIGURES = Path("RESULTS.md"), Path("runs")
Tables = Annotated[str, typer.Argument(help="A paper, or all.")]
Table = Annotated[str | None, typer.Argument(help="One table; all of them by default.")]
Train = Annotated[
    str | None,
    typer.Option(help="Train the weights that are not there: smoke, paper or official recipe."),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        min=1, max=100, help="Trainings of each row; without --train of one ablation's, small."
    ),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Of each training, not the recipe's.")]
Out = Annotated[Path, typer.Option(help="Folder of the pictures that are generated.")]
Batch = Annotated[int, typer.Option(min=1, help="Crops at a time.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Of the network.")]
Budget = Annotated[
    float,
    typer.Option(min=1, callback=finite, help="Seconds for each set of networks that is timed."),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again, keep both.")]
