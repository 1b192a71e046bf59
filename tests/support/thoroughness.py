"""Cases of a parametrised test that only the thorough run tries (`pytest -m thorough`)."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

T = TypeVar("T")


def daily(cases: Iterable[T], each_time: Callable[[T], object]) -> list[object]:
    """All cases, of which each run of the tests tries some, the thorough run the others.

    A tuple is a case of several parameters.
    """
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=() if each_time(case) else pytest.mark.thorough,
        )
        for case in cases
    ]
