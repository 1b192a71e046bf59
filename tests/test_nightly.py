"""`repro nightly`: what a night does, when it is bad, and what it leaves to the next one."""

import json
import os
import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import typer.main
import yaml

from repro import nightly
from repro.commands.app import app
from repro.nightly import Done, Night, NightStep
from support.command_line import ROOT, Run
from support.compare_records import count, kept, timing
from support.evaluation_scenes import refused

WORKFLOWS = ROOT / ".github/workflows"


def parse(words: list[str]) -> None:
    """Raise unless the command line takes these words; nothing is run."""
    command = typer.main.get_command(app())
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context("repro", list(words))


@pytest.fixture
def spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """spent("one", {"speed": 3}, previous="zero"): a night whose steps end with these codes."""
    codes: dict[str, int] = {}

    def fake(command, stdout, stderr, **_):
        name = Path(stdout.name).stem
        cells = [
            {"kind": "exact", "cell": "lpn_50 params", "call": "changed"},
            {"kind": "exact", "cell": "b", "call": "same"},
        ]
        stdout.write(json.dumps({"changes": cells} if name == "exact" else {}).encode())
        stderr.write(b"error: it broke\n")
        return subprocess.CompletedProcess(command, codes.get(name, 0))

    monkeypatch.setattr(nightly.subprocess, "run", fake)

    def night(out: str, ends: dict[str, int] | None = None, previous: str | None = None):
        codes.clear()
        codes.update(ends or {})
        chosen = Night(tmp_path / out, previous=tmp_path / previous if previous else None)
        nightly.begin(chosen)
        (tmp_path / out / nightly.RECORDS / "mark").write_text(out)
        todo = nightly.chosen(chosen, ())
        return nightly.spend(chosen, todo, lambda done: None)

    return night


def baseline(folder: Path) -> str:
    return (folder / nightly.BASELINE / "mark").read_text()


def test_what_is_bad_twice_is_told_and_neither_it_nor_noise_becomes_the_baseline(
    spent, tmp_path: Path
) -> None:
    assert spent("0").exit == 0 and baseline(tmp_path / "0") == "0"
    first = spent("1", {"exact": 3, "speed": 5}, "0")
    assert first.exit == 3 and first.bad == ("exact: lpn_50 params",) and first.again == ()
    assert baseline(tmp_path / "1") == "0"
    second = spent("2", {"exact": 3, "parity": 3}, "1")
    assert second.bad == ("exact: lpn_50 params", "parity")
    assert second.again == ("exact: lpn_50 params",) and baseline(tmp_path / "2") == "0"
    third = spent("3", {"speed": 5, "drift": 5}, "2")
    assert (third.exit, third.bad, third.again) == (5, (), ()) and baseline(tmp_path / "3") == "0"
    assert spent("4", {"drift": 5}, "3").exit == 5 and baseline(tmp_path / "4") == "4"
    assert spent("5", {"exact": 3}, "4").again == ()
    shutil.rmtree(tmp_path / "2" / nightly.BASELINE)
    (drift,) = (one for one in spent("6", {}, "2").steps if one.name == "drift")
    assert (drift.state, drift.said) == ("skipped", "no night up to the earlier one was good")


@pytest.mark.parametrize(("code", "exit_code"), [(1, 6), (2, 6), (6, 6), (4, 3), (5, 5), (0, 0)])
def test_how_a_step_ends_is_how_the_night_ends(spent, code: int, exit_code: int) -> None:
    result = spent("night", {"smoke": code})
    (smoke,) = (one for one in result.steps if one.name == "smoke")
    assert result.exit == exit_code and smoke.code == code
    assert smoke.said == ("" if code == 0 else "error: it broke")
    (drift,) = (one for one in result.steps if one.name == "drift")
    assert drift.state == "skipped" and "no earlier night" in drift.said


def test_what_cannot_be_counted_any_more_is_bad(spent) -> None:
    result = spent("night", {"exact": 5})
    assert result.exit == 3 and result.bad == ("exact: lpn_50 params",)


def test_a_speed_is_the_same_beside_whatever_rival(repro: Run, tmp_path: Path) -> None:
    seconds = {"a": 10.0, "b": 20.0, "c": 30.0}
    for name, change in (("one", {"a": 10.2, "b": 26.0}), ("two", {"b": 26.0, "c": 30.5})):
        before = kept(tmp_path / "before", timing("a", seconds))
        after = kept(tmp_path / name, timing("b", seconds | change))
        Path(f"{name}.json").write_text(repro("compare", before, after, "--json").out)
    found = [json.loads(Path(f"{name}.json").read_text()) for name in ("one", "two")]
    assert len({one["changes"][0]["cell"] for one in found}) == 2  # b / a, b / c
    assert {nightly.caught_cells("drift", one) for one in found} == {("drift: b",)}


def test_links_do_not_become_the_baseline(spent, tmp_path: Path) -> None:
    assert spent("0").exit == 0
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("mine")
    before = tmp_path / "0" / nightly.BASELINE
    (before / "file").symlink_to(tmp_path / "secret" / "key")
    (before / "folder").symlink_to(tmp_path / "secret")
    os.mkfifo(before / "pipe")
    assert spent("1", {"parity": 3}, "0").exit == 3
    assert sorted(path.name for path in (tmp_path / "1" / nightly.BASELINE).iterdir()) == ["mark"]


def test_a_night_of_nothing_and_one_without_end_are_not_good(tmp_path: Path) -> None:
    assert nightly.exit_code([Done("drift", "skipped", "repro compare")]) == 4
    night = Night(tmp_path / "night")
    nightly.begin(night)
    done = nightly.take(NightStep("list", ("list",)), night.out, 0.001)
    assert done.state == "failed" and "it took more than" in done.said


def test_every_step_is_a_command_that_repro_takes(tmp_path: Path) -> None:
    (tmp_path / nightly.BASELINE).mkdir()
    night = Night(tmp_path / "out", 60, tmp_path, summary=tmp_path / "s.md")
    found = nightly.steps(night)
    for step in found:
        parse([*step.words, "--json"])
        assert not step.lacking
    assert [step.name for step in found][-1] == "report" and len(found) == 11


def test_two_nights_by_hand(repro: Run, tmp_path: Path) -> None:
    kept(tmp_path / "committed", count(params=7))
    words = ("nightly", "--only", "exact,drift", "--store", "committed", "--summary", "s.md")
    outcome = repro(*words, "--out", "one")
    assert outcome.code == 3 and "exact: bad" in outcome.err
    assert "0 of 2 steps good; bad: exact: lpn_50 256x192 17 keypoints" in outcome.out
    outcome = repro(*words, "--out", "two", "--previous", "one", "--json")
    data = json.loads(outcome.out)
    assert data["again"] == data["bad"] == ["exact: lpn_50 256x192 17 keypoints"]
    assert json.loads(Path("two/nightly.json").read_text()) | {"exit": 3} == data
    (suite,) = ET.parse("two/nightly.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == (
        *("2", "1", "1"),
    )
    said = Path("s.md").read_text()
    assert said.count("### Nightly") == 2 and "repro compare committed two/records" in said
    assert repro(*words, "--out", "one").code == 3  # over the first
    refused(repro(*words, "--out", "two", "--previous", "two"), "is the earlier night")
    refused(repro(*words, "--previous", "committed"), "holds no whole night", "--previous")
    refused(repro(*words, "--out", "committed"), "no night is in it", "--out")
    assert (tmp_path / "committed" / "aa").is_dir()
    refused(repro("nightly", "--only", "sped"), "Did you mean `speed`")
    plan = repro("nightly", "--plan", "--budget", "9")
    assert plan.code == 0 and "repro speed --budget 9" in plan.out and not Path("nightly").exists()


def test_actions_are_pinned_by_content() -> None:
    pinned: dict[str, tuple[str, str]] = {}
    for path in WORKFLOWS.iterdir():
        text = path.read_text()
        found = re.findall(
            r"uses: ([\w-]+/[\w-]+)\S*@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", text, re.M
        )
        assert len(found) == text.count("uses:") > 0
        for action, *version in found:
            assert pinned.setdefault(action, tuple(version)) == tuple(version)


def test_the_faults_have_their_night() -> None:
    jobs = yaml.safe_load((WORKFLOWS / "nightly.yml").read_text())["jobs"]
    assert any(
        step.get("run") == "python -m pytest -m faults --dist worksteal"
        for step in jobs["faults"]["steps"]
    )


def test_the_workflow_is_the_command_and_asks_for_little() -> None:
    text = (WORKFLOWS / "nightly.yml").read_text()
    workflow = yaml.safe_load(text)
    jobs = workflow["jobs"]
    assert workflow["permissions"] == {"contents": "read"} and "secrets" not in text
    asked = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert asked == {"issue": {"issues": "write"}}
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    lines = [line for script in scripts for line in script.split("\n")]
    commands = [
        line.partition(" || ")[0].strip() for line in lines if " repro nightly" in f" {line}"
    ]
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(command.replace('"${previous[@]}"', "--previous previous"))
        parse(words[1:])
    keys = {
        step["with"]["key"]
        for job in jobs.values()
        for step in job["steps"]
        if "cache" in step.get("uses", "") and "with" in step and "key" in step["with"]
    }
    assert len(keys) == 1 and "steps.machine.outputs.class" in keys.pop()
    for script in scripts:
        assert "${{" not in script  # nothing from outside is pasted into a shell
        done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
