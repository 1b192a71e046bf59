"""A printed figure beside many settings: how many give it, and how little that says."""

import pytest

from repro.comparing import targets
from repro.errors import ReproError
from repro.records.setting_rows import SettingRow, SettingRows


def rows(*values: float) -> SettingRows:
    made = [SettingRow({}, {}, str(place), {"AP": ap}, 0.0) for place, ap in enumerate(values)]
    return SettingRows("AP", "", "", tuple(made))


def test_a_figure_is_hit_if_it_is_printed_so_rounded_or_cut() -> None:
    fit = targets.fit("68.8", rows(68.74, 68.76, 68.84, 68.89, 68.9, 60.0))
    assert fit.hits == 3 and fit.value == 68.8
    assert fit.nearest[0].metrics["AP"] in (68.76, 68.84)


def test_the_chance_is_the_share_of_the_span_that_is_printed() -> None:
    assert targets.fit("68.8", rows(60.0, 60.1, 60.9, 60.92)).chance == pytest.approx(3 / 10)
    assert targets.fit("68", rows(60.0, 61.0, 62.0)).chance == 1
    assert targets.fit("68.8", rows(60.0, 60.01)).chance is None
    assert targets.fit("68.80", rows(60.0, 60.01)).chance == 1


@pytest.mark.parametrize("text", ["high", "", "168.8", "-1", "nan", "6" * 50])
def test_what_is_no_figure_in_per_cent_is_refused(text: str) -> None:
    with pytest.raises(ReproError, match="no figure in per cent"):
        targets.value_of(text)
