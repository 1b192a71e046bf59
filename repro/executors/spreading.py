"""Runs made side by side: each once those that it needs are there, and as soon as there is room.

Only the process that has the plan keeps records, so that none is written twice, and a run whose
process dies is simply made again, from its last shard or checkpoint where it has any.
"""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from repro.errors import RunError
from repro.executors import worker
from repro.plans.planned import Plan, PlannedRun
from repro.plans.watch import SIDE_BY_SIDE
from repro.records.runs import KINDS
from repro.run import LOG, Attempt, Course

TRIES = 2
"""how often the process of a run may die before the run has failed"""
WAIT = 1.0
"""seconds between two words to who watches"""


@dataclass(frozen=True)
class Ended:
    """A run that goes on no more."""

    planned: PlannedRun
    attempt: Attempt | None
    """None where its process died"""


class Pool(Protocol):
    """Where runs are made side by side."""

    def has_room(self, planned: PlannedRun) -> bool:
        """Whether a run can begin now, with all that it takes."""

    def begin(self, planned: PlannedRun) -> None:
        """Begin to make a run."""

    def ended(self, seconds: float) -> Sequence[Ended]:
        """The runs that have come to an end since; wait for one, but not longer than this."""

    def close(self) -> None:
        """Stop whatever goes on, and leave no process behind."""


def spread(plan: Plan, course: Course, pool: Pool) -> None:
    """Make the runs of a plan in a pool, which is closed at the end, whatever the end is."""
    waiting = [planned for kind in KINDS for planned in plan.of(kind)]
    going: dict[str, PlannedRun] = {}
    deaths: Counter[str] = Counter()
    with contextlib.closing(pool), course.watch.phase(SIDE_BY_SIDE, len(waiting)):
        while not course.interrupted:
            waiting = _begun(waiting, going, course, pool)
            if not going and not waiting:
                break
            if not going:  # other processes are at all that is left
                course.wait(waiting, WAIT)
                continue
            course.watch.working([planned.name for planned in going.values()])
            for ended in pool.ended(WAIT):
                planned = going.pop(ended.planned.key)
                deaths[planned.key] += ended.attempt is None
                if ended.attempt is not None:
                    course.take(planned, ended.attempt)
                    course.release(planned)
                elif deaths[planned.key] < TRIES:
                    waiting.insert(0, planned)
                else:
                    course.take(planned, Attempt(error=_died(planned, course)))
                    course.release(planned)


def _begun(
    waiting: Sequence[PlannedRun], going: dict[str, PlannedRun], course: Course, pool: Pool
) -> list[PlannedRun]:
    """Begin what can begin; the runs that still wait, in their order."""
    still: list[PlannedRun] = []
    to_come = set(going)
    for planned in waiting:
        key = planned.key
        if key in to_come or not to_come.isdisjoint(planned.needs):
            still.append(planned)
        elif key in course.records or key in course.failed:  # made just now for other cells
            course.watch.became(planned.name, "cached" if key in course.records else "failed")
            continue
        elif course.settled(planned):
            continue
        elif not pool.has_room(planned) or not course.claim(planned):
            still.append(planned)
        elif course.made_elsewhere(planned):
            course.release(planned)
            continue
        else:
            pool.begin(planned)
            going[key] = planned
        to_come.add(key)
    return still


def _died(planned: PlannedRun, course: Course) -> RunError:
    assert planned.run is not None
    log = course.store.artifacts(planned.run.key) / LOG
    return RunError("its process died twice (out of memory?).", worker.last_words(log))
