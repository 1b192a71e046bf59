"""What a plan would cost, added up from literal speeds."""

import json
import re
from pathlib import Path

import pytest

from repro.estimates import forecast, measuring, tasks
from repro.estimates.calibrations import START, Calibrations
from repro.estimates.devices import Hardware, Rates, SecondsRange, exactly, hardware
from repro.estimates.forecast import portion_seconds
from repro.estimates.portions import Made, Portion
from repro.estimates.shapes import Calls, Shape, shape_of
from repro.estimates.tasks import Task, Tasks
from repro.records.runs import CountRun
from support.command_line import Run

NETWORK = CountRun("lpn_50", (256, 192), 17, {})
TRAIN, EVALUATE, SCORE = "train it", "evaluate it", "score it"
HERE = Rates(1e11, 1e11, 1e10)


@pytest.fixture
def calibrations(tmp_path: Path) -> Calibrations:
    known = Calibrations(tmp_path)
    known.keep(TRAIN, {"begin": 10.0, "sample": 0.1, "load": 0.0008, "batch": 4.0})
    known.keep(EVALUATE, {"begin": 2.0, "sample": 0.05, "load": 0.01, "batch": 4.0})
    known.keep(SCORE, {"begin": 0.0, "sample": 0.01})
    known.keep(START, {"begin": 3.0})
    return known


def two(seed: int) -> tuple[Task, Task]:
    """A training and its evaluation."""
    data = frozenset({("coco", "train2017")})
    train = Made((Portion(TRAIN, 1000, 1, 32, 3),), {}, data)
    portions = (Portion(EVALUATE, 100, 1, 32, 2), Portion(SCORE, 50))
    evaluate = Made(portions, {}, frozenset({("coco", "val2017")}))
    return (
        Task("train", "paper2", f"training {seed}", f"{seed}", NETWORK, train),
        Task("evaluate", "paper2", f"evaluation {seed}", f"{seed}", NETWORK, evaluate),
    )


def test_here_seconds_are_as_measured(calibrations: Calibrations) -> None:
    known = Tasks([*two(0), *two(1), *two(2), Task("count", "", "a count", "c", seconds=1.0)])
    found = forecast.forecast(known, calibrations, Hardware("here"), HERE)
    one = 10 + 100 + 2 + 5 + 0.5
    assert found.seconds == exactly(3 * one + 1)
    assert [wall.seconds.mid for wall in found.walls[:3]] == pytest.approx(
        [3 + 3 * one + 1, 3 + 2 * one, 3 + one]
    )
    (network,) = found.networks
    assert (network.trainings, network.evaluations, network.fits) == (3, 3, None)
    assert network.share == pytest.approx(3 * one / (3 * one + 1))
    assert found.papers == {"paper2": exactly(3 * one)} and found.kwh is None
    assert found.bytes.weights == 3 * 4 * shape_of(NETWORK).params
    assert found.bytes.downloads == 10**9 + 18 * 10**9 + 241 * 10**6 + 15 * 10**6
    assert found.runs == {"train": 3, "evaluate": 3, "count": 1}


def test_what_was_not_measured_is_left_out_and_said(tmp_path: Path) -> None:
    found = forecast.forecast(Tasks([*two(0)]), Calibrations(tmp_path), Hardware("here"), HERE)
    assert found.seconds == exactly(0.0) and not found.networks
    assert list(found.left_out) == [
        "The speed of training 0 could not be measured here.",
        "The speed of evaluation 0 could not be measured here.",
    ]


def test_elsewhere_a_sample_takes_no_less_than_its_loading() -> None:
    shape = Shape((Calls(True, 1, 10**9, 8, 0),), 10, 100, 8)
    figures = {"begin": 5.0, "sample": 1.0, "load": 0.8}
    fast = Rates(1e15, 1e15, 1e14)
    portion = Portion("any", 10, 2, 64, 3)
    assert portion_seconds(portion, figures, shape, fast, HERE) == exactly(2 * 5 + 10 * 0.8 / 8)
    slower = Rates(1e10, 1e10, 1e9)
    assert portion_seconds(portion, figures, shape, slower, HERE) == exactly(2 * 5 + 10 * 10.0)
    assert portion_seconds(portion, figures, shape, None, HERE) == exactly(2 * 5 + 10)


def test_scoring_takes_as_long_as_here() -> None:
    figures = {"begin": 1.0, "sample": 2.0}
    found = portion_seconds(Portion(SCORE, 3), figures, None, Rates(1e15, 1e15, 1e15), HERE)
    assert found == exactly(7.0)


def test_a_device_with_too_little_memory_is_told(calibrations: Calibrations) -> None:
    small = Hardware("small", 1, hardware("RTX2080Ti").sheet)
    big = Made((Portion(TRAIN, 1000, 1, 4096, 3),))
    task = Task("train", "paper2", "large", "0", NETWORK, big)
    found = forecast.forecast(Tasks([task]), calibrations, small, HERE)
    assert found.networks[0].fits is False and found.networks[0].memory > 11e9
    assert isinstance(found.seconds, SecondsRange) and found.seconds.low < found.seconds.high
    assert found.kwh == pytest.approx(found.seconds.mid / 3600 * 0.25)


@pytest.fixture
def literal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speeds that nobody measures, and few pictures."""
    monkeypatch.setattr(tasks, "PICTURES", 8)
    speeds = {"begin": 1.0, "sample": 0.01, "load": 0.001, "batch": 2.0}
    monkeypatch.setattr(measuring, "measured", lambda trial, folder: speeds)
    monkeypatch.setattr(measuring, "start", lambda: {"begin": 1.0})
    monkeypatch.setattr(measuring, "limits", lambda: {"peak": 1e11, "memory": 1e10})


def test_a_plan_without_data_has_the_official_numbers(repro: Run, literal: None) -> None:
    words = ("plan", "paper1", "table1", "--row", "Ours 256x192", "--metric", "AP")
    words = (*words, "--train", "paper", "--estimate", "--on")
    outcome = repro(*words, "here", "--json")
    found = json.loads(outcome.out)["forecast"]
    assert "planned on a few generated pictures, with the official numbers" in outcome.err
    assert found["runs"] == {"train": 1, "evaluate": 1}
    samples, crops = 149_813 // 64 * 64 * 210, 104_125
    seconds = 1 + 0.01 * samples + 21 * (1 + 0.01 * crops) + 21 * (1 + 0.01 * 5000)
    assert found["seconds"]["mid"] == pytest.approx(seconds + 2 + 0.01 * (crops + 5000))
    assert found["bytes"]["downloads"] == 19_256_000_000
    shown = repro(*words, "2xA100").out
    assert re.search(r"paper1 +hwl_mobilenetv3 256x192 +1 +1 +[\d.,]+ ", shown)
    assert "It is no measurement." in shown and "wall time by machines of 2xA100: 1: " in shown


def test_evaluations_alone_are_estimated_too(repro: Run, literal: None) -> None:
    words = ("plan", "paper2", "table1", "--row", "LPN-50", "--metric", "AP", "--estimate")
    found = json.loads(repro(*words, "--json").out)["forecast"]
    assert found["runs"] == {"evaluate": 1} and found["left_out"] == {}
    assert found["seconds"]["mid"] == pytest.approx(2 + 0.01 * (104_125 + 5_000))


def test_an_unknown_device_ends_the_command_at_once(repro: Run) -> None:
    outcome = repro("plan", "paper2", "table1", "--on", "4xA10O")
    assert outcome.code == 2 and "There is no device `A10O`." in outcome.err
    assert "Did you mean `A100`" in outcome.err
