"""Where a network spends its time: a torch.profiler trace, and its costs by operator and module.

Every module's forward pass is a named range of the trace, so that a viewer of Chrome traces shows
the network's own structure above the operators. Profiling slows a network down; the time of a pass
without it is measured too and stands beside.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.autograd.profiler_util import FunctionEventAvg
from torch.profiler import ProfilerActivity, record_function

from repro.errors import ReproError
from repro.files import temporary_folder, write_whole
from repro.speed.backends.base import silence

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
        recording = _record(model, run, fitting, on_device)
        if len(recording.trace) > largest:  # by a little, since passes differ
            fitting, recording = 1, first
    content = gzip.compress(recording.trace, 6) if path.suffix == ".gz" else recording.trace
    try:
        write_whole(path, content)
    except OSError as error:
        raise ReproError(f"`{path}` cannot be written: {error.strerror or error}.") from error
    kinds = {name: type(module).__name__ for name, module in model.named_modules()}
    return Profile(
        device="cuda" if on_device else "cpu",
        passes=fitting,
        seconds=recording.seconds / fitting,
        undisturbed=undisturbed,
        operators=operators(recording.averages, fitting, on_device),
        modules=modules(recording.averages, fitting, kinds, on_device),
        trace_bytes=len(content),
    )


def operators(
    averages: Sequence[FunctionEventAvg], passes: int, on_device: bool = False
) -> tuple[OperatorCost, ...]:
    """The operators by their own time, the costliest first."""
    costs = []
    for average in averages:
        name = str(average.key)
        if _on_host(average) and not name.startswith((PREFIX, "cuda", "Profiler")):
            alone = average.self_device_time_total if on_device else average.self_cpu_time_total
            seconds = alone / passes / 1e6, _total(average, on_device) / passes
            costs.append(OperatorCost(name, "", average.count / passes, *seconds))
    return tuple(sorted(costs, key=lambda cost: (-cost.own, cost.name)))


def modules(
    averages: Sequence[FunctionEventAvg],
    passes: int,
    kinds: Mapping[str, str],
    on_device: bool = False,
) -> tuple[OperatorCost, ...]:
    """The modules that ran, in the order of `kinds`: path -> class; own time is without theirs."""
    ran = {
        str(average.key).removeprefix(PREFIX).removeprefix(WHOLE): average
        for average in averages
        if _on_host(average) and str(average.key).startswith(PREFIX)
    }
    total = {path: _total(average, on_device) / passes for path, average in ran.items()}
    alone = dict(total)
    for path in filter(None, total):
        above = path.rpartition(".")[0]
        while above not in total:  # a list of modules, which never runs itself
            above = above.rpartition(".")[0]
        alone[above] -= total[path]
    return tuple(
        OperatorCost(path, kind, ran[path].count / passes, alone[path], total[path])
        for path, kind in kinds.items()
        if path in ran
    )


def _on_host(average: FunctionEventAvg) -> bool:
    """Kernels are listed once more, on the device; their time is in the calls that start them."""
    return str(average.device_type).endswith("CPU")


def _total(average: FunctionEventAvg, on_device: bool) -> float:
    """Seconds with everything below."""
    return (average.device_time_total if on_device else average.cpu_time_total) / 1e6


@dataclass(frozen=True)
class _Recording:
    averages: Sequence[FunctionEventAvg]
    trace: bytes
    seconds: float


def _record(model: nn.Module, run: Callable[[], None], passes: int, on_device: bool) -> _Recording:
    """Profile so many passes with a range for every module; the library's notes are not shown."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_device else [])]
    with silence(), _ranges(model), torch.profiler.profile(activities=activities) as recorder:
        seconds = sum(_seconds(run) for _ in range(passes))
    with silence(), temporary_folder() as folder:
        file = folder / "trace.json"
        recorder.export_chrome_trace(str(file))
        trace = json.loads(file.read_bytes())
    trace = json.dumps({key: trace[key] for key in KEPT if key in trace}, separators=(",", ":"))
    return _Recording(recorder.key_averages(), trace.encode(), seconds)


@contextmanager
def _ranges(model: nn.Module) -> Iterator[None]:
    """Every module's forward pass as a named range."""
    running: list[record_function] = []

    def enter(path: str, module: nn.Module, inputs: object) -> None:
        running.append(record_function(PREFIX + (path or WHOLE)))
        running[-1].__enter__()  # type: ignore[no-untyped-call]

    def leave(module: nn.Module, inputs: object, output: object) -> None:
        running.pop().__exit__(None, None, None)

    with ExitStack() as hooks:
        for path, module in model.named_modules():
            hooks.callback(module.register_forward_pre_hook(partial(enter, path)).remove)
            hooks.callback(module.register_forward_hook(leave, always_call=True).remove)
        yield


def _seconds(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
