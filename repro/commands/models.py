"""Take networks by themselves: count, parity."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import zoo
from repro.commands import options
from repro.commands.common import console, emit, size_of, tell
from repro.papers import conventions
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.counting.exported import ExportedCount
    from repro.papers.values import Size
    from repro.records.runs import CountRun

GOLDENS = Path("tests/golden")


def count(
    models: options.CountedModels,
    size: options.SizeOrUsual = None,
    option: options.ModelOptions = None,
    convention: options.Convention = conventions.USUAL,
    keypoints: options.Keypoints = None,
    depth: options.Depth = 0,
    as_json: options.Json = False,
) -> None:
    """Count parameters and MACs of models, and of exported files.

    Input size and keypoints of a model are those of the first row that prints it.

    Example: repro count lpn_50 --input 256x192 --convention all --depth 1

    Example: repro count cbam_litehrnet --option width=48 --option placement=E

    Example: repro count net.onnx lpn_50 --convention conv
    """
    from repro.errors import ReproError, unknown
    from repro.exported.opening import is_network_file
    from repro.papers.lookup import parse_options
    from repro.plans import selection

    names = list(conventions.CONVENTIONS) if convention == "all" else [convention]
    if convention not in ("all", *conventions.CONVENTIONS):
        raise unknown("convention", convention, ("all", *conventions.CONVENTIONS))
    given = size_of(size)
    files = [Path(word) for word in models if is_network_file(word)]
    words = [word for word in models if not is_network_file(word)]
    chosen = parse_options(option or [])
    if chosen and files:
        raise ReproError(f"`{files[0]}` takes no options.", "Leave --option out.")
    runs = [selection.count_of(name, given, keypoints, chosen) for name in selection.models(words)]
    refuse_unfit(runs)
    counts = counted_files(files, given, names, convention == "all")
    count_and_tell(runs, counts, names, depth, as_json)


def refuse_unfit(runs: "Sequence[CountRun]") -> None:
    """Refuse options that a network does not take, before any is counted."""
    from repro.evaluation.network import created

    for run in runs:
        if run.options:
            created(run.model, run.keypoints, run.options)


def counted_files(
    files: Sequence[Path], size: "Size | None", names: Sequence[str], every: bool
) -> "list[ExportedCount]":
    """The costs of exported files; with `every` by those conventions that files are enough for."""
    if not files:
        return []
    from repro.counting import exported

    known = [name for name in names if not every or name in exported.CONVENTIONS]
    return [exported.count(path, size, known) for path in dict.fromkeys(files)]


def count_and_tell(
    runs: "Sequence[CountRun]",
    files: "Sequence[ExportedCount]",
    names: Sequence[str],
    depth: int,
    as_json: bool,
) -> None:
    """Count networks, and print them and the files that were counted."""
    from repro import env
    from repro.errors import RunError
    from repro.records.record import Record
    from repro.report.terminal import cost_tree
    from repro.run import count_record, counted

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
    for one in files:
        results.append(cost_tree.described_file(one))
        facts = env.fingerprint()
        uncounted = dict.fromkeys(one.macs, tuple(one.uncounted)) if one.uncounted else {}
        records.append(
            Record(
                "", one.spec(), one.measurements(), facts, uncounted=uncounted, remarks=one.remarks
            )
        )
        tell(one.remarks)
        if not as_json:
            console().print(cost_tree.of_file(one, depth))
    if as_json and results:
        data = results[0] if len(runs) + len(files) == 1 else {"results": results}
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
                put(f"{'✓' if result.ok else '✗'} {expected.model}{shown}")
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
        put(f"{equal} of {len(results)} models equal their golden to {TOLERANCE:g}")
        if skipped and wanted is None:
            say(f"not in the zoo of this version: {', '.join(skipped)}")
    raise typer.Exit(code)
