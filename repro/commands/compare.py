"""Hold two results against each other: compare."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import options, score_options
from repro.commands.common import console, emit, names_of
from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.comparing.change import Comparison
    from repro.comparing.operands import Asked
    from repro.comparing.paired import PairedComparison


def compare(
    a: score_options.SideA = None,
    b: score_options.SideB = None,
    annotations: score_options.ComparedAnnotations = None,
    data: options.DataDir = None,
    dataset: score_options.ComparedDataset = None,
    zero_based: score_options.ZeroBasedPoses = False,
    resamples: score_options.ImageResamples = 1000,
    only: score_options.OnlyFigures = "",
    fail_on: score_options.FailOnChange = "worse,changed,incomparable",
    min_effect: score_options.MinEffect = 3.0,
    markdown: score_options.MarkdownFile = None,
    junit: score_options.JunitFile = None,
    summary: options.Summary = None,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Compare two sets of results, or image by image two evaluations: exit 3 if B is worse.

    With nothing named, or a paper, the records are held against what is printed.

    Counts are compared as integers; accuracy by the paired bootstrap over images, where poses are
    kept and --data or --annotations has the truth; speed by ratios, on the same machine. Exit 3:
    worse or changed; 4: nothing was compared; 5: incomparable or too noisy.

    Example: repro compare paper2
    Example: repro compare 3f9c01aa 91c2aa07 --annotations person_keypoints_val2017.json
    """
    from repro.comparing import change, compare, operands
    from repro.errors import names_among
    from repro.report import comparison_table

    caught = change.gates(names_of(fail_on))
    kinds = names_among("kind of figure", names_of(only) or change.KINDS, change.KINDS)
    check_files(annotations, data)
    asked = operands.asked(a, b, store, annotations is not None)
    if asked.evaluations:
        pair = paired(asked, annotations, dataset, zero_based, resamples, store)
        comparison = compare.deciding(pair, kinds)
        answer, table = comparison_table.described(pair), comparison_table.shown(pair)
    else:
        check_no_poses(dataset, zero_based)
        comparison = compared(asked, kinds, annotations, data, min_effect, resamples, as_json)
        answer = comparison_table.results(comparison)
        table = comparison_table.table(comparison)
    code, why = change.exit_code(comparison, caught)
    write_files(comparison, caught, why, markdown, junit, summary)
    if as_json:
        emit("compare", **answer, exit=code)
    else:
        console().print(table)
    if why:
        say(why)
    raise typer.Exit(code)


def check_files(annotations: Path | None, data: Path | None) -> None:
    """Raise ReproError where what holds the truth is not there."""
    from repro.errors import ReproError

    if annotations is not None and not annotations.is_file():
        raise ReproError(f"The file `{annotations}` does not exist.", "Correct --annotations.")
    if data is not None and not data.is_dir():
        raise ReproError(f"The folder `{data}` does not exist.", "Correct --data.")


def check_no_poses(dataset: str | None, zero_based: bool) -> None:
    """Raise ReproError for an option of evaluations, where none are compared."""
    from repro.errors import ReproError

    if dataset is not None or zero_based:
        raise ReproError(
            "--dataset and --zero-based are of files of poses, and neither is one.",
            "Leave them out.",
        )


def compared(
    asked: "Asked",
    kinds: Collection[str],
    annotations: Path | None,
    data: Path | None,
    min_effect: float,
    resamples: int,
    as_json: bool,
) -> "Comparison":
    """Compare two sets of results, each kind of figure by its own rules."""
    from repro.comparing import compare
    from repro.comparing.accuracies import Truths

    def tell(name: str) -> None:
        if not as_json:
            say(f"comparing {name}")

    truths = Truths(() if annotations is None else (annotations,), data)
    sides = asked.a, asked.b
    return compare.compare(*sides, kinds, truths, min_effect, resamples, tell, asked.paper)


def paired(
    asked: "Asked",
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
    sides, records = (asked.a, asked.b), Store(store)
    pair = paired.compare(*sides, annotations, dataset, records, resamples, zero_based)
    if pair.main is None:
        say("there is nothing to compare: both need two images and a figure in common")
    return pair


def write_files(
    comparison: "Comparison",
    caught: Collection[str],
    why: str,
    markdown: Path | None,
    junit: Path | None,
    summary: Path | None,
) -> None:
    """Write what was asked for beside the answer; `why` tells its exit code."""
    from repro.report.files import gates

    if markdown is not None:
        gates.written(markdown, gates.markdown(comparison, why))
    if junit is not None:
        gates.written(junit, gates.junit(comparison, caught))
    if summary is not None:
        gates.append(summary, gates.markdown(comparison, why))
