"""Calls, warm-ups, blocks, orders, plans, and the memory around them."""

import platform
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from repro.errors import ReproError
from repro.speed.measure import calls, memory
from repro.speed.measure.procedures import (
    PROCEDURES,
    TWIN,
    TimingSettings,
    adapted,
    job,
    planned,
    rows,
)
from repro.speed.measure.subjects import Subject

SUBJECTS = tuple(Subject(name, (256, 192), 17) for name in ("a", "b", "c"))


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 0

    def perf_counter_ns(self) -> int:
        return self.now

    def process_time_ns(self) -> int:
        return self.now

    def perf_counter(self) -> float:
        return self.now / 1e9


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that calls are timed by."""
    found = Clock()
    monkeypatch.setattr(calls, "time", found)
    return found


def taking(clock: Clock, *milliseconds: int) -> calls.Run:
    """A call that takes these one after the other, then the last for ever."""
    left = list(milliseconds)

    def run() -> None:
        clock.now += 1_000_000 * (left.pop(0) if len(left) > 1 else left[0])

    return run


def test_each_call_is_timed_by_itself(clock: Clock) -> None:
    wall, cpu = calls.timed(taking(clock, 5, 7, 6), 4)
    assert wall == cpu == (0.005, 0.007, 0.006, 0.006)


def test_a_warm_up_goes_on_until_the_calls_are_steady(clock: Clock) -> None:
    warmth = calls.warmed(taking(clock, 90, 80, 70, 60, 50, 40, 30, 20, 10), None, 60, 2)
    assert warmth.steady
    assert warmth.seconds == 0.01
    assert warmth.calls == 16  # the first five whose median the next five keep begin with 20, 10


def test_a_warm_up_ends_when_its_time_is_over(clock: Clock) -> None:
    unsteady = [10 * 2**number for number in range(12)]
    warmth = calls.warmed(taking(clock, *unsteady), None, 0.3, 2)
    assert (warmth.calls, warmth.steady) == (5, False)
    assert calls.warmed(taking(clock, 1000), None, 0.0, 2).calls == 2


def test_a_warm_up_of_a_paper_has_its_calls(clock: Clock) -> None:
    assert calls.warmed(taking(clock, 90, 80, 70, 10), 5, 0.0, 2).calls == 5


@pytest.mark.parametrize(
    ("seconds", "block", "size"),
    [
        (0.01, 0.1, (11, 1)),
        (0.04, 0.1, (3, 1)),
        (0.06, 0.02, (1, 0)),
        (0.02, 0.02, (2, 1)),
        (2.0, 0.1, (1, 0)),
    ],
)
def test_a_block_takes_about_its_time(seconds: float, block: float, size: tuple[int, int]) -> None:
    assert calls.block_of(seconds, block) == size
    assert calls.block_of(1e-9, block) == (calls.MOST + 1, 1)


def test_a_slowed_call_takes_its_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(calls, "time", clock)
    step = 100_000

    def ticking() -> int:
        clock.now += step
        return clock.now

    monkeypatch.setattr(clock, "process_time_ns", ticking)
    calls.slowed(taking(clock, 10), 1.5, 1)()
    assert clock.now == pytest.approx(15_000_000, abs=4 * step)


@pytest.mark.parametrize("count", range(1, 8))
def test_each_subject_is_equally_often_at_each_place_and_after_each_other(count: int) -> None:
    found = rows(count)
    places = Counter((place, one) for row in found for place, one in enumerate(row))
    after = Counter(pair for row in found for pair in pairwise(row))
    assert set(places.values()) == {len(found) // count}
    assert set(after.values()) <= {len(found) // count}
    assert len(after) == count * (count - 1)


def test_processes_begin_with_other_orders() -> None:
    settings = TimingSettings(processes=3)
    chosen, settings = adapted(SUBJECTS, settings)
    tasks = [job(number, chosen, settings, 0.0) for number in range(3)]
    assert len({task.rows[0] for task in tasks}) == 3
    assert len({frozenset(task.rows) for task in tasks}) == 1


def test_the_twin_is_that_of_the_first_eager_subject() -> None:
    subjects = (replace(SUBJECTS[0], backend="onnx"), *SUBJECTS[1:])
    chosen, _ = adapted(subjects, TimingSettings())
    assert chosen[-1] == replace(SUBJECTS[1], alias=TWIN)
    assert adapted(subjects, TimingSettings(twin=False))[0] == subjects


def test_a_plan_tells_the_time() -> None:
    assert planned(SUBJECTS, TimingSettings(budget=90)) == 90
    many = SUBJECTS * 10
    assert planned(many, TimingSettings(budget=1)) > planned(SUBJECTS, TimingSettings(budget=1)) > 1
    papers = [planned(SUBJECTS, TimingSettings(protocol="paper1", processes=n)) for n in (1, 2)]
    assert papers[1] == 2 * papers[0]
    flipped = planned(SUBJECTS, TimingSettings(protocol="paper2", processes=1))
    assert flipped > papers[0]


@pytest.mark.parametrize(
    ("subjects", "change", "message"),
    [
        ((), {}, "nothing to time"),
        ((replace(SUBJECTS[0], stage="nett"),), {}, "no stage `nett`"),
        ((replace(SUBJECTS[0], batch=0),), {}, "A batch of `0`"),
        (SUBJECTS, {"budget": 0}, "`budget` is `0`"),
        (SUBJECTS, {"threads": -1}, "`threads` is `-1`"),
        (SUBJECTS, {"protocol": "papers"}, "no timing protocol `papers`"),
    ],
)
def test_what_cannot_be_timed_is_named(
    subjects: tuple[Subject, ...], change: dict[str, object], message: str
) -> None:
    with pytest.raises(ReproError, match=message):
        adapted(subjects, TimingSettings(**change))  # type: ignore[arg-type]


def test_every_procedure_says_where_it_is_from() -> None:
    assert all(procedure.source for procedure in PROCEDURES.values())


def test_a_subject_says_what_tells_it_apart() -> None:
    assert str(SUBJECTS[0]) == "a 256x192 eager"
    special = Subject("a", (8, 4), 1, 2, "onnx", "bf16", "full", True, {"k": 1}, "twin", 1.5)
    assert str(special) == "a 8x4 onnx batch 2 bf16 full flip k=1 slowed 1.5 (twin)"


@pytest.mark.skipif(not memory.STATUS.exists(), reason="the peak is forgotten on Linux only")
def test_the_peak_of_memory_begins_anew() -> None:
    code = """
from repro.speed.measure import memory
memory.forget_peak()
before = memory.resident()
filled = bytearray(b"x") * 2**26
print(memory.peak() - before > 2**25)
del filled
memory.forget_peak()
print(memory.peak() - before < 2**25)
"""  # in a process of its own: another's freed memory would be taken first
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "True"]


FAULTS = """
import resource, sys
from repro.speed.measure import memory
print(memory.keep_freed(sys.argv[1] == "keep"))
def use():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        bytearray(b"x") * 2**26  # glibc never learns to keep more than 32 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
use()
print(use())
memory.give_back()
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other allocators have no such settings"
)
def test_kept_memory_costs_no_page_faults() -> None:
    found = {}
    for how in ("keep", "leave"):
        words = [sys.executable, "-c", FAULTS, how]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        said, faults = done.stdout.splitlines()
        found[how] = said, int(faults)
    assert found["keep"] == (memory.KEPT, pytest.approx(0, abs=200))
    assert found["leave"][0] == memory.USUAL
    assert found["leave"][1] > 20_000
