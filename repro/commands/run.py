"""Plan and make what printed tables need: plan, run."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import ablation, common, data_options, options
from repro.commands.common import complain, console, emit, names_of, warn
from repro.commands.estimate import tell
from repro.commands.fetch import fetch_lacking, of_plan
from repro.commands.run_request import RunRequest, typed
from repro.processes import ending
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.run import Executor

FIGURES = Path("runs")


def plan(
    context: typer.Context,
    paper: options.PaperOrAll,
    table: options.TableOrAll = None,
    metric: options.Metrics = "",
    row: options.RowPattern = None,
    store: options.StoreDir = options.RECORDS,
    data: options.DataDir = None,
    device: options.Device = "cpu",
    batch: options.Crops = 32,
    threads: options.Threads = None,
    budget: options.BudgetOfEach = 60.0,
    fresh: options.Fresh = False,
    seeds: options.Seeds = None,
    train: options.Train = None,
    epochs: options.EpochsOfEach = None,
    out: options.PicturesDir = FIGURES,
    estimate: options.Estimate = False,
    on: options.OnDevices = "here",
    as_json: options.Json = False,
) -> None:
    """Tell what `run` would do with the same words: every run, its state, what it takes.

    Example: repro plan paper2 table1

    Example: repro plan all --train paper --estimate --on 8xA100
    """
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report.terminal import fetch_view, plan_view

    ablation.check(context)
    machine = device, batch, threads, budget
    trainings = seeds, train, epochs, out
    request = RunRequest(paper, table, metric, row, store, data, *machine, fresh, *trainings)
    if estimate or typed(context, "on"):
        tell(request, on, as_json)
        return
    records = Store(store, say=say)
    if request.of_ablation:
        graph = ablation.planned(request, typed(context, "data"), records).graph
    else:
        wanted, settings = request.selected()
        graph = planned(wanted, records, settings)
    warn(records)
    choice, need = of_plan(graph, data)
    if as_json:
        emit("plan", **plan_view.described(graph), fetch=fetch_view.need_described(need))
        return
    for line in (*plan_view.lines(graph), *fetch_view.of_plan(choice, need)):
        put(line)


def run(
    context: typer.Context,
    paper: options.PaperOrAll,
    table: options.TableOrAll = None,
    metric: options.Metrics = "",
    row: options.RowPattern = None,
    store: options.StoreDir = options.RECORDS,
    results: options.ResultsFile = options.RESULTS,
    data: options.DataDir = None,
    device: options.Device = "cpu",
    batch: options.Crops = 32,
    threads: options.Threads = None,
    budget: options.BudgetOfEach = 60.0,
    fresh: options.Fresh = False,
    no_write: options.NoWrite = False,
    fail_on: options.FailOnVerdict = "",
    strict: options.Strict = False,
    fetch: data_options.FetchFirst = False,
    source: data_options.Mirrors = None,
    yes: data_options.Yes = False,
    seeds: options.Seeds = None,
    train: options.Train = None,
    epochs: options.EpochsOfEach = None,
    out: options.PicturesDir = FIGURES,
    executor: options.ExecutorName = "local",
    workers: options.SideBySide = None,
    address: options.RayAddress = None,
    quiet: options.Quiet = False,
    allow_outside: data_options.AllowOutside = False,
    as_json: options.Json = False,
) -> None:
    """Measure, judge every cell, write RESULTS.md.

    Speeds are timed only where --metric names them. What is trained here or measured on other data
    than the official is shown beside the printed numbers, and judged by none of them.

    Example: repro run paper1 table1 --metric params,macs

    Example: repro run paper1 table4 --data DATA --train smoke
    """
    ablation.check(context)
    machine = device, batch, threads, budget
    trainings = seeds, train, epochs, out
    request = RunRequest(paper, table, metric, row, store, data, *machine, fresh, *trainings)
    if request.of_ablation:
        ablation.run(request, typed(context, "data"), quiet, as_json)
        return
    from repro.errors import names_among
    from repro.executors import choice
    from repro.report.files import publish
    from repro.verdicts import kinds

    gates = names_among("verdict", names_of(fail_on), kinds.KINDS)
    if not no_write:
        publish.check(results, store, typed=typed(context, "results"))
    if fetch:
        fetch_lacking(request, source, yes, show=not as_json)
    maker = choice.chosen(executor, workers, address)
    run_and_judge(request, maker, None if no_write else results, gates, strict, quiet, as_json)


def run_and_judge(
    request: RunRequest,
    executor: "Executor | None",
    results: Path | None,
    gates: set[str],
    strict: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make the runs, judge every cell, write `results`, print all, and exit by the gates."""
    from repro.plan import planned
    from repro.records.store import Store
    from repro.report.files import publish
    from repro.report.terminal import run_summary
    from repro.report.terminal.progress import TerminalWatch
    from repro.run import carry_out
    from repro.verdicts import judge

    wanted, settings = request.selected()
    records = Store(request.store, say=say)
    graph = planned(wanted, records, settings)
    watch = TerminalWatch(show=not quiet and not as_json)
    outcome = carry_out(graph, records, watch, executor)
    for line in run_summary.not_made(graph, settings.data is not None):
        say(line)
    cells = judge.judge_all(wanted, records.find)
    if results is not None:
        say(publish.write(results, records))
    rows = run_summary.reached(graph.trained, records, outcome.failed)
    if not as_json:
        run_summary.report(console(), cells, quiet)
        if not quiet:
            run_summary.trained(console(), graph, rows, settings.train)
    trained = (one for one in outcome.records.values() if one.spec.get("kind") == "train")
    common.tell(remark for one in trained for remark in one.remarks)
    warn(records)
    for failure in outcome.failures:
        complain(failure)
    code, why = (6, "") if outcome.failures else judge.exit_code(cells, gates, strict)
    if outcome.interrupted:
        code, why = ending.code(), "ended early: every sample so far is kept"
    if why:
        say(why)
    if as_json:
        described = run_summary.described(cells, graph, rows, settings.train)
        behind = run_summary.records_behind(cells, graph.trained, records)
        emit("run", **described, records=behind, exit=code)
    raise typer.Exit(code)
