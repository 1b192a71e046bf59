"""What the commands answer with --json has types, which a schema tells to other programs."""

import json
import subprocess
import sys
from collections.abc import Iterator

import jsonschema_rs
import pytest
import torch
import typer.main

import zoo
from repro.checkpoints import inspection
from repro.commands.answers import document
from repro.commands.app import app
from repro.commands.schema import FILE
from support import answer_check
from support.command_line import ROOT, Run
from support.evaluation_scenes import refused


def commands(command: typer.core.TyperCommand, name: str = "") -> Iterator[str]:
    """`count`, `data check` ...: every command; all take --json."""
    if hasattr(command, "commands"):
        for word, inner in command.commands.items():
            yield from commands(inner, f"{name} {word}".strip())
    else:
        assert any("--json" in option.opts for option in command.params), name
        yield name


@pytest.mark.parametrize("name", list(commands(typer.main.get_command(app()))))
def test_every_command_has_the_types_of_its_answers(name: str) -> None:
    assert name in document.ANSWERS or name.split()[0] in document.ANSWERS


def test_the_installed_schema_is_that_of_the_types() -> None:
    made = document.document()
    jsonschema_rs.meta.validate(json.loads(made))
    assert FILE.read_text(encoding="utf-8") == made, (
        f"write {FILE.name} anew: python -m repro.commands.answers.document"
    )


def test_the_schema_is_told_whole_or_for_one_command(repro: Run) -> None:
    assert repro("schema").out == FILE.read_text(encoding="utf-8")
    part = json.loads(repro("schema", "data", "check").out)
    names = "DataCheckAnswer", "FileCheckAnswer"  # of a folder, of a file
    assert part["anyOf"] == [{"$ref": f"#/$defs/{name}"} for name in names]
    of_folder, of_file = {"CheckedSplit", "SplitCounts", "Fetch"}, {"FileCounts", "JointCheck"}
    assert set(part["$defs"]) == {*names, *of_folder, *of_file, "Remark"}
    assert json.loads(repro("schema", "data", "check", "--json").out)["document"] == part
    refused(repro("schema", "cont"), "no command `cont`", "Did you mean `count`")
    code = "import sys, repro.commands.schema as s; s.schema(); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize(
    "words",
    [
        "nightly --plan",
        "speed hwl_mobilenetv3 --input 64x64 --profile trace.json",
        "weights hwl_mobilenetv3 --check weights.pth",
    ],
)
def test_answers_that_no_other_test_asks_for(
    repro: Run, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # else every network is tried, which takes a minute
    monkeypatch.setattr(inspection, "fitting", lambda *words: ())
    state = zoo.published_state(zoo.create_model("hwl_mobilenetv3"))
    torch.save({name: value for name, value in state.items() if "final" not in name}, "weights.pth")
    outcome = repro(*words.split(), "--json")
    assert outcome.out and outcome.code == (3 if "--check" in words else 0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": [1]}, '1 is not of type "string"'),
        ({"models": None}, 'not of type "array"'),
        ({"more": 1}, "'more' was unexpected"),
        ({"schema": 2}, "1 was expected"),
        ({"models": [float("nan")]}, "NaN is no JSON"),
        ({"command": "show"}, "show answers to list"),
    ],
)
def test_an_answer_of_other_types_is_noticed(
    repro: Run, change: dict[str, object], said: str
) -> None:
    words = ("list", "--models", "--json")
    answer = json.loads(repro(*words).out)
    with pytest.raises(AssertionError, match=said):
        answer_check.check(words, json.dumps(answer | change))
