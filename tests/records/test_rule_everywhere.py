"""Every command and the Python face name the same record for every cell, whatever a store holds."""

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from repro import api, run
from repro.commands.report import gathered
from repro.comparing.compare import compare
from repro.errors import ReproError
from repro.evaluation import probe
from repro.papers import study
from repro.plans import selection
from repro.records import cleanup, index
from repro.records.record import CURRENT, STALE, Record
from repro.records.requirements import SpeedRequirement, Wanted
from repro.records.runs import CountRun
from repro.records.store import Store
from repro.report.terminal import explanation
from repro.verdicts import digits, judge
from support.command_line import Run
from support.record_scenes import PROBE, FakeCounting, RandomStore, cells_of, parsed
from support.thoroughness import daily

Cells = Mapping[str, Mapping[str, object]]


@pytest.fixture
def as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the code of every evaluation did what it did when `PROBE` was taken."""
    monkeypatch.setattr(probe, "of", lambda spec: PROBE)


@pytest.fixture
def two_tables(own_tables: Path) -> list[Wanted]:
    """The cells of two tables, with costs, accuracies and speeds; there are no others."""
    for paper, table in (("paper1", "table5"), ("paper2", "table1")):
        for path in (own_tables / paper).iterdir():
            if path.stem not in ("study", table):
                path.unlink()
    for paper in ("paper3", "paper4"):
        shutil.rmtree(own_tables / paper)
    return selection.select(selection.tables())


@dataclass
class Told:
    """What every command says of one store."""

    run: Cells
    report: Cells
    explained: Cells
    face: list[judge.Cell]
    listed: Mapping[Path, tuple[str, tuple[str, ...]]]
    """file -> its state, and the cells that it is for"""
    compared: Mapping[str, tuple[str, str]]
    """cell -> call, and our value in words"""


def by_functions(folder: Path, explained: list[Wanted]) -> Told:
    """As the commands do it, without the command line, each with a store of its own."""
    tables = selection.tables()
    plan = api.make_plan(tables, Store(folder))
    assert not api.execute(plan, Store(folder)).failures
    cells = judge.judge_all(selection.select(tables), Store(folder).find)
    chains = {}
    for one in explained:
        store = Store(folder)
        found = judge.judge(one, store.find)
        record = store.find(one.spec) if one.spec else None
        chains[one.place] = judge.described(found) | explanation.described(found, record)
    report, store = gathered(Store(folder)).cells, Store(folder)
    listed = cleanup.entries(store, judge.filled(selection.select(tables), store))
    return Told(
        by_place(cells),
        by_place(report),
        chains,
        api.judge_cells(plan, Store(folder)),
        {one.path: (one.state, one.cells) for one in listed},
        compared(folder),
    )


def by_words(repro: Run, folder: Path, explained: list[Wanted]) -> Told:
    """By the command line."""
    store = ("--store", str(folder))
    ran = cells_of(parsed(repro("run", "all", "--no-write", "--json", *store)))
    report = cells_of(parsed(repro("report", "--format", "json", *store)))
    chains = {
        one.place: parsed(repro("explain", *parts(one), "--json", *store)) for one in explained
    }
    listed = parsed(repro("records", "ls", "--json", *store))["records"]
    plan = api.make_plan(selection.tables(), Store(folder))
    return Told(
        ran,
        report,
        chains,
        api.judge_cells(plan, Store(folder)),
        {Path(one["path"]): (one["state"], tuple(one["cells"])) for one in listed},
        compared(folder, repro),
    )


def parts(one: Wanted) -> tuple[str, ...]:
    return one.table.study, one.table.name, one.row.label, one.column.key


def by_place(cells: list[judge.Cell]) -> Cells:
    return {one.wanted.place: judge.described(one) for one in cells}


def compared(folder: Path, repro: Run | None = None) -> dict[str, tuple[str, str]]:
    """What `compare` says of every cell; where a record is broken it refuses until that is gone."""
    for path in [path for path, record in Store(folder).all() if record is None]:
        with pytest.raises(ReproError, match="no whole record"):
            compare("published", str(folder))
        path.unlink()
    if repro is None:
        found = compare("published", str(folder)).changes
        return {one.cell: (one.call, str(one.b or "")) for one in found}
    rows = json.loads(repro("compare", "published", str(folder), "--json").out)["changes"]
    return {one["cell"]: (one["call"], one.get("b", "")) for one in rows}


def value(wanted: Wanted, record: Record) -> float | None:
    """What a record gives for a cell, in base units."""
    metric = wanted.column.metric or ""
    if isinstance(wanted.spec, SpeedRequirement):
        time = record.measurement("latency", of=wanted.spec.network)
        return None if time is None else 1000 / float(time.value)
    rules = study.convention(wanted.row, wanted.column) if metric == "macs" else None
    return record.value(metric, rules)


def check(told: Told, store: RandomStore) -> None:
    """Every command names the record that the writer of the store expects."""
    assert told.run == told.report == by_place(told.face)
    assert all(chain.items() >= told.run[place].items() for place, chain in told.explained.items())
    fills: dict[Path, tuple[str, ...]] = {}
    for cell in told.face:
        one, found = cell.wanted, told.run[cell.wanted.place]
        expected = store.chosen(one)
        record = expected.record if expected else None
        if one.place in told.explained:
            assert told.explained[one.place].get("env") == (record and record.env)
        call, ours = told.compared.get(one.place, ("cited", ""))
        kind = found["verdict"]["kind"]
        assert (call == "cited") == (kind == "cited") == (one.row.cited is not None)
        if expected is None or record is None:
            assert found["measured"] is found["record"] is cell.shown is None
            assert call in ("missing", "cited") and kind in ("missing", "unreproducible", "cited")
            continue
        fills[expected.path] = (*fills.get(expected.path, ()), one.place)
        stale = expected.standing == STALE
        assert found["record"] == record.key
        assert found.get("standing", CURRENT) == expected.standing
        assert found["stale" if stale else "measured"]["value"] == pytest.approx(value(one, record))
        assert (found["measured"] is None) == stale == (call == "missing")
        assert kind in ("missing", "unreproducible") if stale else kind != "missing"
        assert (kind == "unstable") == bool(record.notes)
        assert stale or ours == digits.ours(cell)
    assert told.listed == {
        one.path: (one.standing if one.whole else "broken", fills.get(one.path, ()))
        for one in store.written
    }


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> FakeCounting:
    """A count takes no time."""
    fake = FakeCounting()
    monkeypatch.setitem(run.EXECUTORS, CountRun, fake)  # type: ignore[arg-type]
    return fake


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every store were so large that it has an index file."""
    monkeypatch.setattr(index, "SMALL", 1)
    monkeypatch.setattr(index, "MANY", 1)


def filled(folder: Path, seed: int, wanted: list[Wanted]) -> tuple[RandomStore, list[Wanted]]:
    """A store, looked at when it was half as full, and some cells that are explained."""
    store = RandomStore(folder / str(seed), seed, wanted)
    store.fill(lambda: looked_at(store.folder))
    return store, Random(seed).sample(wanted, 4)


def looked_at(folder: Path) -> None:
    assert Store(folder).index.total() == len(list(Store(folder).files()))


@pytest.mark.usefixtures("as_ever", "indexed")
@pytest.mark.thorough
def test_the_index_of_an_earlier_state_changes_no_choice(
    tmp_path: Path, two_tables: list[Wanted], monkeypatch: pytest.MonkeyPatch
) -> None:
    # every time of a change tells, and none is that of another change
    monkeypatch.setattr(index, "_clock", lambda folder: time.time_ns() + 10**10)

    def halfway() -> None:
        looked_at(store.folder)
        time.sleep(0.02)

    for seed in range(40):
        store = RandomStore(tmp_path / str(seed), seed, two_tables)
        store.fill(halfway)
        now = Store(store.folder)
        for one in two_tables:
            chosen, expected = now.chosen(one.spec) if one.spec else None, store.chosen(one)
            assert (chosen and chosen.path) == (expected and expected.path), one.place


@pytest.mark.parametrize("part", daily(range(20), lambda part: part == 0))
def test_all_commands_agree_on_the_record_of_every_cell(
    tmp_path: Path,
    two_tables: list[Wanted],
    counting: FakeCounting,
    as_ever: None,
    part: int,
    request: pytest.FixtureRequest,
) -> None:
    if part % 2:
        request.getfixturevalue("indexed")
    for seed in range(10 * part, 10 * part + 10):
        store, explained = filled(tmp_path, seed, two_tables)
        counting.records.clear()
        told = by_functions(store.folder, explained)
        store.ran(counting.records)
        check(told, store)


def test_the_command_line_agrees_as_well(
    repro: Run, tmp_path: Path, two_tables: list[Wanted], counting: FakeCounting, as_ever: None
) -> None:
    for seed in range(1000, 1005):
        store, explained = filled(tmp_path, seed, two_tables)
        counting.records.clear()
        told = by_words(repro, store.folder, explained)
        store.ran(counting.records)
        check(told, store)
