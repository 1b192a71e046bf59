"""Commands on a full or read-only disk, whose folder is removed, and with little to live on."""

import errno
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from support import fault_server
from support.faults import commands, kills
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


@pytest.fixture(scope="module", params=FOLDERS)
def trial(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Trial]]:
    """A command that was run once undisturbed, by its name."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "in").mkdir()
    if request.param == "fetch":
        with fault_server.serving() as server:
            yield request.param, Trial(commands.fetching(folder / "in", server), folder)
    else:
        command = commands.made(folder / "in")[request.param]
        yield request.param, Trial(command, folder)


@pytest.mark.parametrize("what", ["full", "read-only", "removed", "replaced"])
def test_a_disk_that_fails_ends_a_command_in_a_sentence(
    trial: tuple[str, Trial], what: str, figures: Figures
) -> None:
    name, tried = trial
    dice = random.Random(f"{figures.seed} {what}")
    fault = {
        "full": Fault(error=errno.ENOSPC),
        "read-only": Fault(error=errno.EROFS),
        "removed": Fault(lost=FOLDERS[name]),
        "replaced": Fault(lost=f"{FOLDERS[name]}!"),
    }[what]
    last = tried.ended.operations
    moments = {1, last, *dice.sample(range(1, last + 1), TIMES - 2)}
    told = {at: tried.befallen(replace(fault, operation=at)) for at in sorted(moments)}
    wrong = [f"operation {at} of {last}: {why}" for at, why in told.items() if why]
    figures.add(f"hardships: {what} disk or folder", len(told))
    figures.add("failures: of hardships", len(wrong))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("limit", LIMITS)
def test_a_command_with_little_to_live_on_ends_in_a_sentence(
    trial: tuple[str, Trial], limit: str, figures: Figures
) -> None:
    _, tried = trial
    figures.add(f"hardships: {limit.replace('_', ' ')}", 1)
    place = tried.fresh("limited")
    small = kills.carried_out(tried.command.after(f"support.faults.limits:{limit}"), place)
    why = kills.badly_ended(Fault(error=errno.EMFILE), small) or tried.run_again(place)
    figures.add("failures: of hardships", bool(why))
    assert not why, f"{why}: {small.said[-1500:]}"
