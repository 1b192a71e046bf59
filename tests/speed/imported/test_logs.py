"""What the logs of other tools say, and what becomes of those that are broken."""

import json
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.speed.imported import logs
from repro.speed.imported.logs import TimingLog
from support.timing_logs import AI_HUB, NCNN, OPENVINO, TFLITE


def read(folder: Path, text: str) -> TimingLog:
    path = folder / "bench log.txt"
    path.write_text(text, encoding="utf-8")
    return logs.read(path)


def test_benchncnn_tells_of_several_networks(tmp_path: Path) -> None:
    log = read(tmp_path, NCNN.replace("\n", "\r\n"))
    assert log.tool == "benchncnn (ncnn)"
    assert [one.name for one in log.networks] == ["squeezenet", "lite18", "hr32"]
    assert log.networks[1].ms == {"mean": 42.5, "min": 41.2, "max": 44.01}
    assert log.networks[1].calls == 8 and log.networks[1].statistic == "mean"
    facts = {"loop_count": 8, "num_threads": 4, "powersave": 2, "gpu_device": -1}
    assert log.facts == facts


def test_benchmark_app_tells_the_median_and_how_it_ran(tmp_path: Path) -> None:
    log = read(tmp_path, OPENVINO)
    (network,) = log.networks
    assert network.ms == {"median": 33.12, "mean": 33.47, "min": 17.82, "max": 105.98}
    assert (network.name, network.calls, network.statistic) == ("main_graph", 7144, "median")
    assert log.facts == {
        "version": "2026.4.1-22982-releases/2026/4",
        "devices": "['CPU']",
        "requests": 4,
        "batch": 2,
        "hint": "THROUGHPUT",
        "precision": "bfloat16",
    }
    tail = OPENVINO.replace("   Median:  ", "   99 percentile: ").replace("33.12 ms", "331.20 us")
    groups = f"{tail}[ INFO ] Latency for each data shape group:\n[ INFO ]    Median:     1.00 ms\n"
    (network,) = read(tmp_path, groups).networks
    assert network.ms["p99"] == pytest.approx(0.3312) and network.statistic == "mean"
    assert "median" not in network.ms


def test_benchmark_model_tells_the_inferences_and_not_the_warm_up(tmp_path: Path) -> None:
    log = read(tmp_path, TFLITE)
    (network,) = log.networks
    assert (network.name, network.calls) == ("wlite_s", 50)
    assert network.ms["median"] == 78.65 and network.ms["mean"] == 79.1205
    assert (network.ms["p95"], network.ms["max"]) == (84.01, 90.12)
    assert log.facts == {"threads": 4, "gpu": 1}
    older = TFLITE.replace("INFO: ", "").replace(" p5=773 median=78650 p95=84010", "")
    (network,) = read(tmp_path, older).networks
    assert network.statistic == "mean" and "median" not in network.ms


def test_a_profile_of_ai_hub_tells_every_call(tmp_path: Path) -> None:
    log = read(tmp_path, json.dumps(AI_HUB))
    (network,) = log.networks
    assert network.ms["estimate"] == 7.934
    assert network.ms["median"] == pytest.approx((7.999 + 8.01) / 2)
    assert network.samples[0] == 7.934 and network.calls == 6
    assert network.memory == 12_595_200
    assert log.facts == {"layers on CPU": 1, "layers on NPU": 2}
    bare = {"execution_summary": {"estimated_inference_time": 500}}
    (network,) = read(tmp_path, json.dumps(bare)).networks
    assert network.statistic == "estimate" and network.calls is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is the log of no tool"),
        ("min = 1 max = 2\n" * 9, "is the log of no tool"),
        ("\x00\xff{[", "is the log of no tool"),
        ("[" * 100_000, "is the log of no tool"),
        (" " * 200_000 + "min = ", "is the log of no tool"),
        (("a" + " " * 1998 + "\n") * 2000, "is the log of no tool"),
        ('{"execution_summary": 3}', "is the log of no tool"),
        ('{"execution_summary": {}}', "without a time"),
        ('{"execution_summary": {"estimated_inference_time": NaN}}', "the log of no tool"),
        ('{"execution_summary": {"estimated_inference_time": -1}}', "has -0.001 ms as estimate"),
        ('{"execution_summary": {"all_inference_times": ["1"]}}', "is no list of numbers"),
        (OPENVINO.partition("[ INFO ] Latency")[0], "without a latency"),
        (TFLITE.partition("INFO: count=50")[0], "ends before its inferences were timed"),
        (NCNN + NCNN, "times `squeezenet` twice"),
        (NCNN.replace("42.50", "0.00"), "has 0 ms as mean of `lite18`"),
        (NCNN.replace("42.50", "9e99"), "has 9e+99 ms as mean of `lite18`"),
    ],
)
def test_a_file_that_tells_no_time_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ReproError, match=r"`.*bench log.txt`") as caught:
        read(tmp_path, text)
    assert said in str(caught.value) and caught.value.hint
