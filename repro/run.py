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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from repro import env
from repro.errors import ReproError, RunError, StoreError
from repro.models import registry
from repro.papers.conventions import CONVENTIONS
from repro.plans import sharing
from repro.plans.planned import CACHED, IMPOSSIBLE, Plan, PlannedRun
from repro.plans.watch import RunWatch, Silent
from repro.records.record import MadeBy, Record
from repro.records.runs import KINDS, CountRun, EvaluationRun, TimingRun, TrainingRun
from repro.records.store import PAGE, Store

if TYPE_CHECKING:
    from repro.counting.counter import Count

LOG = "log.txt"
"""what a run says that is made in another process, beside its record until it has come"""
LEAST_PAUSE, MOST_PAUSE = 0.1, 2.0
"""seconds between two looks at what another process is at"""
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


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of making one run, before anything of it is kept."""

    record: Record | None = None
    """None where it failed, or where another process keeps the record"""
    error: Exception | None = None
    """what it failed by, one of CAUGHT"""


@dataclass
class Course:
    """A plan under way: what became of each run, and where records go."""

    store: Store
    watch: RunWatch
    records: dict[str, Record] = field(default_factory=dict)
    failed: dict[str, ReproError] = field(default_factory=dict)
    interrupted: bool = False
    """as in the outcome"""
    _waited_for: frozenset[str] = frozenset()
    """keys of runs that other processes make, of which it was said that they are waited for"""

    def settled(self, planned: PlannedRun) -> bool:
        """Whether nothing is to be made of a run: it is there, or what it needs has failed."""
        if planned.state == CACHED:
            self._take_cached(planned)
            return True
        assert planned.run is not None
        lacking = next((self.failed[key] for key in planned.needs if key in self.failed), None)
        if lacking is None:
            return False
        self.failed[planned.run.key] = lacking
        self.watch.became(planned.name, "failed")
        return True

    def claim(self, planned: PlannedRun) -> bool:
        """Whether this process makes a run, so that no other does; until it is `released`."""
        return not sharing.is_shared(planned, self.store) or self.store.claims.take(planned.key)

    def release(self, planned: PlannedRun) -> None:
        """Let others have a run that was claimed."""
        self.store.claims.free(planned.key)

    def made_elsewhere(self, planned: PlannedRun) -> bool:
        """Take the record that another process has made since the plan was, if one has.

        Ask this with the claim on the run: nobody makes it meanwhile.
        """
        if planned.again or planned.run is None or not sharing.is_shared(planned, self.store):
            return False
        record = sharing.made_since(planned.run, self.store)
        if record is None:
            return False
        self.store.renew()
        self.records[planned.key] = record
        self.watch.became(planned.name, "cached")
        return True

    def wait(self, runs: Sequence[PlannedRun], seconds: float) -> None:
        """Wait a while for runs that other processes make, and say so once of each."""
        news = [planned for planned in runs if planned.key not in self._waited_for]
        if news:
            more = f" and {len(news) - 1} more" if len(news) > 1 else ""
            self.watch.say(f"waits for {news[0].name}{more}: another process is at it")
            self._waited_for |= {planned.key for planned in news}
        time.sleep(seconds)

    def made(self, planned: PlannedRun) -> Attempt:
        """Make a run in this process; what it failed by is an answer, a bug is raised."""
        begun = time.monotonic()
        try:
            record = EXECUTORS[type(planned.run)](planned, self)
        except CAUGHT as error:
            return Attempt(error=error)
        except Exception as error:
            if not registry.blamed(error):
                raise
            return Attempt(error=RunError(f"{planned.run} failed{_told(error)}"))
        if record is None:
            return Attempt()
        took = None if env.repeats() else round(time.monotonic() - begun, 3)
        made = MadeBy(env.now(), took, None if took is None else _memory())
        return Attempt(replace(record, made=made))

    def take(self, planned: PlannedRun, attempt: Attempt) -> None:
        """Keep the record of a run that was made, or its failure; raise a StoreError at once."""
        assert planned.run is not None
        if isinstance(attempt.error, StoreError):
            raise attempt.error
        if attempt.error is not None:
            self.failed[planned.run.key] = _failure(planned, attempt.error)
            self.watch.became(planned.name, "failed")
            return
        record = attempt.record
        if record is None:
            return
        self.store.add(record, again=planned.again or _differs(record, self.store))
        clear_unnamed(record, self.store.artifacts(record.key))
        self.watch.became(planned.name, "done")
        self.records[planned.run.key] = record
        self.interrupted = bool(record.spec.get("interrupted"))

    def _take_cached(self, planned: PlannedRun) -> None:
        """Take the record that is there, unless what counts for a cell is no run's of today."""
        self.watch.became(planned.name, "cached")
        stored = None if planned.run is None else self.store.chosen(planned.run)
        if planned.run is None or stored is None or stored.record.stale:
            return
        record = self.records[planned.run.key] = stored.record
        older = stored.path.stat().st_mtime if stored.path.is_file() else 0.0
        clear_unnamed(record, self.store.artifacts(record.key), older)


class Executor(Protocol):
    """Who makes the runs of a plan, and when; `repro.executors` has others than this process."""

    def __call__(self, plan: Plan, course: Course) -> None:
        """Settle every run, or make and take it, each after those that it needs."""


def carry_out(
    plan: Plan, store: Store, watch: RunWatch | None = None, executor: Executor | None = None
) -> Outcome:
    """Make the missing records of a plan, in this process unless another executor does it.

    Raise StoreError where the store cannot be written, KeyboardInterrupt if the user ends it.
    """
    course = Course(store, watch or Silent())
    idle = all(planned.state in (CACHED, IMPOSSIBLE) for planned in plan.runs)
    if not idle:
        store.check()
    make = one_by_one if idle or executor is None else executor
    try:
        make(plan, course)
    finally:
        store.claims.free_all()
    return Outcome(course.records, course.failed, course.interrupted)


def one_by_one(plan: Plan, course: Course) -> None:
    """Make the runs in this process, each kind before those that can need it.

    What another process is at comes last: by then its record may be there.
    """
    for kind in KINDS:
        runs = plan.of(kind)
        if not runs:
            continue
        pause = LEAST_PAUSE
        with course.watch.phase(kind, len(runs)):
            while runs and not course.interrupted:
                left = [planned for planned in runs if not _done(planned, course)]
                pause = LEAST_PAUSE if len(left) < len(runs) else min(2 * pause, MOST_PAUSE)
                runs = left
                if runs and not course.interrupted:
                    course.wait(runs, pause)
        if course.interrupted:
            return


def _done(planned: PlannedRun, course: Course) -> bool:
    """Settle a run, or make it; False while another process is at it."""
    if course.interrupted or course.settled(planned):
        return True
    if not course.claim(planned):
        return False
    try:
        if not course.made_elsewhere(planned):
            course.take(planned, course.made(planned))
    finally:
        course.release(planned)
    return True


def _differs(record: Record, store: Store) -> bool:
    """Whether a run that was made again, since its files were gone, has given others."""
    if not record.artifacts:
        return False
    alike = [one.record for one in store.of_key(record.key)]
    return bool(alike) and all(known.artifacts != record.artifacts for known in alike)


def clear_unnamed(record: Record, folder: Path, until: float = math.inf) -> None:
    """Clear what an interrupted run would have gone on from: what its record does not name.

    What is there `until` a time alone: the rest is of a process that makes the run again. The page
    of a training stays.
    """
    if not record.artifacts or record.spec["kind"] == TimingRun.kind:
        with contextlib.suppress(OSError):
            (folder / LOG).unlink(missing_ok=True)
            folder.rmdir()  # unless there is more in it
        return
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if left.name in (*record.artifacts, PAGE) or _written(left) > until:
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _written(path: Path) -> float:
    """When a file was written, or the last one in a folder; its own time is that of a removal."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return max((file.stat().st_mtime for file in files), default=0.0)


def _memory() -> int:
    """Bytes that this process held at its highest."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _failure(planned: PlannedRun, error: BaseException) -> RunError:
    hint = error.hint if isinstance(error, ReproError) else ""
    reason = f"{error or type(error).__name__}"
    if not reason.startswith(f"{planned.run} failed"):
        reason = f"{planned.name} failed: {reason}"
    failure = RunError(reason, hint)
    failure.__cause__ = error
    return failure


def _count(planned: PlannedRun, course: Course) -> Record:
    assert isinstance(planned.run, CountRun)
    with course.watch.run(planned.name, 1, "counts"):
        return count_record(planned.run, counted(planned.run))


def count_record(run: CountRun, count: "Count") -> Record:
    """The record of a count."""
    from repro.counting import counter

    return Record(
        key=run.key,
        spec=run.described(),
        measurements=counter.measurements(count),
        env=env.fingerprint(),
        parts=tuple(counter.outline(count)),
        uncounted=count.uncounted,
        code=run.code,
    )


def counted(asked: CountRun, conventions: tuple[str, ...] | None = None) -> "Count":
    """Count one model; raise RunError if it cannot be run."""
    from repro.counting import counter

    try:
        count = counter.run(asked, conventions)
    except ReproError:
        raise
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise RunError(f"{asked} failed{_told(error)}") from error
    except Exception as error:
        if not registry.blamed(error):
            raise
        raise RunError(f"{asked} failed{_told(error)}") from error
    for name in conventions or CONVENTIONS:
        if name not in count.macs:
            cure = "Add it to `RULES` there, or take the convention out of `papers/conventions.py`."
            raise RunError(f"`repro/counting/counter.py` has no rule called `{name}`.", cure)
    return count


def _told(error: Exception) -> str:
    """` in net.py, line 12: what it says`; without a place where it is in nobody's file."""
    place = registry.blamed(error)
    said = str(error) or type(error).__name__
    return f" in {place}: {type(error).__name__}: {said}" if place else f": {said}"


def _evaluate(planned: PlannedRun, course: Course) -> Record:
    assert isinstance(planned.run, EvaluationRun) and isinstance(planned.work, tuple)
    from repro.data.layout import Source
    from repro.evaluation import evaluator, preparing
    from repro.evaluation.request import EvaluationRequest

    request, source = planned.work
    assert isinstance(request, EvaluationRequest) and isinstance(source, Source)
    prepared = preparing.prepare(request, source)
    course.store.begin(planned.run)
    with course.watch.run(planned.name, prepared.total, prepared.unit) as tell:
        folder = course.store.artifacts(planned.run.key)
        return evaluator.execute(planned.run, prepared, folder, tell, planned.again)


def _train(planned: PlannedRun, course: Course) -> Record | None:
    assert isinstance(planned.run, TrainingRun)
    from repro.training import runs
    from repro.training.request import TrainingRequest

    assert isinstance(planned.work, TrainingRequest)
    return runs.execute(planned, planned.work, course.store, course.watch)


def _time(planned: PlannedRun, course: Course) -> Record:
    assert isinstance(planned.run, TimingRun) and isinstance(planned.work, tuple)
    from repro.speed import timer
    from repro.speed.measure.procedures import TimingSettings

    subjects, settings = planned.work
    assert isinstance(subjects, tuple) and isinstance(settings, TimingSettings)
    check_machine(planned.run)
    with course.watch.run(planned.name, 100, "per cent") as tell:
        return timer.execute(planned.run, subjects, settings, course.store, tell, course.watch.say)


def check_machine(run: TimingRun) -> None:
    """Raise RunError unless this is the class of machine that a timing was planned for."""
    from repro.speed.results import recording

    here = recording.machine()
    if here != run.machine:
        raise RunError(
            f"it was planned for `{run.machine}`, and this is `{here}`: speeds of two classes of "
            "machines are never mixed.",
            "Plan it on a machine of the class that is to be timed.",
        )


EXECUTORS: Mapping[type, Callable[[PlannedRun, Course], Record | None]] = {
    CountRun: _count,
    TrainingRun: _train,
    EvaluationRun: _evaluate,
    TimingRun: _time,
}
