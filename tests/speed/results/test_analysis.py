"""What the statistics make of samples whose truth is known."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from repro.errors import ReproError
from repro.speed.measure.subjects import Block, Subject, TimedRun
from repro.speed.results import resampling
from repro.speed.results.analysis import Analysis
from support.planted_times import SUBJECTS, planted


def test_a_planted_ratio_is_found() -> None:
    analysis = Analysis(planted((10, 12, 10)))
    found = analysis.ratio(1, 0)
    assert found.low < 1.2 < found.high
    assert 1 < found.low < found.value < found.high < 1.3
    assert found.verdict == "slower"
    assert analysis.ratio(0, 1).verdict == "faster"
    assert analysis.ratio(0, 1).value == pytest.approx(1 / found.value)


def test_intervals_contain_the_truth_as_often_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "RESAMPLES", 150)
    truth = np.log(1.1)
    for between in (0.0, 0.05):
        hits = 0
        for seed in range(100):
            rng = np.random.default_rng(seed)
            processes = []
            for _ in range(4):
                apart = truth + between * rng.standard_normal()
                rounds = [
                    [
                        np.exp(0.1 * rng.standard_normal(4)),
                        np.exp(apart + 0.1 * rng.standard_normal(4)),
                    ]
                    for _ in range(6)
                ]
                processes.append(resampling.resampled(rounds, False, rng))
            found = resampling.spread(processes, 1, 0)
            hits += abs(found.value - truth) <= found.half
        assert hits >= 90


def test_drift_that_all_subjects_share_does_not_widen_a_ratio() -> None:
    analysis = Analysis(planted((10, 30, 10), within=0.005, between=0))
    times, ratio = analysis.times(0).wall, analysis.ratio(1, 0)
    assert (ratio.high / ratio.low) < (times.high / times.low) ** 0.7


def test_equals_are_the_same_and_give_the_noise_floor() -> None:
    analysis = Analysis(planted((10, 10.02, 10)))
    assert analysis.twins() == (0, 2)
    assert analysis.floor is not None
    assert 0 < analysis.floor < 0.1
    assert analysis.ratio(1, 0).verdict in ("same", "undecided")
    assert analysis.ratio(0, 0).verdict == "same"


def test_a_difference_within_the_noise_floor_is_none() -> None:
    run = planted((10, 10.1, 10.15), between=0.0001, within=0.001, rounds=40)
    analysis = Analysis(run)
    assert not analysis.unstable
    assert analysis.floor is not None
    found = analysis.ratio(1, 0)
    assert 1 < found.low < found.value < 1 + analysis.floor
    assert found.verdict in ("same", "undecided")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"processes": 2}, "2 processes finished, 3 are needed"),
        ({"between": 0.3}, "noise floor"),
        ({"factors": (10, 12, 10.7), "between": 0.0}, "equals seem to differ by"),
    ],
)
def test_a_run_that_cannot_be_trusted_gives_no_verdict(
    change: Mapping[str, object], reason: str
) -> None:
    analysis = Analysis(planted(**({"factors": (10, 12, 10)} | dict(change))))  # type: ignore[arg-type]
    assert reason in analysis.unstable
    found = analysis.ratio(1, 0)
    assert (found.verdict, found.reason) == ("unstable", analysis.unstable)
    assert found.low < found.value < found.high


def test_a_ratio_with_a_wide_interval_gives_no_verdict() -> None:
    run = planted((10, 20), between=0.4, subjects=SUBJECTS)
    found = Analysis(run).ratio(1, 0)
    assert found.verdict == "unstable"
    assert "wider than ±25%" in found.reason


def test_a_waiting_thread_is_judged_by_its_cpu_time() -> None:
    quiet, loaded = planted((10, 12, 10)), planted((10, 12, 10), waiting=0.5)
    assert Analysis(quiet).basis == "wall"
    assert Analysis(loaded).basis == "cpu"
    assert Analysis(loaded).ratio(1, 0).verdict == "slower"
    assert Analysis(loaded).times(0).wall.value > 1.8 * Analysis(loaded).times(0).cpu.value
    several = planted((10, 12, 10), waiting=0.5, settings={"threads": 2})
    assert Analysis(several).basis == "wall"
    literal = planted((10, 12, 10), waiting=0.5, settings={"interleaved": False})
    assert Analysis(literal).basis == "wall"


def test_several_threads_on_a_busy_machine_get_no_verdict() -> None:
    run = planted((10, 12, 10), settings={"threads": 2})
    disturbed = [
        replace(block, disturbed="lost a core" if number % 5 else "")
        for number, block in enumerate(run.blocks)
    ]
    analysis = Analysis(replace(run, blocks=tuple(disturbed)))
    assert analysis.unstable == "79% of the blocks were disturbed"
    assert analysis.times(0).disturbed > 0


def test_calls_that_settle_do_not_count() -> None:
    run = planted((10, 12, 10))
    slow = [
        replace(one, wall=(1.0, *one.wall), cpu=(1.0, *one.cpu), settling=1) for one in run.blocks
    ]
    analysis = Analysis(replace(run, blocks=tuple(slow)))
    assert analysis.times(0).wall == Analysis(run).times(0).wall
    assert analysis.times(0).calls == Analysis(run).times(0).calls


def test_a_paper_s_mean_is_the_mean_of_its_calls() -> None:
    wall = (0.01, 0.01, 0.04)
    blocks = tuple(Block(0, process, 0, wall, wall, 0) for process in range(3))
    run = TimedRun(SUBJECTS, blocks, (), {"statistic": "mean", "threads": 1}, {})
    assert Analysis(run).times(0).wall.value == pytest.approx(0.02)
    median = replace(run, settings={"statistic": "median", "threads": 1})
    assert Analysis(median).times(0).wall.value == pytest.approx(0.01)


def test_a_round_without_all_subjects_is_left_out() -> None:
    run = planted((10, 12, 10), rounds=4)
    cut = replace(run, blocks=(*run.blocks, Block(0, 0, 99, (5.0,), (5.0,), 0)))
    assert Analysis(cut).ratio(1, 0) == Analysis(run).ratio(1, 0)
    assert Analysis(cut).times(0).wall == Analysis(run).times(0).wall


def test_a_run_without_times_and_a_subject_without_are_named() -> None:
    with pytest.raises(ReproError, match="no times"):
        Analysis(TimedRun(SUBJECTS, (), (), {}, {}))
    run = planted((10, 12), subjects=(*SUBJECTS, Subject("three", (1, 1), 1)))
    with pytest.raises(ReproError, match="`three 1x1 eager` was not timed"):
        Analysis(run).ratio(2, 0)


def test_draws_vary_as_the_intervals_say() -> None:
    analysis = Analysis(planted((10, 12, 10), between=0.05))
    draws, centre = analysis.draws(), analysis.centre()
    times = analysis.times(1).wall
    assert draws.shape == (1000, 3)
    assert draws.mean(axis=0) == pytest.approx(centre, abs=0.02)
    low, high = np.quantile(draws[:, 1], (0.025, 0.975))
    assert 0.5 < (high - low) / np.log(times.high / times.low) < 1.1
