"""Who reads a store meets whole records only, whoever writes, removes and is killed beside it."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from support.faults import kills
from support.faults.figures import Figures
from support.faults.kills import Fault
from support.faults.readers import Reader

pytestmark = pytest.mark.faults
ROUNDS = 12
"""in which records are made, every other time by a process that is killed and another one"""
READING = (
    ("records", "ls", "--json"),
    ("explain", "paper5", "table1", "48", "params", "--json"),
    ("plan", "paper5", "--json"),
)


def test_readers_beside_writers_that_are_killed_see_whole_records(
    tmp_path: Path, figures: Figures
) -> None:
    from support.faults import commands  # which imports much

    (tmp_path / "in").mkdir()
    run = commands.made(tmp_path / "in")["run"]
    place = tmp_path / "place"
    whole = kills.carried_out(run, place)
    assert whole.code == 0, whole.said
    dice = random.Random(figures.seed)
    reading = [replace(run, words=(*words, *commands.STORE)) for words in READING]
    readers = [
        Reader(command, place, tmp_path / f"{number}.json")
        for number, command in enumerate(reading)
    ]
    for number in range(ROUNDS):
        for folder in list((place / "st").glob("??"))[number % 2 :]:
            shutil.rmtree(folder, ignore_errors=True)
        if number % 2:
            kills.carried_out(run, place, Fault(dice.randint(1, whole.operations)))
        done = kills.carried_out(run, place)
        assert done.code == 0, done.said
    found = [reader.stop() for reader in readers]
    wrong = [why for _, reasons in found for why in reasons]
    figures.add("readings beside writers", sum(times for times, _ in found))
    figures.add("failures: of readings", len(wrong))
    assert not wrong, "\n\n".join(wrong)
    assert all(times > 5 for times, _ in found)
