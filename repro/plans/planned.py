"""A plan as a value: the runs of a selection, each with its state and what it takes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from repro.papers.study import Table
from repro.records.record import Record
from repro.records.requirements import AccuracyRequirement, Wanted
from repro.records.runs import EvaluationRun, Run, TrainingRun

CACHED, TO_RUN, IMPOSSIBLE = "cached", "to_run", "impossible"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a plan is rehearsed on stand-ins for the official data."""

    share: float
    """of the official number of pictures"""
    steps: int
    """of each of the few epochs of a training"""
    brief: Path
    """the folder with the few pictures that trainings are evaluated on"""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a user chooses of all the runs of a plan."""

    data: Path | None = None
    """the folder with the data sets and the weights"""
    device: str = "cpu"
    batch: int = 32
    """crops at a time"""
    loaders: int = 2
    """threads that load images"""
    threads: int | None = None
    """of networks; as many as torch likes by default, of timings all cores"""
    timed: bool = False
    """whether speeds are timed, which takes the machine to itself"""
    budget: float = 60.0
    """seconds of each timing"""
    train: str = ""
    """how missing weights are trained: `smoke`, `paper` or `official`; not at all by default"""
    seeds: int = 1
    """trainings of each row"""
    epochs: int | None = None
    """instead of the recipes'"""
    out: Path = Path("runs")
    """where pictures are generated"""
    fresh: bool = False
    """whether all is made again, beside what is there"""
    rehearsal: Rehearsal | None = None
    """how all is rehearsed, on what stands in `data` for the official data"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run takes, roughly; None where nothing tells."""

    seconds: float | None
    memory: int | None
    """bytes"""
    disk: int | None
    """bytes that stay"""
    source: str
    """where it is from"""

    def described(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan."""

    kind: str
    """see `repro.records.runs.KINDS`"""
    name: str
    """what it is, for a person"""
    state: str
    """CACHED, TO_RUN or IMPOSSIBLE"""
    cells: tuple[str, ...] = ()
    """the printed numbers that it is for"""
    run: Run | None = None
    """None where what it takes is not here, so that nothing has a digest"""
    why: str = ""
    """why it is impossible, and what would supply it; why a record does not count"""
    aside: bool = False
    """whether its result is shown beside the printed numbers and never held against them"""
    work: object = None
    """the files of this machine that a run takes, as its executor wants them"""
    again: bool = False
    """whether a record that is there stays beside the new one"""
    asks: AccuracyRequirement | None = None
    """what is printed, where no run of it can be described here"""
    estimate: Estimate | None = None

    @property
    def key(self) -> str:
        """Of its run; empty where that is none of today."""
        return "" if self.run is None else self.run.key

    @property
    def needs(self) -> tuple[str, ...]:
        """The keys of the runs that come before it."""
        return self.run.needs if self.run else ()

    def described(self) -> dict[str, object]:
        """For JSON: flat, the run's own facts among the rest."""
        facts = self.run.described() if self.run else {}
        return {
            **facts,
            "kind": self.kind,
            "name": self.name,
            "state": self.state,
            "cached": self.state == CACHED,
            "key": self.run.key if self.run else None,
            "need": self.why or None,
            "needs": list(self.needs),
            "cells": list(self.cells),
            "aside": self.aside,
            "estimate": self.estimate.described() if self.estimate else None,
            "resources": asdict(self.run.resources) if self.run else None,
        }


@dataclass(frozen=True)
class TrainedRow:
    """A printed row whose network is trained here, for what is shown beside print."""

    table: Table
    label: str
    model: str
    printed: Mapping[str, str]
    """column key -> as printed"""
    training: TrainingRun | None = None
    evaluations: Mapping[str, EvaluationRun] = field(default_factory=dict)
    """column key -> how its network is evaluated for it"""
    seed: int = 0
    why: str = ""
    """why nothing is trained, or nothing evaluated"""


@dataclass(frozen=True)
class Plan:
    """The runs of a selection, each after those that it needs."""

    wanted: tuple[Wanted, ...]
    runs: tuple[PlannedRun, ...]
    trained: tuple[TrainedRow, ...] = ()

    def of(self, kind: str) -> list[PlannedRun]:
        """The runs of one kind that are there or can be made."""
        return [run for run in self.runs if run.kind == kind and run.state != IMPOSSIBLE]

    @property
    def lacking(self) -> dict[str, int]:
        """Why cells cannot be measured here -> how many."""
        counts: dict[str, int] = {}
        for run in self.runs:
            if run.state == IMPOSSIBLE:
                counts[run.why] = counts.get(run.why, 0) + len(run.cells)
        return counts


def outdated(record: Record) -> str:
    """Why a record does not count; empty if it does."""
    return f"Made by older code, of commit {record.commit}." if record.stale else ""


def possible(
    run: Run,
    name: str,
    cells: tuple[str, ...],
    record: Record | None,
    fresh: bool,
    work: object = None,
    aside: bool = False,
) -> PlannedRun:
    """A run that can be made here: from its record, unless that is stale or all is made `fresh`."""
    cached = record is not None and not record.stale and not fresh
    state, why = CACHED if cached else TO_RUN, "" if record is None else outdated(record)
    return PlannedRun(run.kind, name, state, cells, run, why, aside, work, fresh)
