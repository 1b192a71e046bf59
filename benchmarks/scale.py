"""A plan of many runs on many simulated workers: what the scheduler costs, and what failures do.

    python benchmarks/scale.py [--runs 10000] [--workers 1000] [--failures 0.02] [--json]

Nothing is trained: the runs are values, the workers are entries of a queue, and time is simulated.
What decides is the real code: `repro.executors.spreading` chooses what begins, `repro.run` keeps
count of what came of it. A third of the runs are trainings of a few simulated hours, each with two
evaluations that wait for it. A worker dies under a run with the stated probability, at any moment
of it; the run is then made again, once. Beside that the same number of runs that do nothing is
carried out by this process alone, with a store that is written.
"""

import argparse
import heapq
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from repro import run
from repro.estimates.schedule import makespan
from repro.executors.spreading import Ended, spread
from repro.plans.planned import TO_RUN, Plan, PlannedRun
from repro.plans.watch import Silent
from repro.records.record import Record
from repro.records.runs import CountRun, EvaluationRun, TrainingRun
from repro.records.store import Store
from repro.run import Attempt, Course

Made = TypeVar("Made")
HOURS = 5.0
"""of a training, the median; one in forty takes more than three times as long"""
EVALUATIONS = 2
"""of each training"""


def main() -> int:
    """Print the figures; 1 where a run was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1_000)
    parser.add_argument("--failures", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    plan, made = measured(lambda: planned(given.runs))
    figures = {
        "runs": len(plan.runs),
        "workers": given.workers,
        "failures": given.failures,
        "plan_seconds": made,
        **simulated(plan, given.workers, given.failures, given.seed),
        **carried_out(given.runs),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    ok = figures["records"] + figures["failed"] == len(plan.runs)
    if given.json:
        print(json.dumps({**figures, "ok": ok}))
    else:
        print(told(figures))
    return 0 if ok else 1


def told(figures: dict[str, float]) -> str:
    """The figures in words."""
    return (
        "{runs:,.0f} runs on {workers:,.0f} workers, of which {failures:.1%} die in a run\n"
        "making the plan of values: {plan_seconds:.1f} s\n"
        "scheduling: {driver_seconds:.1f} s of CPU in all, {decision_ms:.2f} ms for each "
        "run that begins\n"
        "simulated makespan {makespan_hours:.1f} h; the longest first {longest_first_hours:.1f} h; "
        "the work shared evenly {even_hours:.1f} h, the longest chain {chain_hours:.1f} h\n"
        "{retried:,.0f} runs made again, {failed:,.0f} failed or need one that did, "
        "{records:,.0f} records\n"
        "carried out by one process with a store: {carried_seconds:.1f} s of CPU, {carried_ms:.2f} "
        "ms a run\n"
        "peak memory of this process {peak_mib:,.0f} MiB"
    ).format_map(figures)


def planned(count: int) -> Plan:
    """Trainings, each with its evaluations, as many runs as asked for."""
    trainings, evaluations = [], []
    for number in range(-(-count // (1 + EVALUATIONS))):
        training = TrainingRun(
            *("lpn_50", (256, 192), 17, {}, f"network-{number}"),
            recipe={"name": "simulated", "epochs": 1, "batch": 32},
            deviations=(),
            data={"name": "nothing", "official": False},
            evaluated={},
            start={},
            seed=number,
            execution={"device": "cuda", "devices": 1},
        )
        trainings.append(PlannedRun(training.kind, str(training), TO_RUN, run=training))
        for split in range(EVALUATIONS):
            evaluation = EvaluationRun(
                *("lpn_50", (256, 192), 17, {}),
                weights={"name": training.name, "training": training.key},
                data={"name": f"split {split}", "official": False},
                protocol={},
                execution={"device": "cuda"},
                evaluator="none",
            )
            evaluations.append(PlannedRun(evaluation.kind, str(evaluation), TO_RUN, run=evaluation))
    return Plan((), (*trainings, *evaluations[: count - len(trainings)]))


@dataclass
class SimulatedPool:
    """So many workers, each of which makes one run at a time, in simulated seconds."""

    workers: int
    failures: float
    random: np.random.Generator
    now: float = 0.0
    worked: float = 0.0
    retried: int = 0
    longest: dict[str, float] = field(default_factory=dict)
    """key of a run -> seconds that it and what it needs took"""
    chains: Counter[str] = field(default_factory=Counter)
    """key of a training -> seconds that it and its evaluations took, one after another"""
    going: list[tuple[float, int, PlannedRun, bool]] = field(default_factory=list)
    begun: int = 0

    def has_room(self, planned: PlannedRun) -> bool:
        """Whether a worker is free."""
        return len(self.going) < self.workers

    def begin(self, planned: PlannedRun) -> None:
        """Give a run to a free worker, and draw how long it takes and whether that dies."""
        assert planned.run is not None
        training = isinstance(planned.run, TrainingRun)
        whole = 3600 * HOURS * (1 if training else 0.02) * self.random.lognormal(0, 0.6)
        dies = bool(self.random.random() < self.failures)
        seconds = whole * self.random.random() if dies else whole
        self.begun += 1
        self.worked += seconds
        self.retried += dies
        before = sum(self.longest.get(key, 0.0) for key in planned.needs)
        self.longest[planned.run.key] = before + seconds
        self.chains[next(iter(planned.needs), planned.run.key)] += seconds
        heapq.heappush(self.going, (self.now + seconds, self.begun, planned, dies))

    def ended(self, seconds: float) -> Sequence[Ended]:
        """The next run to end, whenever that is."""
        self.now, _, planned, died = heapq.heappop(self.going)
        assert planned.run is not None
        record = Record(planned.run.key, planned.run.described(), (), {}, code=planned.run.code)
        return [Ended(planned, None if died else Attempt(record))]

    def close(self) -> None:
        """No worker is left behind."""
        self.going.clear()


class Unwritten(Store):
    """A store that keeps nothing, so that the scheduler alone is timed."""

    def add(self, record: Record, again: bool = False) -> Path:
        """Nothing is written."""
        return self.folder


def simulated(plan: Plan, workers: int, failures: float, seed: int) -> dict[str, float]:
    """The real scheduler on simulated workers."""
    with tempfile.TemporaryDirectory() as folder:
        course = Course(Unwritten(Path(folder)), Silent())
        pool = SimulatedPool(workers, failures, np.random.default_rng(seed))
        _, seconds = measured(lambda: spread(plan, course, pool))
    return {
        "driver_seconds": seconds,
        "decision_ms": 1000 * seconds / pool.begun,
        "makespan_hours": pool.now / 3600,
        "longest_first_hours": makespan(list(pool.chains.values()), workers) / 3600,
        "even_hours": pool.worked / workers / 3600,
        "chain_hours": max(pool.longest.values()) / 3600,
        "retried": pool.retried,
        "failed": len(course.failed),
        "records": len(course.records),
    }


def carried_out(count: int) -> dict[str, float]:
    """As many runs that do nothing, by this process alone, each with its record."""
    runs = [CountRun("lpn_50", (256, 192), number, {}) for number in range(1, count + 1)]
    plan = Plan((), tuple(PlannedRun(one.kind, str(one), TO_RUN, run=one) for one in runs))
    with doing_nothing(), tempfile.TemporaryDirectory() as folder:
        _, seconds = measured(lambda: run.carry_out(plan, Store(Path(folder))))
    return {"carried_seconds": seconds, "carried_ms": 1000 * seconds / count}


@contextmanager
def doing_nothing() -> Iterator[None]:
    """Counts that give an empty record."""
    before = dict(run.EXECUTORS)
    run.EXECUTORS[CountRun] = lambda planned, course: Record(  # type: ignore[index]
        planned.run.key, planned.run.described(), (), {}, code=planned.run.code
    )
    try:
        yield
    finally:
        run.EXECUTORS[CountRun] = before[CountRun]  # type: ignore[index]


def measured(work: Callable[[], Made]) -> tuple[Made, float]:
    """What something gives, and the CPU seconds that it takes."""
    begun = time.process_time()
    return work(), time.process_time() - begun


if __name__ == "__main__":
    sys.exit(main())
