"""Keys that find a result again, and change when the code does."""

import pytest

from repro.errors import ReproError
from repro.papers.lookup import parse_size
from repro.records.runs import count_run


def test_everything_a_count_depends_on_changes_the_key() -> None:
    base = count_run("lpn_50", (256, 192))
    others = [
        count_run("lpn_101", (256, 192)),
        count_run("lpn_50_nogc", (256, 192)),
        count_run("lpn_50", (384, 288)),
        count_run("lpn_50", (256, 192), 16),
        count_run("lpn_50", (256, 192), options={"x": 1}),
    ]
    assert len({one.key for one in (base, *others)}) == 6
    assert base.key == count_run("lpn_50", (256, 192), 17).key


def test_a_key_does_not_depend_on_the_name_a_size_was_typed_by() -> None:
    assert parse_size("256x192") == parse_size(" 256×192 ") == parse_size("256X192") == (256, 192)


@pytest.mark.parametrize("text", ["256", "256x", "x192", "256,192", "-256x192", "256x192x3", ""])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ReproError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize("size", [(0, 0), (255, 192), (256, 200), (8192, 256)])
def test_a_size_that_the_strides_forbid_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ReproError, match="cannot take an input"):
        count_run("hrnet_w32", size)


def test_lpn_takes_what_its_stride_of_16_allows() -> None:
    assert count_run("lpn_50", (272, 208)).input == (272, 208)


@pytest.mark.parametrize("keypoints", [0, -1, 1001])
def test_a_senseless_number_of_keypoints_is_refused(keypoints: int) -> None:
    with pytest.raises(ReproError, match="keypoints"):
        count_run("hrnet_w32", (256, 192), keypoints)


def test_an_unknown_model_offers_near_ones() -> None:
    with pytest.raises(ReproError) as error:
        count_run("lpn50", (256, 192))
    assert "`lpn_50`" in error.value.hint
