"""Percentiles of times: by how many calls they are carried, and how sure they are."""

import math
from dataclasses import replace

import numpy as np
import pytest

from repro.speed.measure.procedures import TWIN
from repro.speed.measure.subjects import Preparation, Subject, TimedRun
from repro.speed.results import percentiles, recording
from repro.speed.results.analysis import Analysis
from support.planted_times import planted

NETS = tuple(Subject(name, (64, 64), 17) for name in ("lpn_50", "hwl_mobilenetv3"))
ONE, TWO = "lpn_50 64x64", "hwl_mobilenetv3 64x64"


def test_the_least_calls_and_those_of_loadgen() -> None:
    assert [percentiles.needed(one) for one in percentiles.PERCENTS] == [5, 29, 299]
    assert percentiles.certified(90) == 23_886 and percentiles.certified(99) == 262_742
    for percent, least in ((50, 5), (90, 29), (99, 299)):
        assert (percent / 100) ** least <= 0.05 < (percent / 100) ** (least - 1)
        assert percentiles.ranks(least - 1, percent) is None
        places = percentiles.ranks(least, percent)
        assert places is not None and places[1] == least


def chance(calls: int, percent: int, low: int, high: int) -> float:
    """That the percentile lies from one rank to another, summed up term by term."""
    share = percent / 100
    return sum(
        math.comb(calls, below) * share**below * (1 - share) ** (calls - below)
        for below in range(low, high)
    )


@pytest.mark.parametrize("percent", percentiles.PERCENTS)
@pytest.mark.parametrize("calls", [5, 6, 29, 36, 100, 299, 368, 1000])
def test_an_interval_holds_by_the_binomial_and_no_narrower_one_does(
    percent: int, calls: int
) -> None:
    places = percentiles.ranks(calls, percent)
    if places is None:
        assert calls < percentiles.needed(percent)
        return
    low, high = places
    assert chance(calls, percent, low, high) >= 0.95
    assert chance(calls, percent, low + 1, high) < 0.95 + 0.025
    assert 0 <= low < high <= calls


def test_intervals_hold_the_truth_whatever_the_times_are_distributed_like() -> None:
    hits, draws = dict.fromkeys(percentiles.PERCENTS, 0), 400
    for seed in range(draws):
        seconds = np.random.default_rng(seed).lognormal(0, 1, 350)
        for one in percentiles.percentiles(seconds):
            truth = math.exp({50: 0.0, 90: 1.2815516, 99: 2.3263479}[one.percent])
            assert one.low is not None and one.high is not None
            hits[one.percent] += one.low <= truth <= one.high
    assert all(count >= 0.93 * draws for count in hits.values()), hits


def test_a_percentile_is_the_sample_of_its_rank() -> None:
    median, ninth, last = percentiles.percentiles(np.arange(300, 0, -1) / 1000)
    assert (median.seconds, ninth.seconds, last.seconds) == (0.150, 0.270, 0.297)
    few = percentiles.percentiles([0.1] * 28)
    assert few[0].seconds == 0.1
    assert few[1].seconds is few[1].low is few[1].high is None
    assert (few[1].calls, few[1].needed, few[1].certified) == (28, 29, 23_886)
    assert percentiles.percentiles([])[0].seconds is None


def timing() -> TimedRun:
    """Two networks and the twin of the first."""
    return planted((10, 20, 10), subjects=(*NETS, replace(NETS[0], alias=TWIN)))


def test_a_record_has_the_percentiles_that_its_calls_carry_and_tells_of_the_others() -> None:
    run = timing()  # 4 processes, 8 rounds, 4 calls a block: 128 of each
    record = recording.record(run, Analysis(run))
    found = record.measurement("latency_p90", of=ONE)
    assert found is not None and found.unit == "ms"
    assert found.low is not None and found.high is not None
    assert 9 < found.low <= found.value <= found.high < 16
    calls = record.measurement("calls", of=TWO)
    assert calls is not None and calls.value == 128
    assert record.measurement("latency_p99", of=ONE) is None
    (remark,) = record.remarks
    assert remark.about == "timing" and (remark.count, remark.total) == (2, 2)
    assert f"No 99th percentile of `{ONE}` and `{TWO}`: 128 calls" in remark.text
    assert "299 are needed (LoadGen asks 262,742)" in remark.text


def test_energy_is_that_of_an_image_and_its_absence_is_told_once() -> None:
    run = timing()
    absent = "This system shows no energy counters of its processor (RAPL)."
    made = (Preparation(0, joules=0.5), Preparation(1, no_energy=absent))
    timed = replace(run, preparations=(*made, Preparation(2)))
    record = recording.record(timed, Analysis(timed))
    energy = record.measurement("energy", of=ONE)
    assert energy is not None and (energy.value, energy.unit) == (0.5, "J")
    assert record.measurement("energy", of=TWO) is None
    said = [one.text for one in record.remarks if "energy" in one.text]
    assert said == [f"No energy per image. {absent}"]
