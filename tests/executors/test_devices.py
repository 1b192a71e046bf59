"""Several processes for one run, as torchrun starts them."""

import os
from pathlib import Path

import pytest

from repro.executors import devices
from support import quick_runs
from support.command_line import ROOT
from support.quick_runs import planned


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))


@pytest.mark.thorough
def test_each_process_takes_part_and_the_first_answers(tmp_path: Path) -> None:
    one = planned("one")
    attempt = devices.made(one, tmp_path, 2)
    assert attempt.error is None and attempt.record is not None and one.run is not None
    assert attempt.record.key == one.run.key and quick_runs.tries(tmp_path) == 2
    assert devices.count(one) == 1


@pytest.mark.thorough
def test_where_they_die_it_has_failed(tmp_path: Path) -> None:
    attempt = devices.made(planned("die"), tmp_path, 1)
    assert attempt.record is None and "torchrun ended with 1" in str(attempt.error)
