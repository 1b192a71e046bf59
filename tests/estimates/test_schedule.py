"""The longest first, each to whichever device is free first."""

from repro.estimates.schedule import makespan


def test_one_device_does_all_one_after_another() -> None:
    assert makespan([3, 1, 2], 1) == 6


def test_the_longest_is_begun_first() -> None:
    assert makespan([1, 1, 1, 3], 2) == 3


def test_the_longest_bounds_any_number_of_devices() -> None:
    assert makespan([5, 1, 1], 3) == makespan([5, 1, 1], 1000) == 5


def test_nothing_takes_no_time() -> None:
    assert makespan([], 4) == 0
