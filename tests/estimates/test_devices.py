"""Devices by name, and the rule by which times are carried over to them."""

import pytest

from repro.errors import ReproError
from repro.estimates.devices import (
    LAUNCH,
    Rates,
    SecondsRange,
    exactly,
    hardware,
    scaled,
    sheets,
)
from repro.estimates.shapes import Calls, Shape

HERE = Rates(dense=1e11, plain=1e11, memory=1e10)
COMPUTE = Shape((Calls(True, 2, 10**9, 8, 0),), 10, 100, 8)
"""two convolutions that arithmetic holds back anywhere"""
MEMORY = Shape((Calls(False, 1, 1, 10**8, 0),), 10, 100, 10**8)
"""a call that memory holds back anywhere"""


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [("1xA100", "A100", 1), ("8xh100", "H100", 8), ("t4", "T4", 1), ("2xhere", "here", 2)],
)
def test_devices_are_named_with_their_number(text: str, name: str, count: int) -> None:
    found = hardware(text)
    assert (found.name, found.count) == (name, count)
    assert (found.sheet is None) == (name == "here")


def test_an_unknown_device_is_told_with_near_ones() -> None:
    with pytest.raises(ReproError) as error:
        hardware("8xA10")
    assert str(error.value) == "There is no device `A10`." and "`A100`" in error.value.hint
    for text in ("", "0xA100", "8 x A100"):
        with pytest.raises(ReproError, match="names no devices"):
            hardware(text)


def test_matrix_units_are_no_slower_than_the_rest_and_every_figure_has_a_source() -> None:
    for sheet in sheets().values():
        assert sheet.source and sheet.title
        assert (sheet.tf32 or sheet.fp32) >= sheet.fp32
        assert sheet.bf16 is None or sheet.tf32 is not None


def test_a_device_without_matrix_units_for_float32_has_one_rate() -> None:
    rates = hardware("T4").rates
    assert rates == Rates(8.1e12 / 2, 8.1e12 / 2, 300e9)
    rates = hardware("A100").rates
    assert rates is not None and rates.dense == 156e12 / 2 and rates.plain == 19.5e12 / 2
    assert hardware("here").rates is None


def test_time_scales_by_what_holds_a_network_back() -> None:
    there = Rates(dense=8e11, plain=4e11, memory=2e10)
    assert scaled(1.0, COMPUTE, 1, 64, HERE, there).mid == pytest.approx(1 / 8)
    assert scaled(1.0, MEMORY, 1, 64, HERE, there).mid == pytest.approx(1 / 2)
    spread = scaled(1.0, MEMORY, 1, 64, HERE, there)
    assert (spread.low, spread.high) == (pytest.approx(1 / 8), pytest.approx(1 / 2))


def test_the_estimate_lies_in_its_interval_whatever_the_rates() -> None:
    both = Shape((*COMPUTE.calls, *MEMORY.calls), 10, 100, 10**8)
    for there in (Rates(9e12, 9e12, 1e11), Rates(2e11, 1e11, 9e12), Rates(1e12, 2e11, 5e10)):
        spread = scaled(1.0, both, 1, 64, HERE, there)
        assert spread.low <= spread.mid <= spread.high


def test_no_operator_is_shorter_than_its_launch() -> None:
    there = Rates(1e18, 1e18, 1e18)
    floor = 3 * COMPUTE.launches * LAUNCH / 4
    assert scaled(1.0, COMPUTE, 3, 4, HERE, there) == exactly(floor)


def test_weights_are_read_once_a_batch() -> None:
    shape = Shape((Calls(True, 1, 1, 100, 1000),), 250, 100, 100)
    assert shape.seconds(1, 1e9, 1e9, 1.0) == 1100
    assert shape.seconds(10, 1e9, 1e9, 1.0) == 200


def test_spreads_add_up() -> None:
    assert SecondsRange(1, 2, 3) + exactly(1) == SecondsRange(2, 3, 4)
    assert SecondsRange(1, 2, 3).times(2) == SecondsRange(2, 4, 6)
    assert SecondsRange(1, 2, 3).at_least(2.5) == SecondsRange(2.5, 2.5, 3)
