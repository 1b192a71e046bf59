"""How long tasks take on several devices: the longest first, each to whichever is free first."""

import heapq
from collections.abc import Sequence


def makespan(seconds: Sequence[float], devices: int) -> float:
    """Seconds until all chains of tasks are done, each on one device from end to end.

    The longest is begun first, each next one where a device becomes free first; that is at most 4/3
    of the best there is (Graham 1969).
    """
    free = [0.0] * min(devices, max(1, len(seconds)))
    for one in sorted(seconds, reverse=True):
        heapq.heapreplace(free, free[0] + one)
    return max(free)
