"""The overview of all commands: what they are for, in whole sentences, without their imports."""

import re
import subprocess
import sys

import pytest

from repro.commands.app import app
from repro.commands.listing import COMMANDS, overview
from support.command_line import ROOT, Run


def test_each_command_is_listed_with_the_first_sentence_of_its_help() -> None:
    made = app()
    said = {
        str(one.name): " ".join(str(one.callback.__doc__).split("\n\n")[0].split())
        for one in made.registered_commands
        if one.callback
    }
    for group in made.registered_groups:
        assert group.typer_instance is not None
        said[str(group.name)] = str(group.typer_instance.info.help)
    assert said == {name: one.says for name, one in COMMANDS.items()}


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_nothing_is_cut_at_any_width(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = overview()
    assert all(len(line) <= int(columns) for line in text.splitlines())
    assert "..." not in text.partition("\n\n")[2]
    plain = " ".join(text.split())
    for name, one in COMMANDS.items():
        assert re.search(rf"^  {name} ", text, re.MULTILINE) and one.says in plain


def test_a_command_that_is_named_is_the_only_one_that_is_imported() -> None:
    assert [one.name for one in app(["score", "coco"]).registered_commands] == ["score"]
    assert len(app(["scores"]).registered_commands) + 4 == len(COMMANDS)


def test_the_overview_needs_no_library() -> None:
    code = (
        "import sys; sys.argv = ['repro', '--help']\nimport cli\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print([one for one in ('typer', 'rich', 'msgspec', 'numpy') if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: repro") and done.stdout.endswith("[]\n")


def test_a_word_that_is_no_command_is_told(repro: Run) -> None:
    done = repro("expalin")
    assert done.code == 2 and "expalin" in done.err and "explain" in done.err
