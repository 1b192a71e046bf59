"""Calls of one subject: timed one by one, warmed up until they are steady, slowed down on demand.

Nothing but the call lies between the clock readings of wall time; those of CPU time lie around
them, since reading them takes longer.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

Run = Callable[[], object]

WINDOW = 5
"""calls"""
STEADY = 0.05
"""change of the running median from which on a warm-up goes on"""
LONG = 0.05
"""seconds of a call"""
MOST = 200
"""calls of a warm-up or of a block"""


@dataclass(frozen=True, slots=True)
class Warmth:
    """How a warm-up went."""

    calls: int
    steady: bool
    seconds: float
    """of a call by now"""


def timed(run: Run, calls: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of wall time and of the process's CPU time of so many calls, each by itself."""
    wall, cpu = [0] * calls, [0] * calls
    clock, worked = time.perf_counter_ns, time.process_time_ns
    collecting = gc.isenabled()
    gc.disable()
    try:
        for number in range(calls):
            spent = worked()
            start = clock()
            run()
            end = clock()
            cpu[number] = worked() - spent
            wall[number] = end - start
    finally:
        if collecting:
            gc.enable()
    return tuple(one / 1e9 for one in wall), tuple(one / 1e9 for one in cpu)


def warmed(run: Run, calls: int | None, seconds: float, least: int) -> Warmth:
    """Call it so often, or until the median of five calls is that of the five before.

    It ends after so many seconds at the latest, but not before the least number of calls.
    """
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < (calls or MOST):
        taken += timed(run, 1)[0]
        if calls is None and len(taken) >= least:
            if _steady(taken):
                break
            if time.perf_counter() - start > seconds:
                return Warmth(len(taken), False, median(taken[-WINDOW:]))
    return Warmth(len(taken), calls is not None or _steady(taken), median(taken[-WINDOW:]))


def _steady(taken: list[float]) -> bool:
    if len(taken) < 2 * WINDOW:
        return False
    before, after = median(taken[-2 * WINDOW : -WINDOW]), median(taken[-WINDOW:])
    return abs(after - before) <= STEADY * before


def block_of(seconds: float, block: float) -> tuple[int, int]:
    """How many calls make a block of so many seconds, and how many of them only settle.

    After another subject the first call finds its weights and code no longer in the caches, which
    takes a millisecond or two and does not show in a long call.
    """
    settling = 1 if seconds < LONG else 0
    return max(1, min(MOST, round(block / max(seconds, 1e-9)))) + settling, settling


def slowed(run: Run, factor: float, threads: int) -> Run:
    """The call, and after it work of no use until it took `factor` times as long.

    That long is by CPU time with one thread, so that it holds on a busy machine too.
    """
    clock = time.process_time_ns if threads == 1 else time.perf_counter_ns

    def both() -> object:
        start = clock()
        output = run()
        end = start + (clock() - start) * factor
        while clock() < end:
            pass
        return output

    return both
