"""Try the whole chain of a table on generated stand-ins: rehearse."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import options
from repro.commands.common import complain, console, emit, names_of, warn
from repro.processes import ending
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.rehearsal.chain import DoneRehearsal, PlannedRehearsal

OUT = Path("rehearsal")


def rehearse(
    paper: options.Paper,
    table: options.Table,
    share: options.Share = 0.02,
    out: options.RehearsalDir = OUT,
    row: options.RowPattern = None,
    metric: options.Metrics = "",
    steps: options.RehearsedSteps = 3,
    budget: options.BudgetOfEach = 20.0,
    device: options.Device = "cpu",
    threads: options.Threads = None,
    executor: options.ExecutorName = "local",
    workers: options.SideBySide = None,
    address: options.RayAddress = None,
    plan: options.ShowRehearsal = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> None:
    """Run the whole plan of a table, small, on generated pictures in the official layout.

    Stand-ins for a share of the official data are made and fetched, every network is trained for
    a few steps by its recipe, evaluated as printed and timed here; the table is judged and written
    to OUT. It tells whether the chain works before it is paid for, and nothing about the paper:
    each figure is marked, and none can get into RESULTS.md. The same command goes on.

    Example: repro rehearse paper1 table1 --share 0.02
    """
    from repro.executors import choice
    from repro.papers import lookup
    from repro.rehearsal import chain
    from repro.report import rehearsal_words
    from repro.report.terminal import run_summary
    from repro.report.terminal.progress import Steps, TerminalWatch

    maker = choice.chosen(executor, workers, address)
    chosen = lookup.find_table(lookup.find_study(paper), table)
    metrics = tuple(names_of(metric))
    words = chosen, out, share, steps, row, metrics, device, threads, budget
    show = not quiet and not as_json
    request = chain.RehearsalRequest(*words)
    rehearsal = chain.prepared(request, lambda count, what: Steps(count, what, show))
    if plan:
        _tell(rehearsal, as_json)
        return
    result = chain.done(rehearsal, TerminalWatch(show), maker)
    files = _written(rehearsal, result)
    if not as_json:
        run_summary.report(console(), result.cells, quiet)
        for line in rehearsal_words.ending(result.cells):
            put(line)
    for path in files:
        say(f"{path} is written")
    warn(rehearsal.store)
    for failure in result.outcome.failures:
        complain(failure)
    code = ending.code() if result.outcome.interrupted else 6 if result.outcome.failures else 0
    if as_json:
        _emit(rehearsal, result, files, code)
    raise typer.Exit(code)


def _tell(rehearsal: "PlannedRehearsal", as_json: bool) -> None:
    """Print what would be run."""
    from repro.report.terminal import plan_view

    if as_json:
        emit("rehearse", **plan_view.described(rehearsal.plan))
        return
    for line in plan_view.lines(rehearsal.plan):
        put(line)


def _written(rehearsal: "PlannedRehearsal", result: "DoneRehearsal") -> list[Path]:
    """The judged table as a page and as text, beside the records."""
    from repro.errors import ReproError
    from repro.files import write_whole
    from repro.report import rehearsal_words
    from repro.report.contents import ReportContents
    from repro.report.files import markdown
    from repro.report.html import page

    request = rehearsal.request
    said, title = rehearsal_words.said(request.share), rehearsal_words.title(request.table)
    contents = ReportContents(result.cells, (), (), result.records, rehearsal=said)
    texts = {
        ".md": markdown.rehearsal(result.cells, title, said),
        ".html": page.render(contents),
    }
    stem = request.out / f"rehearsal-{request.table.study}-{request.table.name}"
    files = [stem.with_suffix(ending) for ending in texts]
    try:
        for path, text in zip(files, texts.values(), strict=True):
            write_whole(path, text)
    except OSError as error:
        raise ReproError(
            f"`{stem}` cannot be written: {error.strerror}.", "Make room, and run it again."
        ) from error
    return files


def _emit(
    rehearsal: "PlannedRehearsal", result: "DoneRehearsal", files: list[Path], code: int
) -> None:
    from repro.report import rehearsal_words
    from repro.verdicts import judge

    request = rehearsal.request
    lacking = rehearsal_words.empty(result.cells)
    emit(
        "rehearse",
        study=request.table.study,
        table=request.table.name,
        share=request.share,
        folder=str(request.out),
        files=list(map(str, files)),
        cells=[judge.described(cell) for cell in result.cells],
        summary=judge.summary(result.cells),
        filled=len(result.cells) - sum(lacking.values()),
        lacking=[{"cells": count, "reason": reason} for reason, count in lacking.items()],
        records=list(result.records.values()),
        exit=code,
    )
