"""Orders: against other columns, and of several machines."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from test_timing_analysis import planted

from repro.errors import ReproError
from repro.timing import ranks
from repro.timing.analysis import Analysis
from repro.timing.subjects import Subject

NAMES = ("a", "b", "c", "d", "e")
FIVE = tuple(Subject(name, (1, 1), 1) for name in NAMES)


def timed(milliseconds: Sequence[float], **noise: float) -> Analysis:
    """Five subjects that take so long."""
    return Analysis(planted(milliseconds, subjects=FIVE, **noise))  # type: ignore[arg-type]


@pytest.mark.parametrize("other", [(3, 1, 2, 5, 4), (1, 1, 2, 3, 3), (5, 4, 3, 2, 1)])
def test_tau_and_rho_are_those_of_scipy(other: Sequence[float]) -> None:
    times, theirs = np.array([1.0, 2, 3, 4, 5]), np.array(other, float)
    assert ranks._taus(times[None], theirs)[0] == pytest.approx(stats.kendalltau(times, theirs)[0])
    assert ranks._rhos(times[None], theirs)[0] == pytest.approx(stats.spearmanr(times, theirs)[0])


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


def test_machines_become_one_picture() -> None:
    machines = {
        "laptop": timed((10, 20, 30, 40, 50)),
        "desktop": timed((5, 9, 30, 20, 40)),
        "phone": timed((100, 200, 300, 301, 700)),
    }
    picture = ranks.merged(machines)
    names = [str(subject) for subject in FIVE]
    assert picture.machines == ("laptop", "desktop", "phone")
    assert picture.order[:2] == (names[0], names[1])
    assert picture.ranks[names[0]] == (1, 1, 1)
    assert picture.ranks[names[3]][1] == 3
    pairs = {(pair.one, pair.other): pair for pair in picture.pairs}
    assert pairs[names[0], names[1]].stable
    turned = pairs[names[2], names[3]]
    assert (turned.faster, turned.slower, turned.unsure) == (1, 1, 1)
    assert not turned.stable
    assert picture.taus["laptop", "desktop"] == pytest.approx(0.8)
    assert 0.9 < picture.concordance < 1


def test_the_same_order_everywhere_is_full_concordance() -> None:
    one = timed((10, 20, 30, 40, 50))
    assert ranks.merged({"one": one, "other": one}).concordance == pytest.approx(1)


def test_one_machine_or_nothing_in_common_is_no_picture() -> None:
    one = timed((10, 20, 30, 40, 50))
    with pytest.raises(ReproError, match="One machine"):
        ranks.merged({"one": one})
    with pytest.raises(ReproError, match="0 subjects are common"):
        ranks.merged({"one": one, "other": Analysis(planted((10, 12, 10)))})
