"""Take networks by themselves: count, parity."""

from pathlib import Path

import typer

import zoo
from repro.commands import options
from repro.commands.common import console, emit
from repro.papers import conventions
from repro.report.terminal.console import say

GOLDENS = Path("tests/golden")


def count(
    models: options.ModelPatterns,
    size: options.Size = "256x192",
    convention: options.Convention = conventions.USUAL,
    keypoints: options.Keypoints = None,
    depth: options.Depth = 0,
    as_json: options.Json = False,
) -> None:
    """Count parameters and MACs of models.

    Example: repro count lpn_50 --input 256x192 --convention all --depth 1
    """
    from repro.errors import RunError, unknown
    from repro.papers.lookup import parse_size
    from repro.plans import selection
    from repro.records.runs import count_run
    from repro.run import count_record, counted

    names = list(conventions.CONVENTIONS) if convention == "all" else [convention]
    if convention not in ("all", *conventions.CONVENTIONS):
        raise unknown("convention", convention, ("all", *conventions.CONVENTIONS))
    runs = [count_run(name, parse_size(size), keypoints) for name in selection.models(models)]
    from repro.report.terminal import (
        cost_tree,  # brings torch, which a wrong name or size need not wait for
    )

    results, records, failures = [], [], []
    for run in runs:
        try:
            costs = counted(run, tuple(names))
        except RunError as error:
            failures.append(error)
            say(f"error: {error}")
            continue
        results.append(cost_tree.described(run, costs, depth))
        if as_json:
            records.append(count_record(run, costs))
        else:
            console().print(cost_tree.tree(run, costs, depth))
    if as_json and results:
        data = results[0] if len(runs) == 1 else {"results": results}
        emit("count", **data, records=records)
    raise typer.Exit(6 if failures else 0)


def parity(
    models: options.GoldenModels = None,
    golden: options.GoldenDir = GOLDENS,
    as_json: options.Json = False,
) -> None:
    """Compare models with the official code.

    Example: repro parity lpn_50 --golden tests/golden
    """
    from repro.counting.parity import TOLERANCE, described, goldens, record, run
    from repro.plans import selection

    wanted = selection.models(models) if models else None
    known = {**zoo.MODELS, **zoo.BLOCKS}
    files = goldens(golden)
    skipped = [expected.model for expected in files.values() if expected.model not in known]
    results = []
    for path, expected in files.items():
        if expected.model in known and (wanted is None or expected.model in wanted):
            result = run(expected)
            results.append(result)
            if not as_json:
                error = result.max_relative_error
                shown = "" if error is None else f"  {error:.1e}"
                print(f"{'✓' if result.ok else '✗'} {expected.model}{shown}")
            if not result.ok:
                say(f"{path}: {result.problem}")
    code = 4 if not results else 0 if all(result.ok for result in results) else 3
    if as_json:
        records = list(map(record, results))
        emit("parity", results=list(map(described, results)), skipped=skipped, records=records)
    elif not results:
        say(f"nothing compared: {golden} has no golden of {', '.join(models or ['this zoo'])}")
    else:
        equal = sum(result.ok for result in results)
        print(f"{equal} of {len(results)} models equal their golden to {TOLERANCE:g}")
        if skipped and wanted is None:
            say(f"not in the zoo of this version: {', '.join(skipped)}")
    raise typer.Exit(code)
