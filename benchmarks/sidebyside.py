"""Two ways to the same result, timed side by side in one process.

Each round runs both, in an order that alternates, and gives one ratio of their times; the median
over the rounds is what a benchmark reports, with its bootstrap interval. The verdict is by the CPU
time of the process: other work on the machine moves it by a few percent where it moves the wall
clock by tens. CPU time adds up over threads, so scripts call `one_thread` first.
"""

import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "RAYON_NUM_THREADS",
)


@dataclass(frozen=True)
class Ratio:
    """How many times as long as ours the peer takes."""

    median: float
    """of the rounds' ratios of CPU time"""
    low: float
    high: float
    """95 % bootstrap interval of the median"""
    wall: float
    """median of the rounds' ratios of wall time"""
    peer_ms: float
    ours_ms: float
    """median CPU time of a round"""
    rounds: int


def one_thread() -> None:
    """Start the script anew with one thread in every library, unless it was started so."""
    if any(os.environ.get(name) != "1" for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))
        os.execv(sys.executable, [sys.executable, *sys.argv])


def clock() -> tuple[float, float]:
    """CPU seconds of this process, all threads together, and wall seconds."""
    return time.process_time(), time.perf_counter()


def _seconds(run: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = clock()
    run()
    after = clock()
    return after[0] - cpu, after[1] - wall


def compare(
    peer: Callable[[], object],
    ours: Callable[[], object],
    rounds: int,
    before: Callable[[], object] = lambda: None,
) -> Ratio:
    """The peer's time in multiples of ours, over so many rounds after one that does not count.

    `before` makes the work of the next round and is not timed; it also runs for the first one.
    """
    import numpy as np

    times = np.empty((rounds, 2, 2))  # round, peer or ours, CPU or wall
    gc.collect()
    gc.disable()
    try:
        for number in range(-1, rounds):  # the round that does not count is overwritten as last
            before()
            for which in (0, 1) if number % 2 else (1, 0):
                times[number, which] = _seconds((peer, ours)[which])
    finally:
        gc.enable()
    ratios = times[:, 0] / times[:, 1]
    drawn = np.random.default_rng(0).integers(0, rounds, (4000, rounds))
    low, high = np.percentile(np.median(ratios[drawn, 0], axis=1), (2.5, 97.5))
    median, wall = np.median(ratios, axis=0).tolist()
    peer_ms, ours_ms = (np.median(times[..., 0], axis=0) * 1000).tolist()
    return Ratio(median, float(low), float(high), wall, peer_ms, ours_ms, rounds)
