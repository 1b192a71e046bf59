"""Carry out a rehearsal: stand-ins, plan, runs, judgement, as for the real data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.papers.study import Table
from repro.plan import planned
from repro.plans import selection
from repro.plans.planned import Plan, Rehearsal, RunSettings
from repro.plans.watch import RunWatch
from repro.records.record import Record
from repro.records.requirements import Wanted
from repro.records.store import Store
from repro.rehearsal import asked, ground
from repro.rehearsal.ground import Ground, Making
from repro.run import Executor, Outcome, carry_out
from repro.verdicts import judge
from repro.verdicts.judge import Cell

STEPS = 3
"""of each epoch of a training"""


@dataclass(frozen=True)
class RehearsalRequest:
    """What is rehearsed, how large, where."""

    table: Table
    out: Path
    share: float
    steps: int = STEPS
    row: str | None = None
    metrics: tuple[str, ...] = ()
    device: str = "cpu"
    threads: int | None = None
    budget: float = 20.0
    """seconds of each timing"""


@dataclass(frozen=True)
class PlannedRehearsal:
    """A rehearsal whose stand-ins are there."""

    request: RehearsalRequest
    wanted: Sequence[Wanted]
    ground: Ground
    store: Store
    plan: Plan


@dataclass(frozen=True)
class DoneRehearsal:
    """What became of a rehearsal."""

    cells: Sequence[Cell]
    outcome: Outcome
    records: dict[str, Record]
    """key -> of each figure that is shown"""


def prepared(request: RehearsalRequest, making: Making) -> PlannedRehearsal:
    """The plan of a rehearsal; its stand-ins are made and fetched where they are not there."""
    chosen = selection.select([request.table], request.row, request.metrics)
    wanted = asked.rehearsed(chosen, request.share)
    place = ground.opened(request.out, request.share).supply(asked.splits(wanted), making)
    store = Store(place.records)
    settings = RunSettings(
        place.data if place.splits else None,
        request.device,
        threads=request.threads,
        timed=True,
        budget=request.budget,
        train="paper" if place.splits else "",
        out=place.folder,
        rehearsal=Rehearsal(request.share, request.steps, place.brief),
    )
    return PlannedRehearsal(request, wanted, place, store, planned(wanted, store, settings))


def done(
    rehearsal: PlannedRehearsal, watch: RunWatch, executor: Executor | None = None
) -> DoneRehearsal:
    """Carry out the plan, and judge the table by what it gave."""
    store = rehearsal.store
    outcome = carry_out(rehearsal.plan, store, watch, executor)
    wanted = asked.explained(rehearsal.wanted, rehearsal.plan, outcome.failed)
    cells = judge.judge_all(wanted, store.find)
    shown = (store.find(cell.wanted.spec) for cell in cells if cell.shown and cell.wanted.spec)
    records = {record.key: record for record in shown if record is not None}
    return DoneRehearsal(cells, outcome, records)
