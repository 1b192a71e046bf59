"""Hold two results against each other: compare."""

from pathlib import Path
from typing import Annotated

import typer

from repro.commands.common import RECORDS, Json, StoreDir, console, emit, say


def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="A record's key, or a results file.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    annotations: Annotated[Path, typer.Option(help="The annotation file of both.")],
    dataset: Annotated[str | None, typer.Option(help="Told from the file by default.")] = None,
    zero_based: Annotated[
        bool, typer.Option("--zero-based", help="MPII files: add 1 to every coordinate.")
    ] = False,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Of the images.")] = 1000,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Compare two evaluations by the paired bootstrap over images; exit 3 if B is worse.

    Example: repro compare 3f9c01aa 91c2aa07 --annotations person_keypoints_val2017.json
    """
    from repro.evaluation import comparing
    from repro.report import comparison
    from repro.store import Store

    found = comparing.compare(one, other, annotations, dataset, Store(store), resamples, zero_based)
    main = found.main
    worse = main is not None and found.calls()[main] == "worse"
    code = 4 if main is None else 3 if worse else 0
    if as_json:
        emit("compare", **comparison.described(found), exit=code)
    else:
        console().print(comparison.shown(found))
    if main is None:
        say("there is nothing to compare: both need two images and a figure in common")
    raise typer.Exit(code)
