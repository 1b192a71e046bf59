"""Measure a processor's limits in two seconds: multiply-adds, bandwidth, cost of a call.

Every figure is the best of many short bursts by the wall clock: other programs can only make a
burst longer, and the shorter it is the better its chance of a core for itself. With N threads each
one works on data of its own, and the rates of all are added up. They share nothing but the
machine: a parallel loop that waits for a preempted thread would measure the scheduler.
"""

import itertools
import os
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from repro import env
from repro.speed.measure.sensors import text
from repro.speed.roofline.model import Ceiling, MachineLimits

Burst = Callable[[], object]
SHAPES = ((64, 56), (128, 28))
"""channels and side of the 3x3 convolutions; the best one counts"""
SIDE = 512
"""of the square matrices"""
SECONDS = {"matmul": 0.14, "convolution": 0.14, "memory": 0.16, "cache": 0.06}
"""that each measurement takes, for each shape and number of threads"""
LARGEST = 2**28
"""bytes of one array that is copied"""
PIECE = 2**22
"""bytes of it that a burst copies, always the next ones"""
UNKNOWN_CACHE = 2**25


class Stamp(NamedTuple):
    """When a burst ran, by the wall clock, and the CPU time that its thread got."""

    begin: float
    end: float
    cpu: float

    @property
    def wall(self) -> float:
        """Seconds from begin to end."""
        return self.end - self.begin

    @property
    def whole(self) -> bool:
        """Whether the thread kept its core."""
        return self.wall < 1.2 * self.cpu + 1e-5


def calibrate(threads: int) -> MachineLimits:
    """The limits of this processor with one thread and with so many; under 3 seconds.

    PyTorch's number of threads is what it was before, when this returns.
    """
    start, load, cache = time.perf_counter(), os.getloadavg()[0], last_cache()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with torch.inference_mode():
            single = _ceiling(1, cache)
            overhead = call_costs()
        several = _ceiling(threads, cache) if threads > 1 else single
    finally:
        torch.set_num_threads(before)
    seconds = time.perf_counter() - start
    return MachineLimits(single, several, overhead, cache, seconds, load)


def _ceiling(threads: int, cache: int) -> Ceiling:
    spare = env.free_memory()
    return Ceiling(
        threads=threads,
        matmul=_best("matmul", [_product() for _ in range(threads)], SIDE**3),
        convolution=max(_convolution(threads, *shape) for shape in SHAPES),
        memory=_copy("memory", threads, min(2 * cache, LARGEST, spare // 8), PIECE),
        cache=_copy("cache", threads, cache // 8, cache // 8 // threads),
    )


def _best(name: str, bursts: list[Burst], amount: float) -> float:
    """Units of work a second of all threads together, each burst being of `amount`."""
    return sum(amount / seconds for seconds in shortest(bursts, SECONDS[name]))


def shortest(bursts: list[Burst], seconds: float) -> list[float]:
    """The shortest time of each burst beside the others, in seconds.

    Each burst has a thread and a core of its own and is repeated there for so many seconds, three
    times at least; the first run does not count. An error in a burst is raised.
    """
    start = threading.Barrier(len(bursts), timeout=60)
    cores = spread(len(bursts))

    def work(number: int) -> list[Stamp]:
        if cores:
            os.sched_setaffinity(0, {cores[number]})  # of this thread alone
        torch.set_num_threads(1)
        start.wait()
        with torch.inference_mode():
            bursts[number]()
            return _repeated(bursts[number], seconds)

    with ThreadPoolExecutor(len(bursts)) as threads:
        return accompanied(list(threads.map(work, range(len(bursts)))))


def _repeated(burst: Burst, seconds: float) -> list[Stamp]:
    stamps: list[Stamp] = []
    deadline = time.perf_counter() + seconds
    while len(stamps) < 3 or stamps[-1].end < deadline:
        cpu, begin = time.thread_time(), time.perf_counter()
        burst()
        end = time.perf_counter()
        stamps.append(Stamp(begin, end, time.thread_time() - cpu))
    return stamps


def accompanied(stamps: Sequence[Sequence[Stamp]]) -> list[float]:
    """Each thread's shortest time while all others were at work too; its shortest if never."""
    whole = [[stamp for stamp in mine if stamp.whole] for mine in stamps]
    best = []
    for number, mine in enumerate(whole):
        others = whole[:number] + whole[number + 1 :]
        beside = [stamp for stamp in mine if all(_overlaps(theirs, stamp) for theirs in others)]
        best.append(min(stamp.wall for stamp in beside or mine or stamps[number]))
    return best


def _overlaps(stamps: Sequence[Stamp], burst: Stamp) -> bool:
    """Whether the stamps, in order of time, share half of a burst."""
    after = bisect_right(stamps, burst.begin, key=lambda stamp: stamp.end)
    shared = (min(other.end, burst.end) - max(other.begin, burst.begin) for other in stamps[after:])
    return sum(itertools.takewhile(lambda seconds: seconds > 0, shared)) >= burst.wall / 2


def spread(count: int, folder: Path = Path("/sys/devices/system/cpu")) -> list[int]:
    """So many processors, on as many cores as there are; none where they cannot be chosen."""
    free, ranked = env.affinity() or [], []
    if count == 1:
        return []
    for number in free:
        siblings = text(folder / f"cpu{number}/topology/core_cpus_list")
        first = siblings.replace("-", ",").split(",")[0]
        ranked.append((first != str(number), number))  # the first thread of each core comes first
    return [number for _, number in sorted(ranked)][:count] if len(free) >= count else []


def _product() -> Burst:
    left, right, result = (torch.randn(SIDE, SIDE) for _ in range(3))
    return lambda: torch.mm(left, right, out=result)


def _convolution(threads: int, channels: int, side: int) -> float:
    def burst() -> Burst:
        image = torch.randn(1, channels, side, side).to(memory_format=torch.channels_last)
        weight = torch.randn(channels, channels, 3, 3).to(memory_format=torch.channels_last)
        return lambda: F.conv2d(image, weight, padding=1)

    return _best("convolution", [burst() for _ in range(threads)], (3 * channels * side) ** 2)


def _copy(name: str, threads: int, size: int, piece: int) -> float:
    """Bytes read and written a second by copies of pieces of arrays of `size` bytes in all."""
    piece = max(64, piece // 4)  # elements

    def copying() -> Burst:
        pieces = max(1, size // 4 // threads // piece)
        sources, targets = (torch.full((pieces, piece), value) for value in (1.0, 0.0))
        pairs = itertools.cycle(list(zip(sources, targets, strict=True)))

        def burst() -> None:
            source, target = next(pairs)
            target.copy_(source)

        return burst

    return _best(name, [copying() for _ in range(threads)], 2 * 4 * piece)


def call_costs() -> Mapping[str, float]:
    """Seconds that an eager call takes when it has nearly nothing to compute, by kind."""
    image, row = torch.randn(1, 8, 4, 4), torch.randn(1, 8)
    calls: Mapping[str, Burst] = {
        kind: _called(module.eval(), image)
        for kind, module in {
            "conv": nn.Conv2d(8, 8, 1, bias=False),
            "grouped": nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False),
            "transposed": nn.ConvTranspose2d(8, 8, 4, 2, 1, bias=False),
            "norm": nn.BatchNorm2d(8),
            "other": nn.ReLU(),
        }.items()
    } | {"matmul": lambda: torch.mm(row, row.T), "view": lambda: image.view(1, 2, 4, 4, 4)}
    return {kind: _seconds(call) for kind, call in calls.items()}


def _called(module: nn.Module, image: Tensor) -> Burst:
    return lambda: module(image)


def _seconds(call: Burst, times: int = 20) -> float:
    def burst() -> None:
        for _ in range(times):
            call()

    return shortest([burst], 0.02)[0] / times


def last_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int:
    """Bytes of the last-level cache that a core reaches; 32 MiB where the system does not say."""
    sizes = {1: 0}
    for index in folder.glob("index*"):
        level, kind, size = (text(index / name) for name in ("level", "type", "size"))
        if level.isdigit() and kind != "Instruction" and size[:-1].isdigit():
            sizes[int(level)] = int(size[:-1]) * {"K": 2**10, "M": 2**20}.get(size[-1], 0)
    return sizes[max(sizes)] or UNKNOWN_CACHE
