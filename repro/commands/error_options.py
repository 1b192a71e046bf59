"""The options of `errors`, each named once; see `options` for what commands share."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from repro.commands.option_checks import screened

DiagnosedA = Annotated[
    str,
    Argument(
        metavar="A",
        help="A results file, the key of an evaluation's record, or a model, whose weights follow.",
    ),
]
DiagnosedB = Annotated[
    str | None, Argument(metavar="B", help="Another, on the same images; held against A in pairs.")
]
WeightsOfEach = Annotated[
    list[Path] | None,
    Option(
        "--weights",
        callback=screened,
        help="A checkpoint, for each of the two that needs one.",
    ),
]
DiagnosedDataset = Annotated[
    str | None, Option(help="Of the annotations, or your own FILE.toml; told from the file.")
]
ErrorPictures = Annotated[
    Path | None, Option("--pictures", help="Folder for pictures of the worst cases.")
]
WorstOfEach = Annotated[
    int, Option("--worst", min=0, max=1000, help="Cases of each kind to list and to draw.")
]
ErrorPage = Annotated[Path | None, Option("--html", help="Write a page with all of it.")]
