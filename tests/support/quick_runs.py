"""Runs that take no time and no torch, for whoever tests who makes a run, and not what it gives."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from repro import run
from repro.errors import RunError
from repro.plans.planned import TO_RUN, Plan, PlannedRun
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.runs import Resources, Run
from repro.run import Course


@dataclass(frozen=True)
class QuickRun(Run):
    """A count of nothing that does as it is called: `die`, `die once`, `fail`, `bug`, `sleep`."""

    kind: ClassVar[str] = "count"
    name: str
    after: tuple[str, ...] = ()
    """the keys of runs that it needs"""
    alone: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        return self.after

    @property
    def resources(self) -> Resources:
        return Resources(alone=self.alone)


def make(planned: PlannedRun, course: Course) -> Record:
    """Do what the name of a run says; its value is the number of tries."""
    assert isinstance(planned.run, QuickRun)
    name, tries = planned.run.name, course.store.folder / f"{planned.run.key[:8]}.tries"
    tries.parent.mkdir(exist_ok=True)
    with tries.open("a") as file:
        file.write("x")
    count = tries.stat().st_size
    print(f"this is {name}", flush=True)
    if name == "sleep":
        time.sleep(600)
    if name == "die" or (name == "die once" and count == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "bug":
        raise ZeroDivisionError("bug")
    if name == "fail":
        raise RunError("it cannot be done.")
    facts = {"process": os.getpid(), "parent": os.getppid()}
    measured = (Measurement("tries", count, ""),)
    return Record(planned.run.key, planned.run.described(), measured, facts)


def planned(name: str, *after: PlannedRun, alone: bool = False) -> PlannedRun:
    """A run that is to be made."""
    quick = QuickRun(name, tuple(one.run.key for one in after if one.run), alone)
    return PlannedRun(QuickRun.kind, name, TO_RUN, run=quick)


def plan(runs: Sequence[PlannedRun]) -> Plan:
    """A plan of them."""
    return Plan((), tuple(runs))


def tries(store: Path) -> int:
    """How often runs were begun, in all."""
    return sum(path.stat().st_size for path in store.glob("*.tries"))


run.EXECUTORS[QuickRun] = make  # type: ignore[index]
