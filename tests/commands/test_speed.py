"""The command that times networks: what it asks the engine for, prints, keeps and answers."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from repro.comparing import speed_columns
from repro.speed.gpu import cuda
from repro.speed.measure import engine
from repro.speed.measure.procedures import TimingSettings, adapted
from repro.speed.measure.subjects import Preparation, Subject, TimedRun
from repro.speed.roofline import placement
from repro.speed.roofline.model import Operator, Work
from support.command_line import Run
from support.evaluation_scenes import onnx_file
from support.planted_times import MACHINE, planted

FILES = {"one.onnx": 0.05, "two.onnx": 0.1}
"""name of a file -> the size of its values"""
PAIR = ("hwl_mobilenetv3", "lpn_50", "--input", "64x64")


class Engine:
    """Stands in for the timing: every network takes so many milliseconds."""

    milliseconds = (10.0, 20.0, 30.0, 40.0)
    processes = 6
    interrupted = False
    refused = ""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[Subject], TimingSettings]] = []

    def measure(
        self, subjects: Sequence[Subject], settings: TimingSettings, tell: object
    ) -> TimedRun:
        self.asked.append((subjects, settings))
        chosen, settings = adapted(subjects, settings)
        twin = len(chosen) > len(subjects)
        times = [self.milliseconds[place % 4] for place in range(len(subjects))]
        known = {**settings.described(), "finished": self.processes}
        run = planted(
            (*times, *times[:twin]),
            processes=self.processes,
            within=0.01,
            subjects=chosen,
            settings=known,
        )
        made = tuple(Preparation(place, refused=self.refused) for place in range(len(chosen)))
        blocks = () if self.refused else run.blocks
        return replace(run, preparations=made, interrupted=self.interrupted, blocks=blocks)


@pytest.fixture
def timing(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """No clock runs."""
    found = Engine()
    monkeypatch.setattr(engine, "measure", found.measure)
    monkeypatch.setattr(speed_columns, "macs_of", lambda run, place: float(place))
    return found


def samples(folder: Path) -> list[Path]:
    """The files of raw samples that were kept."""
    return list(folder.glob("records/??/*/run.json.gz"))


def test_a_sweep_is_one_run_with_an_order_for_each_way(repro: Run, timing: Engine) -> None:
    ways = ("--batch", "1,8", "--batch", "16", "--backend", "eager,ahead")
    outcome = repro("speed", *PAIR, *ways, "--threads", "1", "--json")
    ((subjects, settings),) = timing.asked
    assert len(subjects) == 12 and settings.threads == 1
    data = json.loads(outcome.out)
    assert outcome.code == data["exit"] == 0
    assert data["timing"]["batch"] == [1, 8, 16] and data["timing"]["device"] == "cpu"
    assert [one["way"]["batch"] for one in data["orders"]] == [1, 1, 8, 8, 16, 16]
    assert [one["way"]["backend"] for one in data["orders"][:2]] == ["eager", "ahead"]
    assert data["orders"][0]["faster"] == [["hwl_mobilenetv3 64x64", "lpn_50 64x64"]]
    of_eight = [one for one in data["ratios"] if one["of"].endswith("batch 8]")]
    assert {one["against"] for one in of_eight} == {"hwl_mobilenetv3 64x64 [batch 8]"}
    shown = repro("speed", *PAIR, *ways, "--threads", "1")
    assert "hwl_mobilenetv3 64x64 [ahead, batch 16]" in shown.out
    assert "ahead batch 8, fastest first" in shown.out


def test_the_time_is_told_before_it_starts_and_is_enough(repro: Run, timing: Engine) -> None:
    assert "2 subjects, about 60 s" in repro("speed", *PAIR).err
    assert timing.asked[-1][1].budget == 60
    many = repro("speed", *PAIR, "--batch", "512")
    assert timing.asked[-1][1].budget > 100
    assert f"about {timing.asked[-1][1].budget:.0f} s" in many.err
    few = repro("speed", *PAIR, "--budget", "5")
    assert timing.asked[-1][1].budget == 5
    assert "5 s may be too few for a verdict" in few.err


def test_percentiles_are_told_as_far_as_the_calls_carry_them(repro: Run, timing: Engine) -> None:
    data = json.loads(repro("speed", *PAIR, "--json").out)
    told = {one["percent"]: one for one in data["subjects"][0]["percentiles"]}
    assert 0.009 < told[90]["low"] <= told[90]["seconds"] <= told[90]["high"] < 0.015
    assert told[99] == {"percent": 99, "calls": 192, "needed": 299, "certified": 262_742}
    figures = {one["metric"] for one in data["records"][0]["measurements"]}
    assert {"latency_p50", "latency_p90", "calls"} <= figures and "latency_p99" not in figures
    shown = repro("speed", *PAIR)
    assert "p90" in shown.out and "p99" in shown.out
    assert "note: No 99th percentile of `hwl_mobilenetv3 64x64` and `lpn_50 64x64`" in shown.err
    assert " J" not in shown.out.splitlines()[2], "no column of what nothing tells"


def test_printed_speeds_stand_beside_ours(repro: Run, timing: Engine) -> None:
    outcome = repro("speed", "--against", "paper2", "--json")
    networks = [(one.model, one.input) for one in timing.asked[0][0]]
    assert networks[-1] == ("hrnet_w48", (384, 288)) and len(networks) == 4
    data = json.loads(outcome.out)
    (side,) = data["against"]
    assert [one["printed"] for one in side["held"]] == ["33", "23", "7.7", "3.2"]
    assert {one["verdict"] for one in side["held"]} == {"rank"}
    assert "Kendall's tau 1.00" in repro("speed", "--against", "paper2").out
    none = repro("speed", *PAIR, "--against", "paper1")
    assert "no two of the networks of `paper1` were timed at the sizes" in none.err


def test_the_roofline_is_measured_first_and_printed_last(
    repro: Run, timing: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[int] = []

    def measured(threads: int) -> object:
        order.append(len(timing.asked))
        return MACHINE

    work = Work((Operator("convolution", "conv", 10**8, 10**7, 0, 0, 10**7),))
    monkeypatch.setattr(placement, "measured", measured)
    monkeypatch.setattr(placement, "work_of", lambda subject: work)
    words = ("speed", *PAIR, "--roofline", "--threads", "1")
    data = json.loads(repro(*words, "--json").out)["roofline"]
    assert order == [0]
    assert [row["model"] for row in data["rows"]] == ["hwl_mobilenetv3 64x64", "lpn_50 64x64"]
    assert {"share", "intensity", "rate", "bound"} <= set(data["rows"][0])
    assert data["machine"]["peak_all"] == 100e9
    assert "In the papers' words" in repro(*words).out


def test_files_are_timed_beside_networks(repro: Run, timing: Engine, tmp_path: Path) -> None:
    names = [
        str(onnx_file(tmp_path / name, (64, 64), value=number)) for name, number in FILES.items()
    ]
    words = ("speed", *names, *PAIR, "--threads", "1")
    outcome = repro(*words, "--json")
    ((subjects, _),) = timing.asked
    assert [one.backend for one in subjects] == ["onnx_runtime"] * 4
    data = json.loads(outcome.out)
    assert outcome.code == 0 and len(data["timing"]["files"]) == 2
    assert [one["model"] for one in data["subjects"]] == [*FILES, *PAIR[:2]]
    assert data["subjects"][0]["sha256"] in data["timing"]["files"].values()
    assert {one["about"] for one in data["remarks"]} == {"timing"}  # too few calls for a tail
    assert str(tmp_path) not in json.dumps(data["timing"])
    (order,) = data["orders"]
    assert next(iter(order["seconds"])).startswith("one.onnx@")
    shown = repro(*words, "--backend", "eager,onnx_runtime")
    assert "note: `eager` runs no exported files: without `one.onnx` and `two.onnx`." in shown.err
    assert "one.onnx@" in shown.out
    alone = repro("speed", names[0], "--backend", "eager")
    assert alone.code == 2 and "cannot be run by `eager`" in alone.err
    profiled = repro("speed", names[0], "--profile", "trace.json")
    assert profiled.code == 2 and "no modules to profile" in profiled.err


def test_ctrl_c_keeps_the_samples_and_says_so(repro: Run, timing: Engine, tmp_path: Path) -> None:
    timing.interrupted, timing.processes = True, 2
    outcome = repro("speed", *PAIR, "--json")
    assert outcome.code == json.loads(outcome.out)["exit"] == 130
    assert "ended early: every sample of 2 of 5 processes is kept" in outcome.err
    assert len(samples(tmp_path)) == 1
    (record,) = tmp_path.glob("records/??/*.json")
    assert json.loads(record.read_text())["spec"]["interrupted"] is True


def test_where_nothing_could_be_timed_the_reasons_are_told(
    repro: Run, timing: Engine, tmp_path: Path
) -> None:
    timing.refused = "not installed: openvino"
    outcome = repro("speed", "lpn_50", "--backend", "openvino")
    assert outcome.code == 6
    assert "Nothing was timed. lpn_50 256x192 openvino: not installed: openvino.\n" in outcome.err
    assert samples(tmp_path) == []


def test_too_few_processes_are_exit_5_unless_noise_is_allowed(repro: Run, timing: Engine) -> None:
    timing.processes = 2
    assert repro("speed", *PAIR).code == 5
    assert repro("speed", *PAIR, "--allow-noisy").code == 0


def test_cuda_is_refused_without_a_gpu_and_timed_by_its_own_engine_with_one(
    repro: Run, timing: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cuda, "why_not", lambda: "There is no GPU to use: PyTorch finds none.")
    outcome = repro("speed", *PAIR, "--device", "cuda")
    assert outcome.code == 2 and outcome.out == "" and timing.asked == []
    assert "Nothing was timed on cuda. There is no GPU to use" in outcome.err
    monkeypatch.setattr(cuda, "why_not", lambda: "")
    monkeypatch.setattr(cuda, "absent", lambda: ("clocks and power are not read",))
    device = {"name": "NVIDIA H200", "cuda": "13.0"}

    def measure(subjects: Sequence[Subject], settings: TimingSettings, tell: object) -> TimedRun:
        return replace(timing.measure(subjects, settings, tell), conditions={"device": device})

    monkeypatch.setattr(cuda, "measure", measure)
    words = ("--precision", "fp32,fp16", "--backend", "eager,compiled_graphs", "--batch", "1,64")
    done = repro("speed", *PAIR, "--device", "cuda", *words, "--json")
    assert "warning: clocks and power are not read" in done.err
    data = json.loads(done.out)
    assert data["timing"]["device"] == "cuda" and len(data["orders"]) == 8
    assert data["timing"]["machine"].startswith("NVIDIA H200, CUDA 13.0, ")


def test_results_are_merged(repro: Run, timing: Engine, tmp_path: Path) -> None:
    for name, times in (("one", (10.0, 20.0)), ("two", (20.0, 10.0))):
        timing.milliseconds = (*times, 30.0, 40.0)
        (tmp_path / f"{name}.json").write_text(repro("speed", *PAIR, "--json").out)
    outcome = repro("speed", "--merge", "one.json", "two.json")
    assert outcome.code == 0
    assert "swapped: " in outcome.out and "Kendall's tau of one.json and two.json: -1.00" in (
        outcome.out
    )
    data = json.loads(repro("speed", "--merge", "one.json", "two.json", "--json").out)
    (picture,) = data["merged"]["pictures"]
    assert [pair["swaps"] for pair in picture["pairs"]] == [True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--batch 1,x", "`x` is no batch"),
        ("--device tpu", "no device `tpu`"),
        ("--protocol paper1 --batch 8", "has batch 1, not 8"),
        ("--protocol paper2 --threads 1", "has threads 6, not 1"),
        ("--roofline --stage full", "not of the stage `full`"),
        ("--roofline --device cuda", "that of the processor"),
        ("--merge one.json", "One machine says nothing"),
        ("--merge one.json two.json", "`one.json` cannot be read"),
        ("--profile trace.json", "6 subjects cannot share a trace"),
    ],
)
def test_a_mistake_is_one_sentence(repro: Run, timing: Engine, words: str, said: str) -> None:
    outcome = repro("speed", *words.split())
    assert outcome.code == 2 and outcome.out == "" and timing.asked == []
    assert said in outcome.err and len(outcome.err.splitlines()) <= 2
