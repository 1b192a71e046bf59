"""Runs side by side against one process: how much faster, and what Ray costs for each run.

    python benchmarks/executors.py [--rounds 3] [--workers 2] [--json]

The plan has 60 runs: counts of the zoo's networks, and evaluations of one of them with fresh
weights on 6 generated pictures, each with a batch of its own so that it is another run. Each
round makes it by every executor, in an order that rotates, in a new process and a new store with
one thread a network; what is timed is all from the plan to the last record, Ray's start and end
included. The ratio of times is told with its 95 % bootstrap interval over rounds. Then Ray makes
200 runs that do nothing by one worker, and this process makes them, too: what Ray adds to each is
told without the first ten, by which the worker starts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

import zoo
from repro.data import synth
from repro.data.layout import find
from repro.evaluation import choice, evaluator, preparing
from repro.evaluation.request import Execution
from repro.executors.choice import chosen
from repro.papers.values import Size
from repro.plan import single
from repro.plans.planned import Plan, PlannedRun
from repro.plans.watch import Silent
from repro.records.record import Record
from repro.records.runs import CountRun, Run, count_run
from repro.records.store import Store
from repro.run import EXECUTORS, Course, carry_out

ROOT = Path(__file__).parent.parent
RUNS, COUNTS, NOTHING, WARM = 60, 36, 200, 10
SIZE = (256, 192)
LEAST, MOST = 1.6, 0.050
"""times as fast, and seconds for each run"""


def main() -> int:
    """Print both; 1 if either bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("EXECUTOR", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(seconds_of(given.one[0], given.workers, Path(given.one[1]))))
        return 0
    with tempfile.TemporaryDirectory() as name:
        found = compared(given.rounds, given.workers, Path(name))
        found["overhead"] = asked("nothing", given.workers, Path(name))
    ok = found["ray"]["median"] >= LEAST and found["overhead"] < MOST
    if given.json:
        print(json.dumps({**found, "ok": ok}))
        return 0 if ok else 1
    print(f"{RUNS} runs in one process: {found['one']:.1f} s (median of {given.rounds} rounds)")
    for executor in ("local", "ray"):
        ratio = found[executor]
        print(
            f"{executor} with {given.workers} workers: {ratio['median']:.2f} times as fast "
            f"[{ratio['low']:.2f}, {ratio['high']:.2f}], {ratio['seconds']:.1f} s"
        )
    print(f"Ray adds {found['overhead'] * 1000:.1f} ms to each run that does nothing")
    return 0 if ok else 1


def compared(rounds: int, workers: int, folder: Path) -> dict[str, object]:
    """Times as fast as one process, for each executor."""
    names = ["one", "local", "ray"]
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            times[name].append(asked(name, workers, folder))
            print(f"round {number + 1}: {name} {times[name][-1]:.1f} s", file=sys.stderr)
    one, dice = np.array(times["one"]), np.random.default_rng(0)
    found: dict[str, object] = {"one": float(np.median(one))}
    for name in names[1:]:
        ratios = one / np.array(times[name])
        drawn = np.median(ratios[dice.integers(0, rounds, (4000, rounds))], axis=1)
        low, high = np.percentile(drawn, (2.5, 97.5)).tolist()
        median, took = float(np.median(ratios)), float(np.median(times[name]))
        found[name] = {"median": median, "low": low, "high": high, "seconds": took}
    return found


def asked(executor: str, workers: int, folder: Path) -> float:
    """Seconds that a new process tells."""
    words = ("--workers", str(workers), "--one", executor, str(folder))
    done = subprocess.run(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT
    )
    return float(done.stdout)


def seconds_of(executor: str, workers: int, folder: Path) -> float:
    """Seconds that an executor takes for the plan, or adds to each run that does nothing."""
    if executor == "nothing":
        return overhead(folder)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        store = Store(name)
        plan = sixty(folder, store, networks())
        begun = time.perf_counter()
        makes = None if executor == "one" else chosen(executor, workers)
        outcome = carry_out(plan, store, executor=makes)
        took = time.perf_counter() - begun
        assert not outcome.failures and len(outcome.records) == RUNS, outcome.failures
    return took


def networks() -> list[CountRun]:
    """The counts of so many networks of the zoo."""
    fitting = [
        name
        for name, entry in zoo.MODELS.items()
        if entry.size is None and SIZE[0] % entry.stride == SIZE[1] % entry.stride == 0
    ]
    return [count_run(name, SIZE) for name in fitting[:COUNTS]]


def sixty(
    folder: Path,
    store: Store,
    counts: Sequence[CountRun],
    size: Size = SIZE,
    model: str = "hwl_mobilenetv3",
) -> Plan:
    """The counts, and so many evaluations that it is 60 runs."""
    data = folder / "data"
    weights = folder / f"{model}.pth"
    if not data.exists():
        synth.write(data, train=1, val=6, seed=3, size=(192, 256))
        torch.manual_seed(0)
        torch.save(zoo.create_model(model).state_dict(), weights)
    source, runs = find(data, "synth", "val"), []
    for batch in range(1, RUNS - len(counts) + 1):
        execution = Execution(batch=batch, threads=1)
        _, request = choice.requested(model, weights, "synth", size=size, execution=execution)
        run = evaluator.run_of(preparing.prepare(request, source))
        runs += single(run, store, (request, source)).runs
    runs += [one for run in counts for one in single(run, store, None).runs]
    return Plan((), tuple(runs))


@dataclass(frozen=True)
class Nothing(Run):
    """A run that does nothing."""

    kind: ClassVar[str] = "count"
    number: int


def overhead(folder: Path) -> float:
    """Seconds that Ray adds to each run that does nothing, once its workers have begun."""
    import executors  # as the workers know this module

    with tempfile.TemporaryDirectory(dir=folder) as name:
        store = Store(name)
        runs = [executors.Nothing(number) for number in range(NOTHING)]
        planned = [one for run in runs for one in single(run, store, None).runs]
        stamps = Stamps()
        outcome = carry_out(Plan((), tuple(planned)), store, stamps, chosen("ray", 1))
        assert len(outcome.records) == NOTHING, outcome.failures
        begun = stamps.at[WARM]
        together = (stamps.at[-1] - begun) / (NOTHING - WARM - 1)
        alone = plain_seconds(runs, Path(name))
    return together - alone


def plain_seconds(runs: Sequence[Run], folder: Path) -> float:
    """Seconds that this process takes for such a run."""
    store = Store(folder / "plain")
    planned = [one for run in runs for one in single(run, store, None).runs]
    begun = time.perf_counter()
    carry_out(Plan((), tuple(planned)), store)
    return (time.perf_counter() - begun) / len(runs)


class Stamps(Silent):
    """When runs have come to an end."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def became(self, name: str, state: str) -> None:
        """A run has come to an end."""
        self.at.append(time.perf_counter())


def nothing(planned: PlannedRun, course: Course) -> Record:
    """The record of nothing."""
    assert planned.run is not None
    return Record(planned.run.key, planned.run.described(), (), {})


EXECUTORS[Nothing] = nothing  # type: ignore[index]

if __name__ == "__main__":
    sys.exit(main())
