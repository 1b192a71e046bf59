"""`repro compare` and files: what commands wrote, what is broken, and documents for gates."""

import json
import math
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from repro.records.plain_form import written
from repro.report.files import gates
from support.command_line import ROOT, Run
from support.compare_records import calls, count, kept, timing
from support.evaluation_scenes import refused


def answer(command: str, *records: object) -> str:
    """A file as a command writes it with --json, as far as it is compared: plain records."""
    path = Path(f"{command}.json")
    path.write_text(json.dumps({"schema": 1, "command": command, "records": records}))
    return str(path)


def test_what_commands_write_is_compared_with_records(repro: Run, tmp_path: Path) -> None:
    answer("count", written(count(conv=5)))
    answer("speed", written(timing("e", {"a": 10.0, "b": 20.0})))
    records = kept(tmp_path / "r", count(conv=5), timing("b", {"a": 10.0, "b": 24.0}))
    found = calls(repro("compare", "count.json", records, "--only", "exact", "--json"))
    assert set(found.values()) == {"same"} and len(found) == 2
    found = calls(repro("compare", "speed.json", records, "--only", "speed", "--json"))
    assert found == {"b / a": "worse", "a / b": "better"}
    for command in ("list", "compare", "nightly", "count"):
        Path("other.json").write_text(json.dumps({"schema": 1, "command": command}))
        refused(repro("compare", "other.json", records), "nothing to compare in it", "--json")


@pytest.mark.parametrize("words", ["count lpn_50 small_hrnet_w16 --input 64x64", "parity lpn_50"])
def test_an_answer_equals_itself_and_the_records_behind_it(
    repro: Run, tmp_path: Path, words: str
) -> None:
    golden = ("--golden", str(ROOT / "tests/golden")) if words.startswith("parity") else ()
    Path("a.json").write_text(repro(*words.split(), *golden, "--json").out)
    found = calls(repro("compare", "a.json", "a.json", "--json"))
    assert found and set(found.values()) == {"same"}


def test_the_records_of_a_run_are_those_of_its_store(repro: Run, tmp_path: Path) -> None:
    records = shutil.copytree(ROOT / "records", tmp_path / "records")
    words = ("run", "paper1", "--no-write", "--json")
    Path("run.json").write_text(repro(*words).out)
    outcome = repro("compare", "run.json", str(records), "--json")
    summary = json.loads(outcome.out)["summary"]
    assert outcome.code == 0 and set(summary) == {"same", "new"}  # new: those of other papers
    kinds = {one["kind"] for one in json.loads(outcome.out)["changes"] if one["call"] == "same"}
    assert kinds == {"exact", "speed"}


def test_a_record_that_was_altered_is_named(repro: Run, tmp_path: Path) -> None:
    records = kept(tmp_path / "r", count())
    plain = written(count(conv=5))
    for change, said in (
        ({"env": {"commit": "other"}}, "record 2 is not whole: the content is not what was"),
        ({"schema": 2}, "schema 2"),
        ({"measurements": []}, "no measurement"),
        ({"digest": 3}, "`digest`"),
        ({"more": 3}, "`more`"),
    ):
        refused(repro("compare", answer("count", plain, plain | change), records), said)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"a": ' * 5000,
        '"text"',
        '{"command": []}',
        '{"command": "count"}',
        '{"command": "count", "model": "lpn_50", "input": [1], "keypoints": 1, "params": 1}',
        '{"command": "parity", "results": 3}',
        '{"command": "speed", "timing": {}, "subjects": [], "ratios": [3], "basis": ""}',
        '{"command": "score", "dataset": "coco", "metrics": {"AP": NaN}, "intervals": {}, '
        '"evaluator": "", "people": 1}',
        '{"command": "run", "cells": [{"study": "../x", "table": "1", "row": "", "column": ""}]}',
        '{"command": "count", "records": 3}',
        '{"command": "count", "records": [3]}',
        '{"command": "count", "records": [{}]}',
        '{"command": "records", "records": [{"key": "", "state": "current", "run": ""}]}',
    ],
)
def test_files_that_are_no_output_are_one_sentence(
    repro: Run, tmp_path: Path, content: str
) -> None:
    Path("file.json").write_text(content)
    records = kept(tmp_path / "r", count())
    refused(repro("compare", "file.json", records), "file.json")


def test_broken_records_and_empty_folders_are_no_success(repro: Run, tmp_path: Path) -> None:
    records = kept(tmp_path / "r", count())
    assert repro("compare", kept(tmp_path / "e"), records).code == 4
    assert repro("compare", records, records, "--only", "speed").code == 4
    refused(repro("compare", records, "nowhere"), "`nowhere` is no folder and no file")
    refused(repro("compare", records, records, "--fail-on", "wors"), "Did you mean `worse`")
    refused(repro("compare", records, records, "--only", "speeds"), "`speed`")
    path = next(Path(records).rglob("*.json"))
    path.write_text(path.read_text().replace("100", "101"))
    refused(repro("compare", records, records), path.name, "records gc")


@pytest.mark.parametrize(
    "change",
    [
        {"low": float("nan"), "high": float("nan")},
        {"high": float("inf")},
        {"value": 1e-320, "low": 1e-320, "high": 1e-320},
        {"value": 1e308},
    ],
)
def test_what_nothing_can_measure_is_no_record(
    repro: Run, tmp_path: Path, change: dict[str, float]
) -> None:
    plain = timing("a", {"a": 10.0, "b": 20.0})
    records = kept(tmp_path / "r", plain)
    odd = [replace(one, **change) if one.of == "a / b" else one for one in plain.measurements]
    other = kept(tmp_path / "o", replace(plain, measurements=tuple(odd)))
    finite = all(math.isfinite(value) for value in change.values())
    why = "impossible" if finite else "which is no JSON"
    for words in ((records, other), (other, records)):
        refused(repro("compare", *words), "is no whole record", why)


def test_outputs_with_impossible_figures_are_one_sentence(repro: Run, tmp_path: Path) -> None:
    records = kept(tmp_path / "r", count())
    words = ("run", "paper2", "table3", "--metric", "params", "--no-write", "--json")
    plain = json.loads(repro(*words, "--store", str(ROOT / "records")).out)["records"][0]
    figure = next(one for one in plain["measurements"] if one["metric"] == "params")
    for value in (float("nan"), float("inf"), 1e300):
        figure["value"] = value
        why = "params" if math.isfinite(value) else "which is no JSON"
        refused(repro("compare", answer("run", plain), records), "run.json", why)
    figure["value"] = 3.5
    refused(repro("compare", answer("run", plain), records), "run.json", "a whole number")
    figure["value"] = 10**400
    refused(repro("compare", answer("count", plain), records), "should be a number, not 1000")


def test_options_of_no_use_are_refused(repro: Run, tmp_path: Path) -> None:
    records = kept(tmp_path / "r", count())
    for words in (("--dataset", "coco"), ("--zero-based",)):
        refused(repro("compare", records, records, *words), words[0], "files of poses")
    for command in (("compare", records, records, "--min-effect"), ("nightly", "--budget")):
        refused(repro(*command, "nan"), "nan is no finite number")


def test_documents_for_gates_cannot_be_steered(repro: Run, tmp_path: Path) -> None:
    label = "<img src=x>|a\n`b`\x1b[31m\x00"
    one = kept(tmp_path / "a", timing("a", {label: 10.0, "b": 20.0}))
    other = kept(tmp_path / "b", timing("b", {label: 12.0, "b": 20.0}))
    Path("s.md").write_text("before\n")
    files = ("--markdown", "m.md", "--junit", "j.xml", "--summary", "s.md")
    outcome = repro("compare", one, other, *files)
    assert outcome.code == 3 and "\x1b" not in outcome.out
    text = Path("m.md").read_text()
    assert "<img" not in text and r"\|a" in text and "\x1b" not in text
    assert Path("s.md").read_text() == f"before\n{text}\n"
    (suite,) = ET.parse("j.xml").getroot()
    assert suite.attrib["tests"] == "2" and suite.attrib["failures"] == "1"
    (failure,) = suite.iter("failure")
    assert failure.attrib["message"].startswith("worse: 0.50x in A, 0.60x in B")
    Path("s.md").write_bytes(b"x" * (gates.MOST - 200))
    gates.append(Path("s.md"), "line\n" * 500)
    content = Path("s.md").read_bytes()
    assert len(content) <= gates.MOST and b"more than a step summary holds" in content
    refused(repro("compare", one, other, "--junit", "s.md/j.xml"), "`s.md/j.xml` cannot be written")
