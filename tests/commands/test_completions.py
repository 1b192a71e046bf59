"""A shell completes papers, tables, rows, columns, models and protocols."""

import pytest
import typer

from repro.commands.app import app


def completed(words: str) -> list[str]:
    """What a shell is offered for the last of some words, which may be empty."""
    from typer._completion_classes import BashComplete

    *before, last = words.split(" ")
    command = typer.main.get_command(app())
    found = BashComplete(command, {}, "repro", "_REPRO_COMPLETE").get_completions(before, last)
    return [one.value for one in found]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("exp", ["explain", "export"]),
        ("run pap", ["paper1", "paper2", "paper3", "paper4"]),
        ("report a", ["all"]),
        ("show paper3 ", ["table1", "table2"]),
        ("explain paper2 table1 LPN-1", ["LPN-101", "LPN-152"]),
        ("explain paper2 table3 LPN-50 pa", ["params"]),
        ("eval lpn_50_", ["lpn_50_nogc"]),
        ("explain paper9 ", []),
    ],
)
def test_names_are_offered(words: str, offered: list[str]) -> None:
    assert [one for one in dict.fromkeys(completed(words)) if one in offered] == offered
    assert bool(completed(words)) == bool(offered)


def test_protocols_are_offered() -> None:
    assert "paper2/coco-val2017" in completed("eval lpn_50 --protocol paper2/")
