"""The options and arguments of score and compare."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from repro.commands.option_checks import finite

ScoredDataset = Annotated[
    str, Argument(help="coco, crowdpose, mpii, or your own FILE.json or FILE.toml.")
]
ScoredAnnotations = Annotated[
    Path | None, Option(help="The data set's annotation file; FILE.json has its own.")
]
ResultsOfOthers = Annotated[Path, Option(help="Poses in the data set's own format.")]
ZeroBased = Annotated[bool, Option("--zero-based", help="MPII: add 1 to every coordinate.")]
Resamples = Annotated[int, Option(min=0, max=100_000, help="For the intervals; 0: none.")]
SideA = Annotated[
    str | None,
    Argument(
        metavar="A",
        help="`published`, a folder of records, a file that --json wrote, a git revision; or "
        "of an evaluation its key, or a file of poses; or alone a paper.",
    ),
]
SideB = Annotated[
    str | None, Argument(metavar="B", help="Another. Without it A is held against the papers.")
]
ComparedAnnotations = Annotated[Path | None, Option(help="The annotation file of evaluations.")]
ComparedDataset = Annotated[str | None, Option(help="Of poses; told from the file.")]
ZeroBasedPoses = Annotated[
    bool, Option("--zero-based", help="MPII poses: add 1 to every coordinate.")
]
ImageResamples = Annotated[int, Option(min=100, max=100_000, help="Of the images.")]
OnlyFigures = Annotated[str, Option("--only", help="Only these: exact, accuracy, speed.")]
FailOnChange = Annotated[str, Option(help="Of worse, changed, missing, incomparable; or nothing.")]
MinEffect = Annotated[
    float,
    Option(min=0, max=1000, callback=finite, help="Per cent, below which no speed changed."),
]
MarkdownFile = Annotated[Path | None, Option(help="Write a table to this file.")]
JunitFile = Annotated[Path | None, Option(help="Write a test case for each figure.")]
