"""Costs of operators and modules add up, and a trace is whole, plain and bounded."""

import gzip
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import DeviceType
from torch.autograd.profiler_util import FunctionEventAvg

import zoo
from repro.errors import ReproError
from repro.speed.measure import profiler
from repro.speed.measure.profiler import OperatorCost, modules, operators, profile


class Twice(nn.Module):
    """A block that runs two times, beside one that never does."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.ReLU())
        self.unused = nn.Linear(2, 2)

    def forward(self, image: Tensor) -> Tensor:
        return self.block(self.block(image))


def average(
    key: str, count: int, cpu: float, own: float, device: float = 0, on: DeviceType = DeviceType.CPU
) -> FunctionEventAvg:
    """What PyTorch sums up of events of one name, in microseconds; a kernel's time is its own."""
    found = FunctionEventAvg()
    found.key, found.count, found.device_type = key, count, on
    found.cpu_time_total, found.self_cpu_time_total = cpu, own
    found.device_time_total = device
    found.self_device_time_total = device if key == "aten::copy_" else 0
    return found


def averages() -> list[FunctionEventAvg]:
    """Of two passes of a model with one child; a kernel is listed a second time."""
    return [
        average("module (model)", 2, 200, 20, 120),
        average("module child", 2, 160, 10, 100),
        average("aten::conv2d", 2, 140, 40, 100),
        average("aten::copy_", 2, 100, 100, 100),
        average("cudaLaunchKernel", 2, 10, 10),
        average("aten::copy_", 2, 0, 0, 100, DeviceType.CUDA),
        average("aten::relu", 2, 20, 20),
    ]


def test_own_time_is_without_what_is_listed_below() -> None:
    assert modules(averages(), 2, {"": "Model", "child": "Block", "unused": "Linear"}) == (
        OperatorCost("", "Model", 1, pytest.approx(20e-6), pytest.approx(100e-6)),
        OperatorCost("child", "Block", 1, pytest.approx(80e-6), pytest.approx(80e-6)),
    )
    assert operators(averages(), 2) == (
        OperatorCost("aten::copy_", "", 1, pytest.approx(50e-6), pytest.approx(50e-6)),
        OperatorCost("aten::conv2d", "", 1, pytest.approx(20e-6), pytest.approx(70e-6)),
        OperatorCost("aten::relu", "", 1, pytest.approx(10e-6), pytest.approx(10e-6)),
    )


def test_on_a_device_the_time_is_that_of_the_kernels() -> None:
    assert [cost.own for cost in operators(averages(), 2, True)] == pytest.approx([50e-6, 0, 0])
    found = modules(averages(), 2, {"": "Model", "child": "Block"}, True)
    assert [cost.total for cost in found] == pytest.approx([60e-6, 50e-6])


def test_a_list_that_never_runs_passes_its_parts_on() -> None:
    found = modules(
        [average("module (model)", 1, 9, 1), average("module steps.0", 1, 4, 4)],
        1,
        {"": "Model", "steps": "ModuleList", "steps.0": "Conv2d"},
    )
    assert [(cost.name, cost.own) for cost in found] == [
        ("", pytest.approx(5e-6)),
        ("steps.0", pytest.approx(4e-6)),
    ]


def test_a_profile_adds_up(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trace.json"
    found = profile(Twice().eval(), torch.randn(1, 3, 32, 32), path)
    costs = {cost.name: cost for cost in found.modules}
    assert list(costs) == ["", "block", "block.0", "block.1"]
    assert costs[""].calls == 1 and costs["block.0"].calls == 2
    assert costs["block.0"].kind == "Conv2d"
    assert sum(cost.own for cost in found.modules) == pytest.approx(costs[""].total)
    assert costs["block"].total < costs[""].total < found.seconds
    assert sum(cost.own for cost in found.operators) < costs[""].total
    names = [cost.name for cost in found.operators]
    assert "aten::conv2d" in names and not [name for name in names if "module" in name]
    assert (found.device, found.passes) == ("cpu", 3)
    assert found.trace_bytes == path.stat().st_size
    assert found.undisturbed > 0 and found.slowdown == found.seconds / found.undisturbed


def test_the_trace_is_one_for_viewers_and_names_no_machine(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trace.json.gz"
    profile(Twice().eval(), torch.randn(1, 3, 8, 8), path, passes=2)
    trace = json.loads(gzip.decompress(path.read_bytes()))
    assert set(trace) <= set(profiler.KEPT)
    ranges = [one for one in trace["traceEvents"] if one.get("cat") == "user_annotation"]
    names = [one["name"] for one in ranges]
    assert names.count("module (model)") == 2 and names.count("module block.1") == 4
    assert {"ts", "dur", "tid", "ph"} <= set(ranges[0])
    assert capfd.readouterr() == ("", "")


def test_a_trace_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    model, image = Twice().eval(), torch.randn(1, 3, 8, 8)
    whole = profile(model, image, path)
    limit = whole.trace_bytes // 2
    assert profile(model, image, path, largest=limit).passes == 1
    assert path.stat().st_size <= limit
    path.unlink()
    with pytest.raises(ReproError, match="A trace of one pass has"):
        profile(model, image, path, largest=100)
    assert list(tmp_path.iterdir()) == []


class Fails(nn.Module):
    """Its child raises on the fifth call."""

    def __init__(self) -> None:
        super().__init__()
        self.child = Twice()
        self.calls = 0

    def forward(self, image: Tensor) -> Tensor:
        self.calls += 1
        return self.child(image if self.calls < 5 else image[:, :1])


def test_a_failed_pass_leaves_no_file_and_no_hooks(tmp_path: Path) -> None:
    model = Fails().eval()
    with pytest.raises(RuntimeError, match="channels"):
        profile(model, torch.randn(1, 3, 8, 8), tmp_path / "trace.json")
    assert list(tmp_path.iterdir()) == []
    assert not any(module._forward_hooks for module in model.modules())
    model.calls = -100
    assert profile(model, torch.randn(1, 3, 8, 8), tmp_path / "trace.json", passes=1).modules


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    model, image = Twice().eval(), torch.randn(1, 3, 8, 8)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReproError, match="cannot be written"):
        profile(model, image, tmp_path / "file" / "trace.json")
    with pytest.raises(ReproError, match="no name for a trace"):
        profile(model, image, tmp_path / "trace.txt")


def test_a_network_of_the_zoo_is_told_by_its_parts(tmp_path: Path) -> None:
    model = zoo.create_model("lpn_50").eval()
    found = profile(model, torch.randn(1, 3, 64, 64), tmp_path / "trace.json.gz", passes=1)
    parts = [cost for cost in found.modules if cost.name and "." not in cost.name]
    assert {"layer1", "deconv_layers", "final_layer"} <= {cost.name for cost in parts}
    assert sum(cost.total for cost in parts) <= found.modules[0].total
    assert max(cost.total for cost in found.operators) <= found.modules[0].total
