"""Which executor a user means, from the command line and from Python."""

import sys
from pathlib import Path

import pytest

from repro.executors import choice
from repro.executors.processes import LocalProcesses
from support.command_line import COST, Run
from support.evaluation_scenes import refused


def test_one_process_is_this_one() -> None:
    assert choice.chosen() is None and choice.chosen("local", 1) is None
    assert choice.chosen("local", 3) == LocalProcesses(3)
    assert choice.words("local", None, None) == ()
    assert choice.words("ray", 2, None) == ("--executor", "ray", "--workers", "2")


def test_what_is_no_executor_is_one_sentence(repro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ("run", "paper1", "table1", "--no-write")
    refused(repro(*run, "--executor", "rai"), "no executor `rai`", "`ray`")
    refused(repro(*run, "--address", "auto"), "--address is of a Ray cluster", "--executor ray")
    both = ("--executor", "ray", "--address", "auto", "--workers", "2")
    refused(repro(*run, *both), "has its own workers")
    refused(repro("nightly", "--plan", "--executor", "rai"), "no executor `rai`")
    monkeypatch.setitem(sys.modules, "ray", None)
    refused(repro(*run, "--executor", "ray"), "is not installed", "pose-repro[cluster]")


def test_a_night_hands_it_on_to_what_makes_a_plan(repro: Run) -> None:
    outcome = repro("nightly", "--plan", "--only", "count,parity", "--workers", "3")
    assert "repro run all --metric params,macs --workers 3 --store" in outcome.out
    assert outcome.out.count("--workers") == 1


@pytest.mark.thorough
def test_processes_are_told_in_one_line(repro: Run, tmp_path: Path) -> None:
    words = ("run", "paper1", "table1", "--row", "Ours*", *COST, "--no-write", "--workers", "2")
    outcome = repro(*words)
    assert outcome.code == 0 and "2 runs: 2 done" in outcome.err and "4 match" in outcome.out
    assert "2 counts: 2 cached" in repro(*words).err  # nobody is asked for that
    assert len(list(tmp_path.glob("records/??/*.json"))) == 2
