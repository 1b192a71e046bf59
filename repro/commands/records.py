"""The store of measured records: records ls, rm, gc, verify."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from repro.commands import options, record_options
from repro.commands.common import emit, warn
from repro.commands.modules import taking_models
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.records.record import Record
    from repro.records.runs import CountRun
    from repro.records.verification import Means, VerifiedRecord

app = typer.Typer(help="The store of measured records.", rich_markup_mode=None)


@app.command("ls")
@taking_models
def records_ls(
    limit: record_options.ListedRecords = 100,
    every: record_options.EveryRecord = False,
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
    warn(records)
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
    key: record_options.Key,
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

    records = Store(store, say=say)
    removed = cleanup.collect(records, dry_run)
    finish_removal(removed, as_json, "to be removed" if dry_run else "removed")
    warn(records)


@app.command("verify")
@taking_models
def records_verify(
    key: record_options.KeyBeginning = "",
    values: record_options.Remeasured = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Recompute digests and keys, hold the files beside records against theirs, and with --values
    every count against a new one. --json tells where each record is from, too.

    The exit code is 3 where a record differs, and 0 where what is not proved rests on what is not
    here.
    """
    from collections import Counter

    from repro.records import verification
    from repro.records.store import Store
    from repro.records.verification import DIFFERS, SOUND, UNPROVED

    records = Store(store, say=say)
    found = []
    for one in verification.verified(records, _beginning(key), _means(values)):
        found.append(one)
        if not as_json:
            shown = f", values {one.values}" if values else ""
            put(f"{one.key[:12]}  {one.state:8}  {one.run}{shown}")
            for why in one.why:
                put(f"              {why}")
    states = Counter(one.state for one in found)
    counts = ", ".join(f"{states[state]} {state}" for state in (SOUND, UNPROVED, DIFFERS))
    say(f"{len(found)} records in {store}: {counts}")
    warn(records)
    code = 3 if states[DIFFERS] else 0
    if as_json:
        emit("records", verified=[_described(one) for one in found], exit=code)
    raise typer.Exit(code)


def _beginning(key: str) -> str:
    """What the keys begin with; ReproError for what no key does."""
    from repro.errors import ReproError

    if key and (len(key) < 2 or not set(key) <= set("0123456789abcdef")):
        raise ReproError(f"No key begins with `{key}`.", "`repro records ls` shows the keys.")
    return key


def _means(values: bool) -> "Means":
    """How samples are read, and counts made anew where values are asked for."""
    from repro import run
    from repro.records.verification import Means
    from repro.speed.results import recording

    def count(asked: "CountRun") -> "Record":
        return run.count_record(asked, run.counted(asked))

    return Means(lambda folder: recording.kept(folder).described(), count if values else None)


def _described(one: "VerifiedRecord") -> dict[str, object]:
    """A verified record as plain data."""
    return {**asdict(one), "path": one.path.as_posix()}


def finish_removal(removed: Sequence[Path], as_json: bool, verb: str = "removed") -> None:
    """Tell which record files are gone."""
    if as_json:
        emit("records", removed=[path.as_posix() for path in removed])
        return
    for path in removed:
        put(f"{path} {verb}")
    say(f"{len(removed)} files {verb}")
