"""The store of measured records: records ls, rm, gc."""

from collections.abc import Sequence
from pathlib import Path

import typer

from repro.commands import options
from repro.commands.common import emit
from repro.commands.modules import taking_models
from repro.report.terminal.console import put, say

app = typer.Typer(help="The store of measured records.", rich_markup_mode=None)


@app.command("ls")
@taking_models
def records_ls(
    limit: options.ListedRecords = 100,
    every: options.EveryRecord = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """List the newest records: key, run, whether the present code would use it, what it fills.

    Files that are no whole records stand first. --json tells the `total` beside those listed.
    """
    from repro.plans import selection
    from repro.records import cleanup
    from repro.records.record import STALE
    from repro.records.store import Store
    from repro.report.text import counted
    from repro.verdicts import judge

    records = Store(store, say=say)
    cells = judge.filled(selection.select(selection.tables()), records)
    entries, total = cleanup.newest(records, cells, -1 if every else limit)
    if as_json:
        emit("records", records=[entry.described() for entry in entries], total=total)
        return
    for entry in entries:
        verb = "shown in" if entry.state == STALE else "fills"
        fills = f"  {verb} {counted(len(entry.cells), 'cell')}" if entry.cells else ""
        put(f"{entry.key[:12]}  {entry.state:12}  {entry.run}{fills}")
    rest = f", of which these are the newest {len(entries)}" if len(entries) < total else ""
    say(f"{total} records in {store}{rest}")


@app.command("rm")
def records_rm(
    key: options.Key,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Remove the records of one key."""
    from repro.records import cleanup
    from repro.records.store import Store

    removed = cleanup.remove(Store(store, say=say), key)
    finish_removal(removed, as_json)


@app.command("gc")
@taking_models
def records_gc(
    dry_run: options.DryRun = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Remove the records that the present code no longer uses, broken ones, and what killed runs
    left."""
    from repro.records import cleanup
    from repro.records.store import Store

    removed = cleanup.collect(Store(store, say=say), dry_run)
    finish_removal(removed, as_json, "to be removed" if dry_run else "removed")


def finish_removal(removed: Sequence[Path], as_json: bool, verb: str = "removed") -> None:
    """Tell which record files are gone."""
    if as_json:
        emit("records", removed=[path.as_posix() for path in removed])
        return
    for path in removed:
        put(f"{path} {verb}")
    say(f"{len(removed)} files {verb}")
