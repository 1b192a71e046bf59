"""Look at the tables, plan and run them: list, show, plan, run, explain."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import zoo
from repro.commands import trained
from repro.commands.common import (
    RECORDS,
    DataDir,
    Json,
    Metric,
    Paper,
    RowPattern,
    StoreDir,
    TableName,
    console,
    cores,
    emit,
    finite,
    names_of,
    say,
    warn,
)
from repro.commands.trained import RUNS, Epochs, Out, Seeds, Train

if TYPE_CHECKING:
    from repro.judge import Cell

RESULTS = Path("RESULTS.md")
STATES = {
    "measured": "numbers measured",
    "runnable": "to run here",
    "needs_data": "take data and weights",
    "not_rerun": "cited or not re-run",
}
"""of the numbers of a table, in words"""


def list_(
    paper: Annotated[str | None, typer.Argument(help="One paper: its tables.")] = None,
    models: Annotated[bool, typer.Option("--models", help="The models of the zoo.")] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """List papers, tables or models; of tables also what is measured and what runs here.

    Example: repro list paper1
    """
    from repro import lookup, study
    from repro import plan as planning
    from repro.store import Store

    if models:
        names = zoo.list_models()
        emit("list", models=names) if as_json else print("\n".join(names))
    elif paper is None:
        found = [study.load_study(name) for name in study.study_names()]
        if as_json:
            rows = [
                {"name": one.name, "slugs": one.slugs, "title": one.title, "year": one.year}
                | {"tables": study.table_names(one.name)}
                for one in found
            ]
            emit("list", studies=rows)
            return
        for one in found:
            count = len(study.table_names(one.name))
            print(f"{' · '.join((one.name, *one.slugs))}: {one.title} ({one.year}), {count} tables")
    else:
        one = lookup.find_study(paper)
        tables = [study.load_table(one.name, name) for name in study.table_names(one.name)]
        kept = Store(store)
        cells = [planning.select([table]) for table in tables]
        tallies = [planning.tally(wanted, kept) for wanted in cells]
        warn(kept)
        if as_json:
            rows = [
                {"name": table.name, "number": table.number, "caption": table.caption}
                | {"rows": [row.label for row in table.rows], "numbers": tally}
                for table, tally in zip(tables, tallies, strict=True)
            ]
            emit("list", study=one.name, tables=rows)
            return
        for table, tally in zip(tables, tallies, strict=True):
            states = [f"{count} {STATES[state]}" for state, count in tally.items() if count]
            print(f"{table.name:8} {len(table.rows):2} rows  {table.caption}")
            print(f"{'':18}{', '.join(states)}")


def show(paper: Paper, table: TableName, as_json: Json = False) -> None:
    """Show a table as printed.

    Example: repro show paper2 table3
    """
    from repro import lookup

    found = lookup.find_table(lookup.find_study(paper), table)
    if not as_json:
        from repro.report import printed

        console().print(printed.printed(found))
        return
    columns = [{"key": column.key, "label": column.label} for column in found.columns]
    rows = [
        {"label": row.label, "model": row.model, "input": row.input}
        | {"cells": {column.key: row.cells.get(column.key) for column in found.columns}}
        | {"cites": row.cites, "notes": row.notes}
        for row in found.rows
    ]
    emit("show", study=found.study, table=found.name, columns=columns, rows=rows)


def plan(
    paper: Annotated[str, typer.Argument(help="A paper, or all.")],
    table: Annotated[str | None, typer.Argument(help="One table; all of them by default.")] = None,
    metric: Metric = "",
    row: RowPattern = None,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Tell what `run` would do.

    Example: repro plan paper2 table1
    """
    from repro import plan as planning
    from repro.store import Store

    wanted = planning.select(planning.tables(paper, table), row, names_of(metric))
    kept = Store(store)
    specs = planning.specs(wanted)
    cached = [spec for spec in specs if kept.find(spec) is not None]
    lacking: dict[str, int] = {}
    for cell in wanted:
        if cell.lacking:
            lacking[cell.lacking] = lacking.get(cell.lacking, 0) + 1
    warn(kept)
    if as_json:
        runs = [{**spec.described(), "cached": spec in cached} for spec in specs]
        reasons = [{"cells": count, "reason": reason} for reason, count in lacking.items()]
        emit("plan", cells=len(wanted), runs=runs, lacking=reasons)
        return
    print(f"{len(wanted)} cells · {len(specs)} counts, {len(cached)} of them cached")
    for spec in specs:
        print(f"  {'cached' if spec in cached else 'to run'}  {spec}")
    for reason, count in lacking.items():
        print(f"  {count} cells not possible here: {reason}")


def run(
    context: typer.Context,
    paper: Annotated[str, typer.Argument(help="A paper, or all.")],
    table: Annotated[str | None, typer.Argument(help="One table; all of them by default.")] = None,
    metric: Metric = "",
    row: RowPattern = None,
    store: StoreDir = RECORDS,
    results: Annotated[Path, typer.Option(help="The file to write.")] = RESULTS,
    data: DataDir = None,
    device: Annotated[str, typer.Option(help="Of evaluations: cpu or cuda.")] = "cpu",
    batch: Annotated[int, typer.Option(min=1, help="Crops at a time.")] = 32,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the network.")] = None,
    budget: Annotated[
        float,
        typer.Option(
            min=1, callback=finite, help="Seconds for each set of networks that is timed."
        ),
    ] = 60.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again, keep both.")] = False,
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
    out: Out = RUNS,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the totals.")] = False,
    as_json: Json = False,
) -> None:
    """Measure, judge every cell, write RESULTS.md.

    With --seeds or --train the networks of one table are trained instead, and no cell is judged.

    Example: repro run paper1 table1 --metric params,macs

    Example: repro run paper1 table4 --data synth --seeds 3
    """
    trained.check(context)
    if seeds is not None or train is not None:
        wordless = quiet or as_json
        asked = trained.Asked(
            paper, table, data, out, epochs, device, threads, fresh, wordless, as_json
        )
        if seeds is not None:
            trained.ablation(context, asked, seeds)
        else:
            trained.networks(asked, train or "", row, store, batch)
        return
    from repro import judge, ladder, publish
    from repro import plan as planning
    from repro import run as running
    from repro.errors import ReproError
    from repro.report.progress import Counts, Share, Steps
    from repro.store import Store

    gates = judge.kinds(names_of(fail_on))
    if data is not None and not data.is_dir():
        cure = "`--data synth` needs --seeds too." if str(data) == "synth" else "See --data."
        raise ReproError(f"There is no folder `{data}`.", cure)
    if not no_write:
        publish.check(results)
    wanted = planning.select(planning.tables(paper, table), row, names_of(metric))
    kept = Store(store)
    specs = planning.specs(wanted)
    with Counts(specs, show=not quiet and not as_json) as counts:
        failures = running.fill(specs, kept, counts.tell, fresh)
    accuracies = planning.accuracies(wanted)
    if data is not None and accuracies:
        from repro.evaluation import cells as evaluating
        from repro.runners.execution import Execution

        def show(total: int, what: str) -> "Steps":
            return Steps(total, what, show=not quiet and not as_json)

        execution = Execution(device, batch, threads=threads)
        failed, lacking = evaluating.fill(accuracies, data, kept, execution, show, fresh)
        failures += failed
        for what, why in lacking.items():
            say(f"not evaluated: {what}. {why}")
    speeds = planning.speeds(wanted)
    if speeds and (fresh or any(kept.find(one) is None for one in speeds)):
        from repro.timing import cells as timing
        from repro.timing.procedures import Settings

        settings = Settings(threads=threads or cores(), budget=budget)
        failures += timing.fill(
            speeds, kept, settings, Share(show=not quiet and not as_json), fresh
        )
    cells = judge.judge_all(wanted, kept.find)
    if not no_write:
        publish.write(results, kept)
        say(f"{results} is up to date")
    if not as_json:
        report(cells, quiet)
    warn(kept)
    for failure in failures:
        say(f"error: {failure}")
    code, why = (6, "") if failures else judge.exit_code(cells, gates, strict)
    if why:
        say(why)
    if as_json:
        rows = [judge.described(cell) for cell in cells]
        steps = [ladder.described(step) for step in ladder.steps(cells)]
        emit("run", cells=rows, ladder=steps, summary=judge.summary(cells), exit=code)
    raise typer.Exit(code)


def explain(
    paper: Paper,
    table: TableName,
    row: Annotated[str, typer.Argument(help="The row's label, or its beginning.")],
    column: Annotated[str, typer.Argument(help="The column's key, label or metric.")],
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Explain the verdict on one cell.

    Example: repro explain paper2 table1 "LPN-50" flops
    """
    from repro import judge, lookup
    from repro import plan as planning
    from repro.report import explanation
    from repro.store import Store

    found = lookup.find_table(lookup.find_study(paper), table)
    wanted = planning.cell(found, lookup.find_row(found, row), lookup.find_column(found, column))
    kept = Store(store)
    cell = judge.judge(wanted, kept.find)
    warn(kept)
    record = kept.find(wanted.spec) if wanted.spec else None
    if as_json:
        emit("explain", **judge.described(cell), **explanation.described(cell, record))
    else:
        console().print(explanation.chain(cell, record))


def report(cells: "Sequence[Cell]", quiet: bool) -> None:
    """Print the judged tables."""
    from repro import judge, study
    from repro.report import terminal

    out = console()
    if not quiet:
        for (paper, name), group in judge.by_table(cells).items():
            terminal.judged(out, study.load_table(paper, name), group)
            out.print()
    out.print(terminal.totals(cells))
