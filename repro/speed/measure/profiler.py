"""Where a network spends its time: a torch.profiler trace, and its costs by operator and module.

Every module's forward pass is a named range of the trace, so that a viewer of Chrome traces shows
the network's own structure above the operators. Profiling slows a network down; the time of a pass
without it is measured too and stands beside.
"""

import gzip
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, record_function

from repro.errors import ReproError
from repro.files import write_whole

PASSES = 3
LARGEST = 2**26
"""bytes of a trace before compression"""
PREFIX = "module "
WHOLE = "(model)"
"""name of the range of the model itself, whose path is empty"""
KEPT = (
    "schemaVersion",
    "displayTimeUnit",
    "baseTimeNanoseconds",
    "deviceProperties",
    "traceEvents",
)
"""keys of the trace; the others name the machine and its folders"""


@dataclass(frozen=True)
class OperatorCost:
    """One operator, or one module; per forward pass."""

    name: str
    """aten operator, or path of the module; the empty path is the model"""
    kind: str
    """class of the module; empty for an operator"""
    calls: float
    own: float
    """seconds without what it calls that is listed itself"""
    total: float
    """seconds with everything below"""


@dataclass(frozen=True)
class Profile:
    """What one profile of a network says."""

    device: str
    """whose seconds these are: cpu, or cuda for those of its kernels"""
    passes: int
    seconds: float
    """wall time of a forward pass under the profiler"""
    undisturbed: float
    """and without it"""
    operators: tuple[OperatorCost, ...]
    """by own time, the costliest first"""
    modules: tuple[OperatorCost, ...]
    """in the model's order; modules that never ran are left out"""
    trace_bytes: int = 0

    @property
    def slowdown(self) -> float:
        """How many times as long a pass takes for being profiled."""
        return self.seconds / self.undisturbed


class Event(Protocol):
    """What is read of torch.autograd.profiler_util.FunctionEvent; times are microseconds."""

    name: str
    cpu_parent: "Event | None"
    cpu_time_total: float
    self_cpu_time_total: float
    device_time_total: float
    self_device_time_total: float
    device_type: object


def profile(
    model: nn.Module, example: Tensor, path: Path, passes: int = PASSES, largest: int = LARGEST
) -> Profile:
    """Profile forward passes of a model in eval mode and write the trace to `path`.

    The file is a Chrome trace, `.json` or `.json.gz`, written whole or not at all and without the
    machine's name; fewer passes are kept where so many would need more than `largest` bytes. Raise
    ReproError where one alone does, or where `path` cannot be written.
    """
    if not path.name.endswith((".json", ".json.gz")) or path.is_dir():
        raise ReproError(f"`{path}` is no name for a trace.", "Name a file: trace.json.gz, say.")
    on_device = example.is_cuda

    def run() -> None:
        model(example)
        if on_device:
            torch.cuda.synchronize()

    with torch.inference_mode():
        _seconds(run)
        undisturbed = median(_seconds(run) for _ in range(3))
        first = _record(model, run, 1, on_device)  # also warms the profiler up
        fitting = min(passes, largest // len(first.trace))
        if fitting < 1:
            raise ReproError(
                f"A trace of one pass has {len(first.trace):,} bytes, more than {largest:,}.",
                "Profile a smaller input or a smaller network.",
            )
        kept = _record(model, run, fitting, on_device)
        if len(kept.trace) > largest:  # by a little, since passes differ
            fitting, kept = 1, first
    content = gzip.compress(kept.trace, 6) if path.suffix == ".gz" else kept.trace
    try:
        write_whole(path, content)
    except OSError as error:
        raise ReproError(f"`{path}` cannot be written: {error.strerror or error}.") from error
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    return Profile(
        device="cuda" if on_device else "cpu",
        passes=fitting,
        seconds=kept.seconds / fitting,
        undisturbed=undisturbed,
        operators=operators(kept.events, fitting, on_device),
        modules=modules(kept.events, fitting, kinds, on_device),
        trace_bytes=len(content),
    )


def operators(
    events: Sequence[Event], passes: int, on_device: bool = False
) -> tuple[OperatorCost, ...]:
    """The operators by their own time, the costliest first."""
    found: dict[str, list[float]] = {}
    for event in events:
        if _on_host(event) and not event.name.startswith((PREFIX, "cuda", "Profiler")):
            costs = found.setdefault(event.name, [0.0, 0.0, 0.0])
            own = event.self_device_time_total if on_device else event.self_cpu_time_total
            nested = _above(event, event.name) is not None  # its time is in the outer call's total
            total = 0.0 if nested else _total(event, on_device)
            for position, value in enumerate((1, own, total)):
                costs[position] += value
    costs_of = (
        OperatorCost(name, "", calls / passes, own / passes / 1e6, total / passes / 1e6)
        for name, (calls, own, total) in found.items()
    )
    return tuple(sorted(costs_of, key=lambda cost: (-cost.own, cost.name)))


def modules(
    events: Sequence[Event], passes: int, kinds: Mapping[str, str], on_device: bool = False
) -> tuple[OperatorCost, ...]:
    """The modules that ran, in the order of `kinds`: path -> class; own time is without theirs."""
    calls, own, total = (
        Counter[str](),
        defaultdict[str, float](float),
        defaultdict[str, float](float),
    )
    for event in events:
        if not (_on_host(event) and event.name.startswith(PREFIX)):
            continue
        path, seconds = _path(event.name), _total(event, on_device)
        calls[path] += 1
        own[path] += seconds
        total[path] += seconds
        outer = _above(event, PREFIX)
        if outer is not None:
            own[_path(outer.name)] -= seconds
    return tuple(
        OperatorCost(
            path, kind, calls[path] / passes, own[path] / passes / 1e6, total[path] / passes / 1e6
        )
        for path, kind in kinds.items()
        if calls[path]
    )


def outline(modules: Sequence[OperatorCost]) -> list[OperatorCost]:
    """Modules that together are the model: its children, or theirs where those are fewer than 3."""
    named = [cost for cost in modules if cost.name]
    children = [cost for cost in named if "." not in cost.name]
    if len(children) >= 3:
        return children
    deeper = [cost for cost in named if cost.name.count(".") == 1]
    parents = {cost.name.partition(".")[0] for cost in deeper}
    return [
        cost
        for cost in named
        if cost.name.count(".") == 1 or (cost in children and cost.name not in parents)
    ]


def _on_host(event: Event) -> bool:
    """Kernels are listed once more, on the device; their time is in the calls that start them."""
    return str(event.device_type).endswith("CPU")


def _total(event: Event, on_device: bool) -> float:
    return event.device_time_total if on_device else event.cpu_time_total


def _above(event: Event, prefix: str) -> Event | None:
    """The nearest event around it whose name begins so."""
    outer = event.cpu_parent
    while outer is not None and not outer.name.startswith(prefix):
        outer = outer.cpu_parent
    return outer


def _path(name: str) -> str:
    return name.removeprefix(PREFIX).removeprefix(WHOLE)


@dataclass(frozen=True)
class _Recording:
    events: Sequence[Event]
    trace: bytes
    seconds: float


def _record(model: nn.Module, run: Callable[[], None], passes: int, on_device: bool) -> _Recording:
    """Profile so many passes with a range for every module."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_device else [])]
    with _muted(), _ranges(model), torch.profiler.profile(activities=activities) as recorder:
        seconds = sum(_seconds(run) for _ in range(passes))
    with _muted(), tempfile.TemporaryDirectory(prefix="repro-") as folder:
        file = Path(folder, "trace.json")
        recorder.export_chrome_trace(str(file))
        trace = json.loads(file.read_bytes())
    kept = {key: trace[key] for key in KEPT if key in trace}
    events = cast(Sequence[Event], recorder.events())
    return _Recording(events, json.dumps(kept, separators=(",", ":")).encode(), seconds)


@contextmanager
def _ranges(model: nn.Module) -> Iterator[None]:
    """Every module's forward pass as a named range."""
    running: list[record_function] = []

    def enter(path: str, module: nn.Module, inputs: object) -> None:
        running.append(record_function(PREFIX + (path or WHOLE)))
        running[-1].__enter__()  # type: ignore[no-untyped-call]

    def leave(module: nn.Module, inputs: object, output: object) -> None:
        running.pop().__exit__(None, None, None)

    handles = []
    for path, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(partial(enter, path)))
        handles.append(module.register_forward_hook(leave))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        while running:  # a forward pass that raised
            running.pop().__exit__(None, None, None)


@contextmanager
def _muted() -> Iterator[None]:
    """Keep the profiler's own notes, which its library writes past Python, off the terminal."""
    sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _seconds(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
