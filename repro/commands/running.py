"""Plan and make what printed tables need: plan, run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.commands import ablation
from repro.commands.common import (
    RECORDS,
    DataDir,
    Device,
    Json,
    Metric,
    RowPattern,
    StoreDir,
    console,
    emit,
    finite,
    names_of,
    say,
    warn,
)

if TYPE_CHECKING:
    from repro.judge import Cell

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
    from repro.report import planning

    kept = Store(store)
    wanted, settings = asked(context)
    found = planned(wanted, kept, settings)
    warn(kept)
    if as_json:
        emit("plan", **planning.described(found))
        return
    for line in planning.lines(found):
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
    if seeds is not None and train is None:
        ablation.run(context, seeds)
        return
    from repro import judge, publish
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report import running as shown
    from repro.report.progress import Watching
    from repro.run import carry_out

    gates = judge.kinds(names_of(fail_on))
    if not no_write:
        publish.check(results, store, typed=ablation.typed(context, "results"))
    wanted, settings = asked(context)
    kept = Store(store)
    graph = planned(wanted, kept, settings)
    outcome = carry_out(graph, kept, settings, Watching(show=not quiet and not as_json))
    for line in shown.not_made(graph, settings.data is not None):
        say(line)
    if graph.trained:
        from repro.training import graph as trained
    cells = judge.judge_all(wanted, kept.find)
    if not no_write:
        publish.write(results, kept)
        say(f"{results} is up to date")
    rows = trained.described(graph.trained, kept) if graph.trained else []
    if not as_json:
        shown.report(console(), cells, quiet)
        shown.trained(console(), graph, rows, settings.train)
    warn(kept)
    for failure in outcome.failures:
        say(f"error: {failure}")
    code, why = ending(outcome.interrupted, bool(outcome.failures), cells, gates, strict)
    if why:
        say(why)
    if as_json:
        emit("run", **shown.described(cells, graph, rows, settings.train), exit=code)
    raise typer.Exit(code)


def asked(context: typer.Context):  # type: ignore[no-untyped-def]
    """The printed numbers and the settings that a command line asks for."""
    from repro import selection
    from repro.errors import ReproError
    from repro.planned import RunSettings

    ablation.check(context)
    given = context.params
    data = given["data"]
    if data is not None and not data.is_dir():
        cure = "`--data synth` needs --seeds too." if str(data) == "synth" else "See --data."
        raise ReproError(f"There is no folder `{data}`.", cure)
    metrics = names_of(given["metric"])
    tables = selection.tables(given["paper"], given["table"])
    names = ("data", "device", "batch", "threads", "budget", "epochs", "out", "fresh")
    settings = RunSettings(
        **{name: given[name] for name in names},
        timed=selection.names_speed(metrics),
        train=given["train"] or "",
        seeds=given["seeds"] or 1,
    )
    return selection.select(tables, given["row"], metrics), settings


def ending(
    interrupted: bool, failed: bool, cells: "list[Cell]", gates: set[str], strict: bool
) -> tuple[int, str]:
    """The exit code, and why."""
    from repro import judge

    if interrupted:
        return 130, "ended early: every sample so far is kept"
    return (6, "") if failed else judge.exit_code(cells, gates, strict)
