"""Bytes and multiply-adds by hand, limits by arithmetic, and a calibration that finishes."""

import shutil
import threading
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.counting import counter
from repro.speed.roofline import calibration, model, traffic
from repro.speed.roofline.calibration import Stamp
from repro.speed.roofline.model import Ceiling, MachineLimits, Operator, RooflineRow, Work

ONE = Ceiling(1, matmul=60e9, convolution=100e9, memory=20e9, cache=80e9)
TWO = Ceiling(2, matmul=200e9, convolution=150e9, memory=30e9, cache=160e9)
MACHINE = MachineLimits(
    one=ONE,
    all=TWO,
    overhead={"conv": 1e-3, "norm": 2e-3, "view": 1e-4},
    cache_bytes=2 * 10**6,
)


def conv(macs: int, moved: int) -> Operator:
    return Operator("convolution", "conv", macs, moved, 0, 0, moved)


def seen(model: nn.Module, size: tuple[int, int], batch: int = 1) -> Work:
    return traffic.observe(model.to("meta").eval(), size, batch)


def test_a_convolution_moves_its_image_its_weights_and_its_result() -> None:
    (one,) = seen(nn.Conv2d(3, 8, 3, padding=1), (4, 6), batch=2).operators
    assert (one.name, one.kind) == ("convolution", "conv")
    assert one.macs == 2 * 8 * 3 * 9 * 24
    assert (one.read, one.weights, one.written) == (4 * 2 * 72, 4 * (216 + 8), 4 * 2 * 8 * 24)


def test_kinds_of_convolutions_are_told_apart() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 3, groups=6), nn.ConvTranspose2d(6, 4, 2)
    )
    assert [one.kind for one in seen(model, (8, 8)).operators] == ["conv", "grouped", "transposed"]


class Plain(nn.Module):
    """Views, an expanded tensor, a sum in place, and one tensor taken twice."""

    def forward(self, image: Tensor) -> Tensor:
        rows = image.flatten(1).view(-1, 3, 4)
        square = rows * rows
        square += rows.mean(2, keepdim=True).expand_as(rows)
        return square.transpose(1, 2)


def test_views_move_nothing_and_nothing_is_read_twice() -> None:
    found = seen(Plain(), (2, 2)).operators
    moved = [(one.name, one.read, one.written) for one in found if one.kind != "view"]
    image, mean = 4 * 12, 4 * 3
    assert moved == [
        ("mul", image, image),
        ("mean", image, mean),
        ("add_", image + mean, image),
    ]
    assert {one.moved for one in found if one.kind == "view"} == {0}


def test_merging_leaves_what_a_compiler_must_move() -> None:
    model = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.ReLU(), nn.AvgPool2d(2))
    work = seen(model, (4, 4))
    kept = {one.name: one.moved for one in work.merged().operators if one.moved}
    result = 4 * 5 * 16
    assert kept == {"convolution": 4 * (48 + 20) + result, "avg_pool2d": result + result // 4}
    assert work.merged().macs == work.macs == 5 * 3 * 16


@pytest.mark.parametrize("name", ["hwl_mobilenetv3", "lpn_50"])
def test_multiply_adds_are_those_of_the_conv_convention(name: str) -> None:
    import_module(zoo.MODELS[name].module)
    with torch.device("meta"):
        model = zoo.create_model(name).eval()
    size = zoo.MODELS[name].size or (64, 64)
    work = traffic.observe(model, size)
    assert work.macs == counter.observe(model, size)[0].total("conv")
    assert traffic.observe(model, size, batch=3).macs == 3 * work.macs
    held = sum(one.numel() for one in (*model.parameters(), *model.buffers()))
    assert sum(one.weights for one in work.operators) >= 0.9 * 4 * held


def test_the_limit_is_the_lower_of_peak_and_bandwidth() -> None:
    few = model.place("few", Work((conv(10**9, 10**9),)), 0.1, MACHINE, 1)
    many = model.place("many", Work((conv(10**10, 10**9),)), 0.2, MACHINE, 1)
    assert (few.intensity, few.limit) == (1, 20e9)
    assert (many.intensity, many.limit) == (10, 100e9)
    assert few.rate == 1e10 and few.share == pytest.approx(0.5)
    assert many.share == pytest.approx(0.5)
    assert model.place("many", Work((conv(10**10, 10**9),)), 0.2, MACHINE, 2).limit == 200e9
    with pytest.raises(ValueError, match="1 and 2 threads, not with 3"):
        MACHINE.at(3)
    with pytest.raises(ValueError, match="nothing"):
        model.place("nothing", Work(()), 1.0, MACHINE, 1)


def test_time_is_shared_out_to_compute_memory_calls_and_the_rest() -> None:
    operators = (
        conv(10**9, 10**6),  # 10 ms of arithmetic
        Operator("relu", "other", 0, 10**8, 0, 10**8),  # 10 ms of memory
        Operator("mul", "other", 0, 4 * 10**5, 0, 4 * 10**5),  # 10 us, from the cache
        Operator("native_batch_norm", "norm", 0, 0, 0, 0),
        Operator("view", "view", 0, 0, 0, 0),
    )
    row = model.place("net", Work(operators), 0.030, MACHINE, 1)
    assert row.compute == pytest.approx(0.010)
    assert row.memory == pytest.approx(0.01001)
    assert row.overhead == pytest.approx(0.0031)
    assert row.rest == pytest.approx(0.00689)
    assert (row.calls, row.products, row.bound) == (4, 1, "memory")
    assert replace(row, seconds=0.1).bound == "kernels"
    assert replace(row, overhead=0.012).bound == "overhead"
    assert replace(row, compute=0.012, overhead=0).bound == "compute"
    merged = model.place("net", Work(operators), 0.030, MACHINE, 1, "onnx_runtime")
    assert merged.overhead == 0 and merged.moved == 10**6


LITE = RooflineRow(
    model="litehrnet_18",
    threads=1,
    batch=1,
    seconds=0.064,
    macs=242 * 10**6,
    moved=367 * 10**6,
    calls=1241,
    products=353,
    peak=59e9,
    limit=18e9,
    compute=0.004,
    memory=0.003,
    overhead=0.012,
)


def test_an_explanation_has_numbers_and_the_papers_words() -> None:
    other = replace(LITE, model="lpn_50", products=121, macs=1_070 * 10**6)
    said = model.explain(LITE, other, {"onnx_runtime": 0.010, "eager": 0.064})
    for part in (
        "64.0 ms for 0.24 G",
        "353 products are of 0.7 M each (lpn_50: 121 of 8.8 M)",
        "45.0 ms go to kernels",
        "1,241 operator calls",
        "54.0 ms are not needed with onnx_runtime",
        "does not always mean fast in practice",
        "(paper1, Section I)",
    ):
        assert part in said, said
    assert "paper2, Section 4.3" in model.explain(other)
    near = replace(other, compute=0.06)
    assert "papers" not in model.explain(near)


def test_a_calibration_is_whole_and_leaves_the_threads_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calibration, "SECONDS", dict.fromkeys(calibration.SECONDS, 1e-3))
    monkeypatch.setattr(calibration, "last_cache", lambda: 2**20)
    before = torch.get_num_threads()
    found = calibration.calibrate(2)
    assert torch.get_num_threads() == before
    assert (found.one.threads, found.all.threads) == (1, 2)
    for ceiling in (found.one, found.all):
        assert min(ceiling.matmul, ceiling.convolution, ceiling.memory, ceiling.cache) > 1e8
    assert set(found.overhead) == set(model.KINDS)
    assert all(1e-8 < seconds < 0.1 for seconds in found.overhead.values())
    assert found.seconds > 0


def test_each_burst_has_a_thread_and_its_error_is_raised() -> None:
    names: set[str] = set()

    def burst() -> None:
        names.add(threading.current_thread().name)
        time.sleep(0.002)

    found = calibration.shortest([burst, burst], 0.01)
    assert len(found) == 2 and min(found) >= 0.002
    assert len(names) == 2 and threading.current_thread().name not in names

    def fails() -> None:
        raise MemoryError("too large")

    with pytest.raises(MemoryError, match="too large"):
        calibration.shortest([burst, fails], 0.01)


def test_a_burst_beside_a_preempted_thread_does_not_count() -> None:
    mine = [Stamp(0, 1, 1), Stamp(1, 3, 2), Stamp(3, 8, 1)]
    theirs = [Stamp(1, 3, 2), Stamp(3, 9, 2)]
    assert calibration.accompanied([mine, theirs]) == [2, 2]
    assert calibration.accompanied([mine, [Stamp(20, 22, 2)]]) == [1, 2]  # never at once
    assert calibration.accompanied([[Stamp(0, 5, 1)]]) == [5]  # nothing better


def test_threads_are_spread_over_cores_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, siblings in enumerate(("0-1", "0-1", "2-3", "2-3")):
        folder = tmp_path / f"cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "core_cpus_list").write_text(f"{siblings}\n")
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    assert calibration.spread(2, tmp_path) == [0, 2]
    assert calibration.spread(4, tmp_path) == [0, 2, 1, 3]
    assert calibration.spread(5, tmp_path) == []
    assert calibration.spread(1, tmp_path) == []


def test_the_last_cache_is_the_largest_level_for_data(tmp_path: Path) -> None:
    levels = (("1", "Data", "32K"), ("1", "Instruction", "64K"), ("2", "Unified", "1024K"))
    for number, values in enumerate((*levels, ("3", "Unified", "32M"))):
        folder = tmp_path / f"index{number}"
        folder.mkdir()
        for name, value in zip(("level", "type", "size"), values, strict=True):
            (folder / name).write_text(f"{value}\n")
    assert calibration.last_cache(tmp_path) == 2**25
    shutil.rmtree(tmp_path / "index3")
    assert calibration.last_cache(tmp_path) == 2**20
    assert calibration.last_cache(tmp_path / "none") == calibration.UNKNOWN_CACHE
