"""A subject on a GPU: prepared by its backend, checked, and timed by the device's own clock.

A GPU works behind the program's back: a call only hands its kernels over. A block is therefore
timed by CUDA events between its calls, and ends when the device has caught up. Each time is from
one call's end to the next one's, with the gaps in which the device waits for the program; of eager
calls of small networks that is most of it. A CUDA graph hands all kernels over at once.
"""

import itertools
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from math import inf, isfinite
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from repro.counting import parity
from repro.speed.backends import CUDA, Backend
from repro.speed.backends.folding import fold
from repro.speed.gpu import nvml
from repro.speed.gpu.cuda import first_sentence, refusal, uuid, why_not
from repro.speed.measure.building import Ready, seeded
from repro.speed.measure.subjects import RefusedError, Subject

Forward = Callable[[Tensor], object]
Seconds = tuple[float, ...]

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
"""of weights and inputs; tf32 is a way to multiply fp32"""
NEAR, TIMES = 1e-3, 3.0
"""how far from fp32 eager a backend may be: of the largest output, or of eager's own distance"""
WARM = 3
"""calls before a capture, and before anything is checked"""


def by_events(issue: Callable[[], object], calls: int) -> tuple[Seconds, Seconds]:
    """Seconds of so many calls in a row by CUDA events, and the same once more.

    `issue` hands a call's work over and returns. The second are in the place of CPU time, of which
    a device has none: its own clock runs on whatever else the machine does.
    """
    events = [
        torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        for _ in range(calls + 1)
    ]
    torch.cuda.synchronize()
    events[0].record()
    for event in events[1:]:
        issue()
        event.record()
    torch.cuda.synchronize()
    seconds = tuple(
        before.elapsed_time(after) / 1e3 for before, after in itertools.pairwise(events)
    )
    return seconds, seconds


def ready(subject: Subject, threads: int, cache: Path, seed: int) -> Ready:
    """The subject on the first GPU, checked against eager in fp32 there.

    Raise RefusedError with the reason if it cannot run or computes something else. `threads` and
    `cache` are the processor's; torch.compile keeps a cache of its own.
    """
    reason = why_not() or refusal(
        subject, torch.cuda.get_device_capability(0), find_spec("triton") is not None
    )
    if reason:
        raise RefusedError(reason.rstrip("."))
    backend, dtype = CUDA[subject.backend], DTYPES.get(subject.precision, torch.float32)
    held = torch.cuda.memory_allocated()
    model = seeded(subject, seed)
    example = parity.seeded_input((subject.batch, 3, *subject.input), seed).float()
    network = fold(model, example[:1]).model if backend.compiles else model
    model, example = model.cuda(), example.cuda()
    with torch.no_grad(), arithmetic("fp32"):
        exact = _outputs(model(example))
    images = example.to(dtype)
    with torch.no_grad(), arithmetic(subject.precision):
        usual = difference(exact, _outputs(model.to(dtype)(images)))
        start = time.perf_counter()
        forward = prepared_forward(backend, network.cuda().to(dtype), images)
        torch.cuda.synchronize()
        seconds = time.perf_counter() - start
        apart = difference(exact, _outputs(forward(images)))
    del exact
    problem = disagreement(apart, usual)
    if problem:
        raise RefusedError(problem)

    mirrored = images.flip(3)

    def issue() -> object:
        with torch.no_grad():
            outputs = forward(images)
            return (outputs, forward(mirrored)) if subject.flip else outputs

    def run() -> object:
        with arithmetic(subject.precision):
            outputs = issue()
        torch.cuda.synchronize()
        return outputs

    def timed(calls: int) -> tuple[Seconds, Seconds]:
        with arithmetic(subject.precision):
            return by_events(issue, calls)

    torch.cuda.reset_peak_memory_stats()
    run()
    same = (subject.backend, subject.precision) == ("eager", "fp32")
    return Ready(
        run=run,
        compile_seconds=seconds if backend.compiles or backend.replays else 0.0,
        difference=None if same else apart,
        timed=timed,
        device_memory=torch.cuda.max_memory_allocated() - held,
        energy=nvml.energy(uuid()),
    )


def prepared_forward(backend: Backend, model: nn.Module, images: Tensor) -> Forward:
    """The model as the backend runs it, warm; raise RefusedError where it cannot."""
    forward: Forward = model
    if backend.name == "channels_last":
        model.to(memory_format=torch.channels_last)

        def forward(images: Tensor) -> object:
            return model(images.contiguous(memory_format=torch.channels_last))

    try:
        if backend.compiles:
            forward = _compiled(model)
        for _ in range(WARM):
            forward(images)
        return _captured(forward, images) if backend.replays else forward
    except torch.cuda.OutOfMemoryError:
        raise
    except Exception as error:  # compilers and captures fail in many ways
        words = f"{type(error).__name__}: {first_sentence(error):.200}"
        raise RefusedError(f"`{backend.name}` cannot take it: {words}") from error


def _compiled(model: nn.Module) -> Forward:
    """Compiled for this shape alone.

    Compiled code is kept by the class that is run, eight versions of it at most, beyond which
    calls silently stay eager; many subjects of one class need more.
    """
    import torch._dynamo

    torch._dynamo.config.cache_size_limit = 4096
    torch._dynamo.config.accumulated_cache_size_limit = 4096
    return cast(Forward, torch.compile(model, dynamic=False))


def _captured(forward: Forward, images: Tensor) -> Forward:
    """Its kernels as a CUDA graph; each call copies its images to where the graph reads them."""
    held = images.clone()
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # a capture needs calls on another stream before it
        for _ in range(WARM):
            forward(held)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = forward(held)

    def replay(images: Tensor) -> object:
        held.copy_(images)
        graph.replay()
        return result

    return replay


@contextmanager
def arithmetic(precision: str) -> Iterator[None]:
    """TensorFloat-32 for `tf32`, and for nothing else."""
    matmul, convolution = torch.backends.cuda.matmul, torch.backends.cudnn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer names exist, and using both is an error
        before = matmul.allow_tf32, convolution.allow_tf32
        matmul.allow_tf32 = convolution.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        matmul.allow_tf32, convolution.allow_tf32 = before


def _outputs(result: object) -> list[Tensor]:
    """Every tensor of a result, in double precision and safe from the next call."""
    return [tensor.double().clone() for tensor in tree_leaves(result)]


def difference(exact: Sequence[Tensor], outputs: Sequence[Tensor]) -> float:
    """The largest difference relative to the largest value of its output; infinite if not finite.

    Infinite too where the outputs do not pair up.
    """
    if [tensor.shape for tensor in exact] != [tensor.shape for tensor in outputs]:
        return inf
    gaps = [
        float((true - output).abs().max() / true.abs().max().clamp_min(1e-30))
        for true, output in zip(exact, outputs, strict=True)
    ]
    return max(gaps, default=0.0) if all(map(isfinite, gaps)) else inf


def disagreement(apart: float, usual: float) -> str:
    """Why a difference from eager in fp32 is too large; empty if it is not.

    `usual` is eager's own in the subject's precision: of rounding, a backend may do no more than
    three times as much.
    """
    allowed = max(NEAR, TIMES * usual)
    if not isfinite(apart):
        return "gives other outputs than eager, or values that are not finite"
    if apart > allowed:
        return f"differs from eager by {apart:.2g} of the largest output; {allowed:.2g} is allowed"
    return ""
