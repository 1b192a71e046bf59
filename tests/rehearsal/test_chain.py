"""`repro rehearse`: the whole chain, marked everywhere, gone on with, and never a result."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from repro.commands.report import gathered
from repro.data import stand_ins
from repro.errors import RunError
from repro.evaluation import evaluator
from repro.papers import lookup
from repro.records.store import Store
from repro.rehearsal import chain
from repro.report.files import publish
from repro.report.html import page
from repro.training import runs
from support.command_line import Outcome, Run, parsed
from support.evaluation_scenes import refused
from support.tiny_trainings import make_tiny

ROW = ("paper1", "table1", "--row", "Small HRNet 256*")
WORDS = ("rehearse", *ROW, "--share", "0.0001", "--steps", "1", "--metric", "AP,AR")
Rehearse = Callable[..., Outcome]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a process keeps its first rehearsal for the others."""
    return tmp_path_factory.mktemp("kept") / "rehearsal"


@pytest.fixture
def anew(repro: Run, monkeypatch: pytest.MonkeyPatch) -> Rehearse:
    """`repro rehearse` in an empty folder, with other words behind."""
    make_tiny(monkeypatch, 1)
    return lambda *more: repro(*WORDS, *more)


@pytest.fixture
def rehearse(anew: Rehearse, kept: Path) -> Rehearse:
    """The same in a folder that holds a rehearsal."""
    if kept.exists():
        shutil.copytree(kept, "rehearsal")
    else:
        assert anew().code == 0
        shutil.copytree("rehearsal", kept)
    return anew


@pytest.mark.thorough
def test_from_nothing_to_a_marked_table_over_an_interruption(
    anew: Rehearse, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(evaluator, "execute", interrupted)
        assert anew().code == 130
    monkeypatch.setattr(runs, "execute", None)  # what was trained is not trained again
    done = anew()
    assert done.code == 0, done.err
    assert "2 of 2 printed numbers filled" in done.out and "§ rehearsed on generated" in done.out
    assert "2 rehearsal\n" in done.out and "+" not in done.out and "✓" not in done.out
    assert {path.name for path in Path("rehearsal").iterdir()} == {
        *("rehearsal.json", "lock", "mirror", "data", "brief", "records"),
        *("rehearsal-paper1-table1.md", "rehearsal-paper1-table1.html"),
    }
    assert list(Path().iterdir()) == [Path("rehearsal")]
    if not kept.exists():
        shutil.copytree("rehearsal", kept)


def test_a_second_call_makes_nothing_and_says_the_same(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((runs, "execute"), (evaluator, "execute"), (stand_ins, "write")):
        monkeypatch.setattr(module, name, None)
    answer = parsed(rehearse("--json").out)
    assert answer["summary"] == {"rehearsal": 2} and answer["filled"] == 2
    assert not answer["lacking"] and answer["exit"] == 0 and answer["share"] == 0.0001
    for cell in answer["cells"]:  # type: ignore[attr-defined]
        assert cell["verdict"]["kind"] == "rehearsal" and cell["delta"] is None
        assert "nothing about the paper" in cell["verdict"]["reason"]
    (record,) = answer["records"]  # type: ignore[misc]
    spec = record["spec"]
    assert spec["data"]["name"].startswith("stand-ins for COCO val2017, share 0.0001")
    assert spec["data"]["rehearsal"] == spec["weights"]["rehearsal"] == 0.0001
    assert spec["data"]["official"] is False and spec["protocol"]["flip"] is True


def test_its_plan_is_told_and_nothing_is_run(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repro.rehearsal.chain.carry_out", None)
    shutil.rmtree("rehearsal/records")
    assert parsed(rehearse("--plan", "--json").out)["totals"]["to_run"] == 2  # type: ignore[index]
    told = rehearse("--plan").out
    assert "to run  Small HRNet 256x192, small_hrnet_w16_256x192_coco" in told
    assert "to run  small_hrnet_w16_256x192_coco on COCO val2017, rehearsed" in told


def test_its_documents_say_that_they_are_no_results(rehearse: Rehearse) -> None:
    text, html = (
        Path(f"rehearsal/rehearsal-paper1-table1.{ending}").read_text() for ending in ("md", "html")
    )
    assert "# Rehearsal of paper1 Table I: no results\n\n**Figures of a rehearsal" in text
    assert "] § |" in text and "# Results" not in text
    assert "<title>Rehearsal: no results</title>" in html and 'class="banner"' in html
    assert "Four papers, cell by cell" not in html and "repro rehearse paper1 table1" in html


def test_nothing_of_it_is_ever_a_result(rehearse: Rehearse, repro: Run) -> None:
    store = Store(Path("rehearsal/records"))
    assert {one.record.spec["kind"] for one in store.stored()} == {"train", "evaluate"}
    empty = Store(Path("empty"))
    assert publish.render(store) == publish.render(empty)
    assert page.render(gathered(store)) == page.render(gathered(empty))
    place = ("--data", "rehearsal/data", "--store", "rehearsal/records", "--no-write")
    done = repro("run", *ROW, "--metric", "AP,AR", *place, "--json")
    for cell in parsed(done.out)["cells"]:  # type: ignore[attr-defined]
        assert cell["measured"] is None and cell["verdict"]["kind"] == "missing"
    assert "`rehearsal/data` holds stand-ins for COCO val2017, share 0.0001" in done.err
    planned = json.loads(repro("plan", *ROW, "--metric", "AP", *place[:4], "--json").out)["runs"]
    assert [run["state"] for run in planned] == ["impossible"]
    refused(
        repro("run", *ROW, "--results", "rehearsal/rehearsal-paper1-table1.md"),
        "was not written by repro",
    )


def test_a_run_that_fails_leaves_the_others_and_says_why(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise RunError("The loss is nan.")

    shutil.rmtree("rehearsal/records")
    monkeypatch.setattr(runs, "execute", failing)
    done = rehearse("--json")
    assert done.code == 6 and "The loss is nan." in done.err
    (lacking,) = parsed(done.out)["lacking"]  # type: ignore[misc]
    assert lacking == {"cells": 2, "reason": "Its rehearsal failed: The loss is nan."}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--share", "0"), ("share of `0`", "above 0, at most 1")),
        (("--share", "2"), ("share of `2`", "above 0, at most 1")),
        (("--share", "nan"), ("nan is no finite number",)),
        (("--share", "0.5"), ("holds a rehearsal at a share of 0.0001", "Say --share 0.0001")),
        (("--row", "LPN*"), ("LPN*",)),
        (("--steps", "0"), ("--steps",)),
        (("--out", "other"), ("`other` is not empty, and no rehearsal is in it",)),
        (("--out", "broken"), ("`broken/rehearsal.json` is broken",)),
    ],
)
def test_what_cannot_be_rehearsed_is_refused(
    rehearse: Rehearse, words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    for name, file in (("other", "notes.txt"), ("broken", "rehearsal.json")):
        Path(name).mkdir()
        Path(name, file).write_text("mine")
    refused(rehearse(*words), *said)
    assert Path("other/notes.txt").read_text() == "mine"


def test_a_full_disk_is_one_sentence(rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("repro.data.stand_ins.write_whole", full)
    refused(rehearse("--out", "new"), "No space left on device", "smaller --share")


def test_counts_alone_need_no_pictures(tmp_path: Path) -> None:
    table = lookup.find_table(lookup.find_study("paper1"), "table1")
    request = chain.RehearsalRequest(table, tmp_path / "R", 0.01, metrics=("params",))
    rehearsal = chain.prepared(request, lambda *_: pytest.fail("pictures are made"))
    assert {run.kind for run in rehearsal.plan.runs} == {"count"}
    assert not rehearsal.ground.data.exists()
