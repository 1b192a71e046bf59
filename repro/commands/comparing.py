"""Hold two results against each other: compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands.common import (
    RECORDS,
    DataDir,
    Json,
    StoreDir,
    console,
    emit,
    finite,
    names_of,
    say,
)

if TYPE_CHECKING:
    from repro.comparing.paired import PairedComparison

    pass


def compare(
    one: Annotated[
        str | None,
        typer.Argument(
            metavar="A",
            help="`published`, a folder of records, a file that --json wrote, a git revision; or "
            "of an evaluation its key, or a file of poses; or alone a paper.",
        ),
    ] = None,
    other: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Another. Without it A is held against the papers."),
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help="The annotation file of evaluations.")
    ] = None,
    data: DataDir = None,
    dataset: Annotated[str | None, typer.Option(help="Of poses; told from the file.")] = None,
    zero_based: Annotated[
        bool, typer.Option("--zero-based", help="MPII poses: add 1 to every coordinate.")
    ] = False,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Of the images.")] = 1000,
    only: Annotated[str, typer.Option(help="Only these: exact, accuracy, speed.")] = "",
    fail_on: Annotated[
        str, typer.Option(help="Of worse, changed, missing, incomparable; or nothing.")
    ] = "worse,changed,incomparable",
    min_effect: Annotated[
        float,
        typer.Option(
            min=0, max=1000, callback=finite, help="Per cent, below which no speed changed."
        ),
    ] = 3.0,
    markdown: Annotated[Path | None, typer.Option(help="Write a table to this file.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a test case for each figure.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Append to a GitHub step summary.")] = None,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Compare two sets of results, or image by image two evaluations: exit 3 if B is worse.

    With nothing named, or a paper, the records are held against what is printed.

    Counts are compared as integers; accuracy by the paired bootstrap over images, where poses are
    kept and --data or --annotations has the truth; speed by ratios, on the same machine. Exit 3:
    worse or changed; 4: nothing was compared; 5: incomparable or too noisy.

    Example: repro compare paper2
    Example: repro compare 3f9c01aa 91c2aa07 --annotations person_keypoints_val2017.json
    """
    from repro.comparing import change
    from repro.comparing.accuracies import Truths
    from repro.comparing.compare import compare as compared
    from repro.comparing.compare import deciding
    from repro.comparing.operands import asked
    from repro.errors import ReproError
    from repro.report import comparison_table
    from repro.report.files import gates

    caught, kinds = change.gates(names_of(fail_on)), change.kinds(names_of(only))
    if annotations is not None and not annotations.is_file():
        raise ReproError(f"The file `{annotations}` does not exist.", "Correct --annotations.")
    if data is not None and not data.is_dir():
        raise ReproError(f"The folder `{data}` does not exist.", "Correct --data.")

    def tell(name: str) -> None:
        if not as_json:
            say(f"comparing {name}")

    meant = asked(one, other, store, annotations is not None)
    if meant.evaluations:
        pair = paired(meant.a, meant.b, annotations, dataset, zero_based, resamples, store)
        found = deciding(pair, kinds)
        plain, shown = comparison_table.described(pair), comparison_table.shown(pair)
    elif dataset is not None or zero_based:
        raise ReproError(
            "--dataset and --zero-based are of files of poses, and neither is one.",
            "Leave them out.",
        )
    else:
        truths = Truths(() if annotations is None else (annotations,), data)
        sides = meant.a, meant.b
        found = compared(*sides, kinds, truths, min_effect, resamples, tell, meant.paper)
        plain, shown = comparison_table.results(found), comparison_table.table(found)
    code, why = change.exit_code(found, caught)
    if markdown is not None:
        gates.written(markdown, gates.markdown(found, why))
    if junit is not None:
        gates.written(junit, gates.junit(found, caught))
    if summary is not None:
        gates.append(summary, gates.markdown(found, why))
    if as_json:
        emit("compare", **plain, exit=code)
    else:
        console().print(shown)
    if why:
        say(why)
    raise typer.Exit(code)


def paired(
    one: str,
    other: str,
    annotations: Path | None,
    dataset: str | None,
    zero_based: bool,
    resamples: int,
    store: Path,
) -> "PairedComparison":
    """Compare two evaluations by the paired bootstrap over images."""
    from repro.comparing import paired
    from repro.errors import ReproError
    from repro.records.store import Store

    if annotations is None:
        raise ReproError(
            "Two evaluations are compared image by image, which takes their annotations.",
            "Add --annotations FILE.",
        )
    found = paired.compare(one, other, annotations, dataset, Store(store), resamples, zero_based)
    if found.main is None:
        say("there is nothing to compare: both need two images and a figure in common")
    return found
