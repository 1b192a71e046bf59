"""Measure a processor's limits in about two seconds: multiply-adds, bandwidth, cost of a call.

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
from pathlib import Path
from typing import NamedTuple

import psutil
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from repro.speed.roofline import fma
from repro.speed.roofline.model import Ceiling, MachineLimits

Burst = Callable[[], object]
SHAPES = ((64, 56), (128, 28))
"""channels and side of the 3x3 convolutions; the best one counts"""
SIDE = 512
"""of the square matrices"""
SECONDS = {"fused": 0.06, "matmul": 0.14, "convolution": 0.14, "memory": 0.16, "cache": 0.06}
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
    start, load = time.perf_counter(), os.getloadavg()[0]
    loop, cache = fma.build(), last_cache()
    expected = fma.estimate()
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with torch.inference_mode():
            one = _ceiling(1, loop, cache)
            overhead = call_costs()
        several = _ceiling(threads, loop, cache) if threads > 1 else one
    finally:
        torch.set_num_threads(before)
    return MachineLimits(
        one=one,
        all=several,
        overhead=overhead,
        cache_bytes=cache,
        source=loop.source if loop else f"no compiler here; {expected.source}",
        expected=expected.rate,
        seconds=time.perf_counter() - start,
        load=load,
    )


def _ceiling(threads: int, loop: fma.Loop | None, cache: int) -> Ceiling:
    return Ceiling(
        threads=threads,
        fused=_fused(threads, loop) if loop else 0.0,
        matmul=_best("matmul", [_product() for _ in range(threads)], SIDE**3),
        convolution=max(_convolution(threads, *shape) for shape in SHAPES),
        memory=_copy("memory", threads, min(2 * cache, LARGEST, _spare() // 8), PIECE),
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
    start = threading.Barrier(len(bursts))
    found: list[list[Stamp]] = [[] for _ in bursts]
    problems: list[BaseException] = []
    cores = spread(len(bursts))

    def work(number: int) -> None:
        try:
            if cores:
                os.sched_setaffinity(0, {cores[number]})  # of this thread alone
            torch.set_num_threads(1)
            with torch.inference_mode():
                bursts[number]()
                start.wait()
                _repeat(bursts[number], seconds, found[number])
        except threading.BrokenBarrierError:
            return
        except BaseException as error:
            problems.append(error)
            start.abort()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(bursts))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if problems:
        raise problems[0]
    return accompanied(found)


def _repeat(burst: Burst, seconds: float, found: list[Stamp]) -> None:
    deadline = time.perf_counter() + seconds
    while len(found) < 3 or found[-1].end < deadline:
        cpu, begin = time.thread_time(), time.perf_counter()
        burst()
        end = time.perf_counter()
        found.append(Stamp(begin, end, time.thread_time() - cpu))


def accompanied(stamps: Sequence[Sequence[Stamp]]) -> list[float]:
    """Each thread's shortest time while all others were at work too; its shortest if never."""
    whole = [[one for one in mine if one.whole] for mine in stamps]
    best = []
    for number, mine in enumerate(whole):
        others = whole[:number] + whole[number + 1 :]
        beside = [one for one in mine if all(_overlaps(theirs, one) for theirs in others)]
        best.append(min(one.wall for one in beside or mine or stamps[number]))
    return best


def _overlaps(stamps: Sequence[Stamp], one: Stamp) -> bool:
    """Whether one of the stamps, in order of time, shares half of `one`."""
    after = bisect_right(stamps, one.begin, key=lambda stamp: stamp.end)
    shared = (min(other.end, one.end) - max(other.begin, one.begin) for other in stamps[after:])
    return sum(itertools.takewhile(lambda seconds: seconds > 0, shared)) >= one.wall / 2


def spread(count: int, folder: Path = Path("/sys/devices/system/cpu")) -> list[int]:
    """So many processors, on as many cores as there are; none where they cannot be chosen."""
    if count == 1 or not hasattr(os, "sched_getaffinity"):
        return []
    free, ranked = sorted(os.sched_getaffinity(0)), []
    for number in free:
        text = _text(folder / f"cpu{number}/topology/core_cpus_list")
        first = text.replace("-", ",").split(",")[0]
        ranked.append((first != str(number), number))  # the first thread of each core comes first
    return [number for _, number in sorted(ranked)][:count] if len(free) >= count else []


def _fused(threads: int, loop: fma.Loop) -> float:
    rounds = max(1, 2**26 // loop.width)  # a millisecond on a fast core

    def spin() -> object:
        return loop.spin(rounds)

    return _best("fused", [spin] * threads, rounds * loop.width)


def _product() -> Burst:
    left, right, result = (torch.randn(SIDE, SIDE) for _ in range(3))
    return lambda: torch.mm(left, right, out=result)


def _convolution(threads: int, channels: int, side: int) -> float:
    def one() -> Burst:
        image = torch.randn(1, channels, side, side).to(memory_format=torch.channels_last)
        weight = torch.randn(channels, channels, 3, 3).to(memory_format=torch.channels_last)
        return lambda: F.conv2d(image, weight, padding=1)

    return _best("convolution", [one() for _ in range(threads)], (3 * channels * side) ** 2)


def _copy(name: str, threads: int, size: int, piece: int) -> float:
    """Bytes read and written a second by copies of pieces of arrays of `size` bytes in all."""
    piece = max(64, piece // 4)  # elements

    def one() -> Burst:
        pieces = max(1, size // 4 // threads // piece)
        sources, targets = (torch.full((pieces, piece), value) for value in (1.0, 0.0))
        pairs = itertools.cycle(list(zip(sources, targets, strict=True)))

        def burst() -> None:
            come, go = next(pairs)
            go.copy_(come)

        return burst

    return _best(name, [one() for _ in range(threads)], 2 * 4 * piece)


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
    return {kind: _each(call) for kind, call in calls.items()}


def _called(module: nn.Module, image: Tensor) -> Burst:
    return lambda: module(image)


def _each(call: Burst, times: int = 20) -> float:
    def burst() -> None:
        for _ in range(times):
            call()

    return shortest([burst], 0.02)[0] / times


def last_cache(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> int:
    """Bytes of the last-level cache that a core reaches; 32 MiB where the system does not say."""
    found = {1: 0}
    for index in folder.glob("index*"):
        level, kind, size = (_text(index / name) for name in ("level", "type", "size"))
        if level.isdigit() and kind != "Instruction" and size[:-1].isdigit():
            found[int(level)] = int(size[:-1]) * {"K": 2**10, "M": 2**20}.get(size[-1], 0)
    return found[max(found)] or UNKNOWN_CACHE


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _spare() -> int:
    """Bytes of memory that are free."""
    return int(psutil.virtual_memory().available)
