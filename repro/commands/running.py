"""Plan and make what printed tables need: plan, run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands import ablation
from repro.commands.common import (
    RECORDS,
    DataDir,
    Json,
    Metric,
    RowPattern,
    StoreDir,
    complain,
    console,
    emit,
    names_of,
    say,
    warn,
)
from repro.commands.options import (
    FIGURES,
    RESULTS,
    Batch,
    Budget,
    Device,
    Epochs,
    Fresh,
    Out,
    Seeds,
    Table,
    Tables,
    Threads,
    Train,
)

if TYPE_CHECKING:
    from repro.plans.planned import RunSettings
    from repro.records.requirements import Wanted


def plan(
    context: typer.Context,
    paper: Tables,
    table: Table = None,
    metric: Metric = "",
    row: RowPattern = None,
    store: StoreDir = RECORDS,
    data: DataDir = None,
    device: Device = "cpu",
    batch: Batch = 32,
    threads: Threads = None,
    budget: Budget = 60.0,
    fresh: Fresh = False,
    seeds: Seeds = None,
    train: Train = None,
    epochs: Epochs = None,
    out: Out = FIGURES,
    as_json: Json = False,
) -> None:
    """Tell what `run` would do with the same words: every run, its state, what it takes.

    Example: repro plan paper2 table1
    """
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report.terminal import plan_view

    ablation.check(context)
    kept = Store(store)
    if seeds is not None and train is None:
        own = ablation.AskedAblation(paper, table, data, out, epochs, device, threads, fresh, store)
        found = ablation.planned(own, seeds, ablation.typed(context, "data"), kept).graph
    else:
        machine = {"device": device, "batch": batch, "threads": threads, "budget": budget}
        others = {"epochs": epochs, "out": out, "fresh": fresh}
        wanted, settings = asked(paper, table, row, metric, data, train, seeds, **machine, **others)
        found = planned(wanted, kept, settings)
    warn(kept)
    if as_json:
        emit("plan", **plan_view.described(found))
        return
    for line in plan_view.lines(found):
        print(line)


def run(
    context: typer.Context,
    paper: Tables,
    table: Table = None,
    metric: Metric = "",
    row: RowPattern = None,
    store: StoreDir = RECORDS,
    results: Annotated[Path, typer.Option(help="The file to write.")] = RESULTS,
    data: DataDir = None,
    device: Device = "cpu",
    batch: Batch = 32,
    threads: Threads = None,
    budget: Budget = 60.0,
    fresh: Fresh = False,
    no_write: Annotated[bool, typer.Option("--no-write", help="Leave RESULTS.md alone.")] = False,
    fail_on: Annotated[
        str, typer.Option(help="Exit 3 if a cell has one of these verdicts, as in `off,near`.")
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 if a selected cell is missing.")
    ] = False,
    seeds: Seeds = None,
    train: Train = None,
    epochs: Epochs = None,
    out: Out = FIGURES,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the totals.")] = False,
    as_json: Json = False,
) -> None:
    """Measure, judge every cell, write RESULTS.md.

    Speeds are timed only where --metric names them. What is trained here or measured on other data
    than the official is shown beside the printed numbers, and judged by none of them.

    Example: repro run paper1 table1 --metric params,macs

    Example: repro run paper1 table4 --data DATA --train smoke
    """
    ablation.check(context)
    if seeds is not None and train is None:
        own = ablation.AskedAblation(paper, table, data, out, epochs, device, threads, fresh, store)
        ablation.run(own, seeds, ablation.typed(context, "data"), quiet, as_json)
        return
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report.files import publish
    from repro.report.terminal import run_summary as shown
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out
    from repro.verdicts import judge

    gates = judge.kinds(names_of(fail_on))
    if not no_write:
        publish.check(results, store, typed=ablation.typed(context, "results"))
    machine = {"device": device, "batch": batch, "threads": threads, "budget": budget}
    others = {"epochs": epochs, "out": out, "fresh": fresh}
    wanted, settings = asked(paper, table, row, metric, data, train, seeds, **machine, **others)
    kept = Store(store)
    graph = planned(wanted, kept, settings)
    outcome = carry_out(graph, kept, TerminalWatch(show=not quiet and not as_json))
    for line in shown.not_made(graph, settings.data is not None):
        say(line)
    cells = judge.judge_all(wanted, kept.find)
    if not no_write:
        publish.write(results, kept)
        say(f"{results} is up to date")
    rows = shown.reached(graph.trained, kept, outcome.failed)
    if not as_json:
        shown.report(console(), cells, quiet)
        if not quiet:
            shown.trained(console(), graph, rows, settings.train)
    warn(kept)
    for failure in outcome.failures:
        complain(failure)
    code, why = (6, "") if outcome.failures else judge.exit_code(cells, gates, strict)
    if outcome.interrupted:
        code, why = 130, "ended early: every sample so far is kept"
    if why:
        say(why)
    if as_json:
        emit("run", **shown.described(cells, graph, rows, settings.train), exit=code)
    raise typer.Exit(code)


def asked(
    paper: str,
    table: str | None,
    row: str | None,
    metric: str,
    data: Path | None,
    train: str | None,
    seeds: int | None,
    **settings: object,
) -> "tuple[list[Wanted], RunSettings]":
    """The printed numbers and the settings that a command line asks for."""
    from repro.errors import ReproError
    from repro.plans import selection
    from repro.plans.planned import RunSettings

    if data is not None and not data.is_dir():
        generated = f"Leave it out: --train {train} makes its own pictures."
        if train != "smoke":
            generated = "`--data synth` needs --seeds too, and no --train."
        cure = generated if str(data) == "synth" else "See --data."
        raise ReproError(f"There is no folder `{data}`.", cure)
    metrics = names_of(metric)
    chosen = RunSettings(
        data,
        timed=selection.names_speed(metrics),
        train=train or "",
        seeds=seeds or 1,
        **settings,  # type: ignore[arg-type]
    )
    return selection.select(selection.tables(paper, table), row, metrics), chosen
