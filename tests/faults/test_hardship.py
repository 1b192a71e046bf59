"""Commands on a full or read-only disk, whose folder is removed, and with little to live on."""

import errno
import random
from dataclasses import replace

import pytest

from support.faults import kills
from support.faults.figures import Figures
from support.faults.kills import Fault, Trial

pytestmark = pytest.mark.faults
FOLDERS = {
    **{"run": "st", "eval": "st", "train": "out", "predict": "poses", "fetch": "data"},
    **{"synth": "out/synth"},
}
"""where each writes most"""
TIMES = 4
"""that each fault befalls each command"""
LIMITS = ("few_files", "few_bytes", "little_memory", "no_threads")


@pytest.mark.parametrize("what", ["full", "read-only", "removed", "replaced"])
def test_a_disk_that_fails_ends_a_command_in_a_sentence(
    trial: Trial, what: str, figures: Figures
) -> None:
    folder = FOLDERS[trial.command.name]
    dice = random.Random(f"{figures.seed} {what}")
    fault = {
        "full": Fault(error=errno.ENOSPC),
        "read-only": Fault(error=errno.EROFS),
        "removed": Fault(lost=folder),
        "replaced": Fault(lost=f"{folder}!"),
    }[what]
    last = trial.ended.operations
    moments = {1, last, *dice.sample(range(1, last + 1), TIMES - 2)}
    told = {at: trial.befallen(replace(fault, operation=at)) for at in sorted(moments)}
    wrong = [f"operation {at} of {last}: {why}" for at, why in told.items() if why]
    figures.add(f"hardships: {what} disk or folder", len(told))
    figures.add("failures: of hardships", len(wrong))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_command_with_little_to_live_on_ends_in_a_sentence(
    trial: Trial, limit: str, figures: Figures
) -> None:
    figures.add(f"hardships: {limit.replace('_', ' ')}", 1)
    place = trial.fresh("limited")
    small = kills.carried_out(trial.command.after(f"support.faults.limits:{limit}"), place)
    why = kills.badly_ended(Fault(error=errno.EMFILE), small) or trial.run_again(place)
    figures.add("failures: of hardships", bool(why))
    assert not why, f"{why}: {small.said[-1500:]}"
