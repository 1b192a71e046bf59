"""Orders: against other columns, and of several machines."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from repro.errors import ReproError
from repro.speed.measure.procedures import TWIN
from repro.speed.measure.subjects import Subject, Way
from repro.speed.results import ranks
from repro.speed.results.analysis import Analysis
from repro.speed.results.ranks import TimedOrder
from support.planted_times import planted

NAMES = ("a", "b", "c", "d", "e")
FIVE = tuple(Subject(name, (1, 1), 1) for name in NAMES)


def timed(milliseconds: Sequence[float], **noise: float) -> Analysis:
    """Five subjects that take so long."""
    return Analysis(planted(milliseconds, subjects=FIVE, **noise))  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [(3, 1, 2, 5, 4), (1, 1, 2, 3, 3), (5, 4, 3, 2, 1)])
def test_tau_and_rho_are_those_of_scipy(other: Sequence[float]) -> None:
    times, theirs = np.array([1.0, 2, 3, 4, 5]), np.array(other, float)
    assert ranks.kendall_taus(times[None], theirs)[0] == pytest.approx(
        stats.kendalltau(times, theirs)[0]
    )
    assert ranks.spearman_rhos(times[None], theirs)[0] == pytest.approx(
        stats.spearmanr(times, theirs)[0]
    )


def test_the_published_order_is_held_against_ours_either_way_round() -> None:
    analysis = timed((10, 20, 30, 40, 50))
    milliseconds = dict(enumerate((1.0, 2.0, 3.0, 4.0, 5.0)))
    found = ranks.kendall(analysis, milliseconds, fps=False)
    assert (found.value, found.low, found.high, found.subjects) == (1, 1, 1, 5)
    assert ranks.kendall(analysis, milliseconds, fps=True).value == -1
    swapped = ranks.kendall(analysis, {0: 50.0, 1: 60.0, 2: 20.0}, fps=True)
    assert swapped.value == pytest.approx(1 / 3)
    assert swapped.subjects == 3


def test_an_order_that_noise_may_turn_has_a_wide_interval() -> None:
    close = timed((10, 10.1, 10.2, 40, 50), between=0.05)
    found = ranks.kendall(close, dict(enumerate((1.0, 2.0, 3.0, 4.0, 5.0))), fps=False)
    assert found.low < 0.7 < found.high
    assert found.low <= found.value <= found.high


def test_cost_is_held_against_time() -> None:
    found = ranks.spearman(timed((10, 20, 30, 40, 50)), dict(enumerate((1.0, 2, 3, 5, 4))))
    assert found.value == pytest.approx(0.9)


def test_an_order_needs_two_subjects() -> None:
    with pytest.raises(ReproError, match="1 of 2 were timed"):
        ranks.kendall(timed((10, 20, 30, 40, 50)), {0: 1.0, 9: 2.0}, fps=False)


def order(**milliseconds: float) -> TimedOrder:
    """Networks that take so long, told apart where they are a fifth apart."""
    seconds = {name: one / 1000 for name, one in sorted(milliseconds.items(), key=lambda x: x[1])}
    sure = [(one, two) for one, two in combinations(seconds, 2)]
    faster = tuple(pair for pair in sure if seconds[pair[1]] > 1.2 * seconds[pair[0]])
    return TimedOrder(Way("eager", "fp32", 1), seconds, faster)


def test_a_run_has_an_order_for_each_way_of_running_networks() -> None:
    ways = ("eager", "ahead")
    subjects = [Subject("lpn_50", (64, 64), 17), Subject("hwl_mobilenetv3", (64, 64), 17)]
    every = [replace(one, backend=way) for way in ways for one in subjects]
    twin = replace(every[0], alias=TWIN)
    run = planted((20, 10, 4, 4.04, 20), subjects=(*every, twin), processes=6, within=0.01)
    eager, ahead = ranks.orders(Analysis(run))
    assert (eager.way.backend, ahead.way.backend) == ways
    assert list(eager.seconds) == ["hwl_mobilenetv3 64x64", "lpn_50 64x64"]
    assert eager.faster == (("hwl_mobilenetv3 64x64", "lpn_50 64x64"),)
    assert ahead.faster == ()
    assert eager.seconds["lpn_50 64x64"] == pytest.approx(0.020, rel=0.1)


def test_machines_become_one_picture() -> None:
    machines = {
        "laptop": order(a=10, b=20, c=30, d=40, e=50),
        "desktop": order(a=5, b=9, c=30, d=20, e=40),
        "phone": order(a=100, b=200, c=300, d=301, e=700),
    }
    picture = ranks.merged(machines)
    assert picture.machines == ("laptop", "desktop", "phone")
    assert picture.order[:2] == ("a", "b")
    assert picture.ranks["a"] == (1, 1, 1)
    assert picture.ranks["d"] == (4, 3, 4)
    pairs = {frozenset((pair.one, pair.other)): pair for pair in picture.pairs}
    turned = pairs[frozenset("cd")]
    assert {turned.faster, turned.slower, turned.unsure} == {1}
    assert [pair for pair in picture.pairs if pair.swaps] == [turned]
    assert picture.taus["laptop", "desktop"] == pytest.approx(0.8)
    assert 0.9 < picture.concordance < 1


def test_the_same_order_everywhere_is_full_concordance() -> None:
    one = order(a=10, b=20, c=30)
    assert ranks.merged({"one": one, "other": one}).concordance == pytest.approx(1)


def test_one_machine_or_nothing_in_common_is_no_picture() -> None:
    one = order(a=10, b=20)
    with pytest.raises(ReproError, match="One machine"):
        ranks.merged({"one": one})
    with pytest.raises(ReproError, match="1 networks are common"):
        ranks.merged({"one": one, "other": order(a=1, c=2)})
