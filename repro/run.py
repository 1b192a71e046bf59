"""Carry out a plan: take what is there, make what is missing, of every kind, and keep it.

Each record is written as soon as it is there. A run that fails does not stop the others; where
nothing can be written, or the user interrupts, what was finished is kept.
"""

import contextlib
import math
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro import env
from repro.errors import ReproError, RunError, StoreError
from repro.plans.planned import CACHED, IMPOSSIBLE, Plan, PlannedRun
from repro.plans.watch import RunWatch, Silent
from repro.records.record import MadeBy, Record
from repro.records.runs import KINDS, CountRun, EvaluationRun, TimingRun, TrainingRun
from repro.records.store import Store

if TYPE_CHECKING:
    from repro.counting.counter import Count

CAUGHT = (ReproError, RuntimeError, MemoryError)
"""what a run can fail by; anything else is a bug"""


@dataclass(frozen=True)
class Outcome:
    """What became of a plan."""

    records: Mapping[str, Record]
    """key of a run -> its record, whether it was there or made now"""
    failed: Mapping[str, ReproError] = field(default_factory=dict)
    """key of a run that gave nothing, or needs one that did not -> why"""
    interrupted: bool = False
    """whether the user ended a timing early, whose samples are kept"""

    @property
    def failures(self) -> tuple[ReproError, ...]:
        """What failed, each once."""
        return tuple(dict.fromkeys(self.failed.values()))

    def check(self) -> None:
        """Raise what a run failed by, if one has."""
        for failure in self.failures:
            cause = failure.__cause__
            raise cause if isinstance(cause, ReproError) else failure

    @property
    def only(self) -> Record:
        """The record of a plan of one run; raise what it failed by."""
        self.check()
        return next(iter(self.records.values()))


@dataclass
class _Course:
    """A plan under way."""

    store: Store
    watch: RunWatch
    records: dict[str, Record] = field(default_factory=dict)
    failed: dict[str, ReproError] = field(default_factory=dict)
    """as in the outcome"""


def carry_out(plan: Plan, store: Store, watch: RunWatch | None = None) -> Outcome:
    """Make the missing records of a plan; each kind of run before those that can need it.

    Raise StoreError where the store cannot be written, KeyboardInterrupt if the user ends it.
    """
    course = _Course(store, watch or Silent())
    if any(one.state not in (CACHED, IMPOSSIBLE) for one in plan.runs):
        store.check()
    for kind in KINDS:
        runs = plan.of(kind)
        if not runs:
            continue
        with course.watch.phase(kind, len(runs)):
            for one in runs:
                record = _taken(one, course)
                if record is not None and record.spec.get("interrupted"):
                    return _outcome(course, interrupted=True)
    return _outcome(course)


def _outcome(course: _Course, interrupted: bool = False) -> Outcome:
    return Outcome(course.records, course.failed, interrupted)


def _taken(one: PlannedRun, course: _Course) -> Record | None:
    """The record of a run, from the store or made; None, and a failure, where it cannot be."""
    if one.state == CACHED:
        course.watch.became(one.name, "cached")
        kept = course.store.chosen(one.run) if one.run is not None else None
        if one.run is None or kept is None or kept.record.stale:
            return None
        course.records[one.run.key] = kept.record
        older = kept.path.stat().st_mtime if kept.path.is_file() else 0.0
        _forget(kept.record, course.store.artifacts(kept.record.key), older)
        return kept.record
    assert one.run is not None
    lacking = next((course.failed[key] for key in one.needs if key in course.failed), None)
    if lacking is not None:
        course.failed[one.run.key] = lacking
        course.watch.became(one.name, "failed")
        return None
    try:
        record = _made(one, course)
    except StoreError:
        raise
    except CAUGHT as error:
        course.failed[one.run.key] = _failure(one, error)
        course.watch.became(one.name, "failed")
        return None
    if record is not None:
        course.records[one.run.key] = record
    return record


def _made(one: PlannedRun, course: _Course) -> Record | None:
    """Make a run and keep its record; None where another process does that."""
    assert one.run is not None
    begun = time.monotonic()
    record = EXECUTORS[type(one.run)](one, course)
    if record is None:
        return None
    took = None if env.repeats() else round(time.monotonic() - begun, 3)
    record = replace(record, made=MadeBy(env.now(), took, None if took is None else _memory()))
    course.store.add(record, again=one.again or _differs(record, course.store))
    _forget(record, course.store.artifacts(record.key))
    course.watch.became(one.name, "done")
    return record


def _differs(record: Record, store: Store) -> bool:
    """Whether a run that was made again, since its files were gone, has given others."""
    if not record.artifacts:
        return False
    known = [kept.record for kept in store.kept(counts=False) if kept.record.key == record.key]
    return bool(known) and all(one.artifacts != record.artifacts for one in known)


def _forget(record: Record, folder: Path, until: float = math.inf) -> None:
    """Clear what an interrupted run would have gone on from: what its record does not name.

    What is there `until` a time alone: the rest is of a process that makes the run again.
    """
    if not record.artifacts or record.spec["kind"] == TimingRun.kind:
        return
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if left.name in record.artifacts or _written(left) > until:
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _written(path: Path) -> float:
    """When a file was written, or the last one in a folder; its own time is that of a removal."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return max((each.stat().st_mtime for each in files), default=0.0)


def _memory() -> int:
    """Bytes that this process held at its highest."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _failure(one: PlannedRun, error: BaseException) -> RunError:
    hint = error.hint if isinstance(error, ReproError) else ""
    told = f"{error or type(error).__name__}"
    text = told if told.startswith(f"{one.run} failed") else f"{one.name} failed: {told}"
    found = RunError(text, hint)
    found.__cause__ = error
    return found


def _count(one: PlannedRun, course: _Course) -> Record:
    assert isinstance(one.run, CountRun)
    from repro.counting import counter

    with course.watch.one(one.name, 1, "counts"):
        found = counted(one.run)
    return Record(
        key=one.run.key,
        spec=one.run.described(),
        measurements=counter.measurements(found),
        env=env.fingerprint(),
        parts=tuple(counter.outline(found)),
        uncounted=found.uncounted,
        code=one.run.code,
    )


def counted(asked: CountRun, conventions: tuple[str, ...] | None = None) -> "Count":
    """Count one model; raise RunError if it cannot be run."""
    from repro.counting import counter

    try:
        return counter.run(asked, conventions)
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise RunError(f"{asked} failed: {error or type(error).__name__}") from error


def _evaluate(one: PlannedRun, course: _Course) -> Record:
    assert isinstance(one.run, EvaluationRun) and isinstance(one.work, tuple)
    from repro.data.layout import Source
    from repro.evaluation import evaluator, pipeline
    from repro.evaluation.request import EvaluationRequest

    look, source = one.work
    assert isinstance(look, EvaluationRequest) and isinstance(source, Source)
    job = pipeline.prepare(look, source)
    course.store.begin(one.run)
    with course.watch.one(one.name, job.total, job.unit) as tell:
        folder = course.store.artifacts(one.run.key)
        return evaluator.execute(one.run, job, folder, tell, one.again)


def _train(one: PlannedRun, course: _Course) -> Record | None:
    assert isinstance(one.run, TrainingRun)
    from repro.training import executing
    from repro.training.request import TrainingRequest

    assert isinstance(one.work, TrainingRequest)
    return executing.execute(one, one.work, course.store, course.watch)


def _time(one: PlannedRun, course: _Course) -> Record:
    assert isinstance(one.run, TimingRun) and isinstance(one.work, tuple)
    from repro.speed import timer
    from repro.speed.measure.procedures import TimingSettings

    subjects, settings = one.work
    assert isinstance(subjects, tuple) and isinstance(settings, TimingSettings)
    with course.watch.one(one.name, 100, "per cent") as tell:
        return timer.execute(one.run, subjects, settings, course.store, tell, course.watch.say)


EXECUTORS: Mapping[type, Callable[[PlannedRun, _Course], Record | None]] = {
    CountRun: _count,
    TrainingRun: _train,
    EvaluationRun: _evaluate,
    TimingRun: _time,
}
