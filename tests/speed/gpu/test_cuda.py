"""Timing on a GPU as far as no GPU is needed: what is planned, refused, prepared and checked."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from repro.errors import ReproError
from repro.speed.backends import CUDA, Backend
from repro.speed.gpu import cuda, device, nvml
from repro.speed.measure.procedures import TimingSettings
from repro.speed.measure.subjects import RefusedError, Subject, TimedRun

NET = Subject("hwl_mobilenetv3", (64, 64), 17)
HOPPER = (9, 0)


def test_a_build_without_cuda_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    assert cuda.why_not() == f"PyTorch {torch.__version__} is built without CUDA."


def test_a_machine_without_a_gpu_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise RuntimeError("Found no NVIDIA driver on your system. Please check\nthat you have one")

    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)
    reason = "There is no GPU to use: Found no NVIDIA driver on your system."
    assert cuda.why_not() == reason
    with pytest.raises(ReproError, match="Found no NVIDIA driver") as caught:
        cuda.measure([NET], TimingSettings(), lambda words, share: None)
    assert "--device cpu" in caught.value.hint
    with pytest.raises(RefusedError, match="no GPU to use"):
        device.ready(NET, 1, Path(), 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert cuda.why_not() == ""


@pytest.mark.parametrize(
    ("change", "capability", "triton", "words"),
    [
        ({}, (6, 1), False, ""),
        ({"precision": "fp16"}, (6, 1), True, ""),
        ({"precision": "bf16"}, (7, 5), True, "bf16 needs compute capability 8.0, .* 7.5"),
        ({"precision": "tf32"}, (7, 5), True, "tf32 needs"),
        ({"precision": "bf16"}, HOPPER, True, ""),
        ({"precision": "int8"}, HOPPER, True, "no precision `int8`"),
        ({"backend": "compiled"}, HOPPER, False, "triton, which is not installed"),
        ({"backend": "compiled_graphs"}, (6, 1), True, "triton needs compute capability 7.0"),
        ({"backend": "compiled_graphs"}, HOPPER, True, ""),
        ({"backend": "graphs"}, (6, 1), False, ""),
        ({"backend": "onnx_runtime"}, HOPPER, True, "no backend `onnx_runtime`"),
        ({"stage": "full"}, HOPPER, True, "`full` runs on the CPU"),
    ],
)
def test_refusals(
    change: dict[str, str], capability: tuple[int, int], triton: bool, words: str
) -> None:
    found = cuda.refusal(replace(NET, **change), capability, triton)
    assert re.search(words, found) if words else found == ""


def test_a_run_keeps_what_the_device_did(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = SimpleNamespace(
        name="NVIDIA H200", major=9, minor=0, total_memory=139 * 2**30, uuid="1-2"
    )
    asked = []

    def measure(subjects: object, settings: TimingSettings, tell: object) -> TimedRun:
        asked.append(settings.builder)
        return TimedRun((NET,), (), (), {}, {"before": 1})

    monkeypatch.setattr(cuda, "why_not", lambda: "")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)
    monkeypatch.setattr(nvml, "sensor", lambda uuid: asked.append(uuid))
    monkeypatch.setattr(cuda.engine, "measure", measure)
    run = cuda.measure([NET], TimingSettings(), lambda words, share: None)
    assert asked == ["GPU-1-2", "repro.speed.gpu.device:ready"]
    found = run.conditions["device"]
    assert run.conditions["before"] == 1
    assert (found["name"], found["capability"], found["memory_gib"]) == ("NVIDIA H200", "9.0", 139)


class Clock:
    """The device's clock: an event reads it when it is recorded, work moves it on."""

    now = 0.0

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        self.at = Clock.now

    def elapsed_time(self, later: "Clock") -> float:
        return later.at - self.at


def test_calls_are_timed_between_events_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", Clock)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    milliseconds = iter([5.0, 1.0, 2.0])

    def issue() -> None:
        Clock.now += next(milliseconds)

    wall, cpu = device.by_events(issue, 3)
    assert wall == cpu == pytest.approx((0.005, 0.001, 0.002))


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The processor in a GPU's place; gives the steps that only a GPU takes."""
    steps: list[str] = []

    @contextmanager
    def within(what: object) -> Iterator[None]:
        steps.append(str(what))
        yield

    def does(name: str, result: object = None) -> Callable[..., object]:
        return lambda *given, **named: (steps.append(name), result)[1]

    stream = SimpleNamespace(wait_stream=lambda other: None)
    graph = SimpleNamespace(replay=does("replay"))
    for name, value in {
        "get_device_capability": lambda index: HOPPER,
        "memory_allocated": lambda: 100,
        "max_memory_allocated": lambda: 300,
        "reset_peak_memory_stats": does("peak"),
        "synchronize": does("synchronize"),
        "Stream": lambda: stream,
        "current_stream": lambda: stream,
        "stream": lambda one: within("side stream"),
        "CUDAGraph": lambda: graph,
        "graph": lambda one: within("capture"),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(device, "why_not", lambda: "")
    monkeypatch.setattr(device, "uuid", lambda: "GPU-1")
    monkeypatch.setattr(device, "find_spec", lambda name: object())
    monkeypatch.setattr(nn.Module, "cuda", lambda self: self)
    monkeypatch.setattr(Tensor, "cuda", lambda self: self)
    return steps


@pytest.mark.parametrize("backend", list(CUDA))
def test_every_backend_is_prepared_checked_and_waited_for(
    backend: str, pretended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda model, dynamic: compiled.append(model) or model)
    made = device.ready(replace(NET, backend=backend), 1, Path(), 0)
    assert (made.difference is None) == (backend == "eager")
    assert made.difference is None or made.difference < 1e-4
    assert made.device_memory == 200
    assert (made.compile_seconds > 0) == backend.endswith(("compiled", "graphs"))
    assert ("capture" in pretended) == backend.endswith("graphs")
    pretended.clear()
    made.run()
    assert pretended == ["replay"] * backend.endswith("graphs") + ["synchronize"]
    folded = [not any(isinstance(one, nn.BatchNorm2d) for one in net.modules()) for net in compiled]
    assert folded == [True] * backend.startswith("compiled")


def test_a_flip_test_is_two_passes(pretended: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    images = []

    def prepared(backend: Backend, model: nn.Module, example: Tensor) -> Callable[[Tensor], object]:
        return lambda given: images.append(given) or model(given)

    monkeypatch.setattr(device, "prepared_forward", prepared)
    made = device.ready(replace(NET, flip=True), 1, Path(), 0)
    images.clear()
    made.run()
    assert torch.equal(images[1], images[0].flip(3))


def test_a_low_precision_is_told_and_allowed_its_own_rounding(pretended: list[str]) -> None:
    made = device.ready(replace(NET, precision="bf16"), 1, Path(), 0)
    assert made.difference is not None and 1e-4 < made.difference < 0.5
    assert device.disagreement(apart=0.2, usual=0.1) == ""
    assert "differs from eager by 0.4" in device.disagreement(apart=0.4, usual=0.1)
    assert "0.001 is allowed" in device.disagreement(apart=2e-3, usual=0.0)
    assert "not finite" in device.disagreement(apart=float("inf"), usual=float("inf"))


def test_another_result_gets_no_speed(
    pretended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepared(backend: Backend, model: nn.Module, example: Tensor) -> Callable[[Tensor], object]:
        return lambda given: 1.01 * model(given)

    monkeypatch.setattr(device, "prepared_forward", prepared)
    with pytest.raises(RefusedError, match=r"differs from eager by 0\.01"):
        device.ready(replace(NET, backend="graphs"), 1, Path(), 0)


def test_what_a_backend_cannot_take_is_said(
    pretended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model: nn.Module, dynamic: bool) -> None:
        raise ValueError("no such operator. And more.")

    monkeypatch.setattr(torch, "compile", fail)
    with pytest.raises(RefusedError, match="`compiled` cannot take it: ValueError: no such operat"):
        device.ready(replace(NET, backend="compiled"), 1, Path(), 0)


def test_differences_are_relative_to_each_output() -> None:
    one, two = torch.tensor([2.0, -4.0]), torch.tensor([100.0])
    assert device.difference([one, two], [one, two + 1]) == pytest.approx(0.01)
    assert device.difference([one], [one + 1]) == pytest.approx(0.25)
    assert device.difference([one], [one, two]) == float("inf")
    assert device.difference([one], [one * float("nan")]) == float("inf")


def test_tensorfloat_is_on_for_tf32_alone() -> None:
    def state() -> tuple[bool, bool]:
        return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32

    before = state()
    with device.arithmetic("tf32"):
        assert state() == (True, True)
        with device.arithmetic("fp32"):
            assert state() == (False, False)
        assert state() == (True, True)
    assert state() == before
