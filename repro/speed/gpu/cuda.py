"""Timing on an NVIDIA GPU: what can be timed, and the run, by the engine that times processors.

In `fp32` TensorFloat-32 is off everywhere, `tf32` turns it on; `fp16` and `bf16` convert weights
and input. repro.speed.gpu.device makes the subjects runnable in the worker processes.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch

from repro.errors import ReproError
from repro.speed.backends import CUDA
from repro.speed.gpu import nvml
from repro.speed.measure import engine
from repro.speed.measure.subjects import Subject, TimedRun

if TYPE_CHECKING:
    from repro.speed.measure.procedures import TimingSettings

AMPERE, VOLTA = (8, 0), (7, 0)
"""compute capabilities"""
BUILDER = "repro.speed.gpu.device:ready"


def why_not() -> str:
    """Why nothing can be timed here, in one sentence; empty if it can."""
    if torch.version.cuda is None:
        return f"PyTorch {torch.__version__} is built without CUDA."
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if torch.cuda.is_available():
            return ""
        try:
            torch.cuda.init()  # type: ignore[no-untyped-call]
        except (RuntimeError, AssertionError) as error:
            return f"There is no GPU to use: {first_sentence(error)}."
    return "There is no GPU to use: PyTorch finds none."


def first_sentence(error: BaseException) -> str:
    """What an error says first, without the full stop."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words.partition(". ")[0].rstrip(".")


def absent() -> tuple[str, ...]:
    """What cannot be done or told here for want of optional parts, a GPU left aside."""
    triton = "" if find_spec("triton") else "no compiled backends: triton is not installed"
    return tuple(filter(None, (triton, nvml.absent())))


def refusal(subject: Subject, capability: tuple[int, int], triton: bool) -> str:
    """Why a device of this compute capability cannot run the subject; empty if it can."""
    here = ".".join(map(str, capability))
    if subject.stage != "net":
        return f"the stage `{subject.stage}` runs on the CPU"
    backend = CUDA.get(subject.backend)
    if backend is None:
        return f"there is no backend `{subject.backend}` for CUDA"
    if subject.precision not in backend.precisions:
        return f"there is no precision `{subject.precision}` on CUDA"
    if subject.precision in ("tf32", "bf16") and capability < AMPERE:
        return f"{subject.precision} needs compute capability 8.0, this device has {here}"
    if backend.compiles:
        if not triton:
            return "torch.compile needs triton, which is not installed"
        if capability < VOLTA:
            return f"triton needs compute capability 7.0, this device has {here}"
    return ""


def uuid() -> str:
    """The name of the first GPU, as NVML knows it."""
    return f"GPU-{getattr(torch.cuda.get_device_properties(0), 'uuid', '')}"


def measure(subjects: Sequence[Subject], settings: "TimingSettings", tell: engine.Tell) -> TimedRun:
    """Time the subjects on the first GPU; its clocks, power and heat are among the conditions.

    Raise ReproError where there is no GPU, else what repro.speed.measure.engine.measure raises.
    """
    reason = why_not()
    if reason:
        raise ReproError(reason, "Time on the processor: --device cpu.")
    device = torch.cuda.get_device_properties(0)
    with nvml.DeviceWatch(nvml.sensor(uuid())) as watch:
        run = engine.measure(subjects, replace(settings, builder=BUILDER), tell)
    properties = {
        "name": device.name,
        "capability": f"{device.major}.{device.minor}",
        "memory_gib": round(device.total_memory / 2**30),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "seen": watch.described(),
        "absent": list(absent()),
    }
    return replace(run, conditions={**run.conditions, "device": properties})
