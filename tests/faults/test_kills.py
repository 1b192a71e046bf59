"""Commands killed before any file operation or at any moment, and run again, lose nothing.

They end with the files of an undisturbed run to the byte, and with no other file.
"""

import random
import signal

import pytest

from support.faults.figures import Figures
from support.faults.kills import Fault, Trial

pytestmark = pytest.mark.faults
PARTS = 3
"""of the operations of a command, each a test"""
MOMENTS = {"run": 25, "eval": 10, "train": 5, "predict": 25, "fetch": 25, "synth": 25}
"""how many there are at which a command is killed; what takes longer is killed less often"""
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
TOLD = 3
"""how often each command is told to end by each of them"""


def kill(trial: Trial, faults: list[Fault], what: str, figures: Figures) -> None:
    """Kill it again and again; fail with all that went wrong."""
    told = {fault: trial.befallen(fault) for fault in faults}
    wrong = [f"{fault}: {why}" for fault, why in told.items() if why]
    figures.add(f"kills: {what}", len(faults))
    figures.add("failures: of kills", len(wrong))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_command_killed_before_a_file_operation_is_as_if_it_were_not(
    trial: Trial, part: int, figures: Figures
) -> None:
    operations = range(1 + part, trial.ended.operations + 1, PARTS)
    kill(trial, [Fault(number) for number in operations], "before a file operation", figures)


def test_a_command_killed_at_some_moment_is_as_if_it_were_not(
    trial: Trial, figures: Figures
) -> None:
    dice = random.Random(figures.seed)
    count = MOMENTS[trial.command.name]
    moments = [dice.uniform(0.001, trial.ended.seconds) for _ in range(count)]
    kill(trial, [Fault(seconds=one) for one in moments], "at a random moment", figures)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_command_told_to_end_is_as_if_it_were_not(
    trial: Trial, name: str, figures: Figures
) -> None:
    dice = random.Random(figures.seed + SIGNALS.index(name))
    number = getattr(signal, name)
    operations = dice.sample(range(1, trial.ended.operations + 1), TOLD)
    kill(trial, [Fault(one, signal=number) for one in operations], f"by {name}", figures)
