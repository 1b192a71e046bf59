"""The `repro` command: parse, call, print. What it prints is computed elsewhere."""

import errno
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import zoo
from repro import __version__
from repro.errors import ReproError

if TYPE_CHECKING:
    from rich.console import Console

    from repro.judge import Cell
    from repro.report.progress import Progress
    from repro.spec import Spec
    from repro.store import Store

app = typer.Typer(
    add_completion=True,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Reproduce the tables of four papers on lightweight human pose estimation, cell by cell.",
    epilog="Exit codes: 0 done, 1 a bug, 2 bad input, 3 differs, 4 nothing judged, 6 a run failed, "
    "130 interrupted.",
)
records_app = typer.Typer(help="The store of measured records.", rich_markup_mode=None)
app.add_typer(records_app, name="records")

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Paper = Annotated[str, typer.Argument(help="paper1 ... paper4, or a short name; see `repro list`.")]
TableName = Annotated[str, typer.Argument(help="table1, 1 or I.")]
StoreDir = Annotated[
    Path, typer.Option("--store", envvar="REPRO_STORE", help="Folder of the records.")
]
Metric = Annotated[str, typer.Option(help="Only these, as in `params,macs`.")]
RowPattern = Annotated[str | None, typer.Option("--row", help="Only rows like `LPN*`.")]
INTERRUPTED = 130
RECORDS = Path("records")
RESULTS = Path("RESULTS.md")

TOUR = """repro puts the numbers of four papers on lightweight human pose estimation to the test.

  repro list                            what can be reproduced
  repro run paper1 table1               measure a table and hold it against the print
  repro explain paper2 table1 CPN flops why one cell got its verdict

`repro --help` lists all commands."""


def main() -> None:
    """Run the command line; turn errors into one sentence and their exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # signs that a terminal cannot show become `?`
    try:
        code = app(standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except ReproError as error:
        say(f"error: {error}")
        if error.hint:
            say(f"       {error.hint}")
        code = error.exit_code
    except typer.Exit as stop:
        code = stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except (OSError, SystemExit) as error:
        code = output_lost(error)
    except Exception as error:
        code = usage(error)
    if code == INTERRUPTED:
        say("interrupted: finished records are kept, run the same command again to go on")
    sys.exit(code)


def output_lost(error: OSError | SystemExit) -> int:
    """The exit code where the system refused a file: 0 if it is only that nobody reads on."""
    if isinstance(error, OSError) and error.filename is not None:
        say(f"error: `{error.filename!s:.200}` cannot be used: {error.strerror}.")
        return 2
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, SystemExit) or error.errno == errno.EPIPE:
        return 0  # typer ends so where a pipe is closed
    say(f"error: the output cannot be used: {error.strerror}.")
    return 2


def usage(error: Exception) -> int:
    """The exit code of a wrong command line, printed as one sentence; re-raise anything else."""
    show, code = getattr(error, "format_message", None), getattr(error, "exit_code", None)
    if show is None or code is None:
        raise error
    say(f"error: {show()}")
    context = getattr(error, "ctx", None)
    say(f"       Try `{context.command_path if context else 'repro'} --help`.")
    return int(code)


def say(text: str) -> None:
    """A line for the user beside the result: stderr."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def emit(command: str, **values: object) -> None:
    """The result as one JSON object on stdout."""
    print(json.dumps({"schema": 1, "command": command, **values}))


def console() -> "Console":
    """Where results are printed: as wide as they need unless it is a terminal."""
    from rich.console import Console

    terminal = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if terminal else 300, highlight=False)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Reproduce the tables of four papers on lightweight human pose estimation."""
    if version:
        print(f"repro {__version__}")
    elif context.invoked_subcommand is None:
        print(TOUR)


@app.command("list")
def list_(
    paper: Annotated[str | None, typer.Argument(help="One paper: its tables.")] = None,
    models: Annotated[bool, typer.Option("--models", help="The models of the zoo.")] = False,
    as_json: Json = False,
) -> None:
    """List papers, tables or models.

    Example: repro list paper1
    """
    from repro import lookup, study

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
        if as_json:
            rows = [
                {"name": table.name, "number": table.number, "caption": table.caption}
                | {"rows": [row.label for row in table.rows]}
                for table in tables
            ]
            emit("list", study=one.name, tables=rows)
            return
        for table in tables:
            print(f"{table.name:8} {len(table.rows):2} rows  {table.caption}")


@app.command()
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


@app.command()
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


@app.command()
def run(
    paper: Annotated[str, typer.Argument(help="A paper, or all.")],
    table: Annotated[str | None, typer.Argument(help="One table; all of them by default.")] = None,
    metric: Metric = "",
    row: RowPattern = None,
    store: StoreDir = RECORDS,
    results: Annotated[Path, typer.Option(help="The file to write.")] = RESULTS,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again, keep both.")] = False,
    no_write: Annotated[bool, typer.Option("--no-write", help="Leave RESULTS.md alone.")] = False,
    fail_on: Annotated[
        str, typer.Option(help="Exit 3 if a cell has one of these verdicts, as in `off,near`.")
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 if a selected cell is missing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the totals.")] = False,
    as_json: Json = False,
) -> None:
    """Measure, judge every cell, write RESULTS.md.

    Example: repro run paper1 table1 --metric params,macs
    """
    from repro import judge, ladder, publish
    from repro import plan as planning
    from repro import run as running
    from repro.store import Store

    gates = judge.kinds(names_of(fail_on))
    if not no_write:
        publish.check(results)
    wanted = planning.select(planning.tables(paper, table), row, names_of(metric))
    kept = Store(store)
    specs = planning.specs(wanted)
    with progress(specs, show=not quiet and not as_json) as tell:
        failures = running.fill(specs, kept, tell, fresh)
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


@app.command()
def count(
    models: Annotated[list[str], typer.Argument(help="Models, or patterns such as `lpn_*`.")],
    size: Annotated[str, typer.Option("--input", help="Height x width.")] = "256x192",
    convention: Annotated[str, typer.Option(help="A counting convention, or all.")] = "fvcore",
    keypoints: Annotated[int | None, typer.Option(help="17 COCO, 16 MPII, 14 CrowdPose.")] = None,
    depth: Annotated[int, typer.Option(min=0, help="Levels of the module tree.")] = 0,
    as_json: Json = False,
) -> None:
    """Count parameters and MACs of models.

    Example: repro count lpn_50 --input 256x192 --convention all --depth 1
    """
    from repro import conventions
    from repro import plan as planning
    from repro import run as running
    from repro.errors import RunError, unknown
    from repro.spec import parse_size, spec_of

    names = list(conventions.CONVENTIONS) if convention == "all" else [convention]
    if convention not in ("all", *conventions.CONVENTIONS):
        raise unknown("convention", convention, ("all", *conventions.CONVENTIONS))
    specs = [spec_of(name, parse_size(size), keypoints) for name in planning.models(models)]
    from repro.report import costs  # brings torch, which a wrong name or size need not wait for

    results, failures = [], []
    for spec in specs:
        try:
            counted = running.counted(spec, tuple(names))
        except RunError as error:
            failures.append(error)
            say(f"error: {error}")
            continue
        results.append(costs.described(spec, counted, depth))
        if not as_json:
            console().print(costs.tree(spec, counted, depth))
    if as_json and results:
        emit("count", **(results[0] if len(specs) == 1 else {"results": results}))
    raise typer.Exit(6 if failures else 0)


@app.command()
def parity(
    models: Annotated[
        list[str] | None, typer.Argument(help="All with a golden by default.")
    ] = None,
    golden: Annotated[Path, typer.Option(help="Folder of goldens.")] = Path("tests/golden"),
    as_json: Json = False,
) -> None:
    """Compare models with the official code.

    Example: repro parity lpn_50 --golden tests/golden
    """
    from repro import plan as planning
    from repro.runners import parity as comparing

    wanted = planning.models(models) if models else None
    found = comparing.goldens(golden)
    known = {**zoo.MODELS, **zoo.BLOCKS}
    skipped = [one.model for one in found.values() if one.model not in known]
    results = []
    for path, one in found.items():
        if one.model in known and (wanted is None or one.model in wanted):
            result = comparing.run(one)
            results.append(result)
            if not as_json:
                error = result.max_relative_error
                shown = "" if error is None else f"  {error:.1e}"
                print(f"{'✓' if result.ok else '✗'} {one.model}{shown}")
            if not result.ok:
                say(f"{path}: {result.problem}")
    code = 4 if not results else 0 if all(result.ok for result in results) else 3
    if as_json:
        emit("parity", results=[comparing.described(one) for one in results], skipped=skipped)
    elif not results:
        say(f"nothing compared: {golden} has no golden of {', '.join(models or ['this zoo'])}")
    else:
        equal = sum(result.ok for result in results)
        print(f"{equal} of {len(results)} models equal their golden to {comparing.TOLERANCE:g}")
        if skipped and wanted is None:
            say(f"not in the zoo of this version: {', '.join(skipped)}")
    raise typer.Exit(code)


@app.command()
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


@app.command()
def doctor(store: StoreDir = RECORDS, as_json: Json = False) -> None:
    """Look over this machine.

    Example: repro doctor
    """
    from repro import doctor as looking

    checks = looking.checks(store)
    if as_json:
        emit("doctor", checks=[check.described() for check in checks])
        return
    for check in checks:
        print(f"{looking.SIGNS[check.state]} {check.name}: {check.found}")
        if check.cure:
            print(f"    {check.cure}")


@records_app.command("ls")
def records_ls(store: StoreDir = RECORDS, as_json: Json = False) -> None:
    """List the records: key, run, and whether the present code would use it."""
    from repro import housekeeping
    from repro.store import Store

    entries = housekeeping.entries(Store(store))
    if as_json:
        emit("records", records=[entry.described() for entry in entries])
        return
    for entry in entries:
        print(f"{entry.key[:12]}  {entry.state:7}  {entry.run}")
    say(f"{len(entries)} records in {store}")


@records_app.command("rm")
def records_rm(
    key: Annotated[str, typer.Argument(help="The key, or a beginning of 6 letters or more.")],
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Remove the records of one key."""
    from repro import housekeeping
    from repro.store import Store

    removed = housekeeping.remove(Store(store), key)
    finish_removal(removed, as_json)


@records_app.command("gc")
def records_gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell.")] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Remove the records that the present code no longer uses, and broken ones."""
    from repro import housekeeping
    from repro.store import Store

    removed = housekeeping.collect(Store(store), dry_run)
    finish_removal(removed, as_json, "to be removed" if dry_run else "removed")


def finish_removal(removed: Sequence[Path], as_json: bool, verb: str = "removed") -> None:
    """Tell which record files are gone."""
    if as_json:
        emit("records", removed=[path.as_posix() for path in removed])
        return
    for path in removed:
        print(f"{path} {verb}")
    say(f"{len(removed)} files {verb}")


def names_of(text: str) -> list[str]:
    """`a,b` -> [a, b]."""
    return [name.strip() for name in text.split(",") if name.strip()]


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


def warn(store: "Store") -> None:
    """Name the broken records that were met."""
    for warning in dict.fromkeys(store.warnings):
        say(f"warning: {warning}")


def progress(specs: "Sequence[Spec]", show: bool) -> "Progress":
    """A display of how far the runs are."""
    from repro.report.progress import Progress

    return Progress(specs, show)


if __name__ == "__main__":
    main()
