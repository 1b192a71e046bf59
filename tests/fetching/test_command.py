"""`repro fetch` and `run --fetch`, on a catalogue whose addresses are on the loopback."""

import hashlib
import io
import json
import sys
from pathlib import Path

import pytest

from repro.fetching import download
from repro.fetching.download import Patience, Transfer
from repro.papers.datasets import OfficialFacts
from support.archives import contents, zipped
from support.command_line import Run, parsed
from support.fault_server import FaultServer
from support.official import set_facts

ANNOTATIONS = {
    "annotations/person_keypoints_val2017.json": b"{}",
    "annotations/person_keypoints_train2017.json": b"{}",
}
PICTURES = {"val2017/1.jpg": b"a" * 999, "val2017/2.jpg": b"b"}
LITEHRNET = "litehrnet18_coco_256x192-6bace359_20211230.pth"


@pytest.fixture
def official(own_tables: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> FaultServer:
    """A server with a small COCO val2017 and weights, to which all addresses of the tables lead."""
    for name in ("downloads.toml", "weights.toml"):
        text = (own_tables / name).read_text(encoding="utf-8")
        for place in ("http://images.cocodataset.org", "https://download.openmmlab.com"):
            text = text.replace(place, server.address)
        digest = hashlib.sha256(b"weights").hexdigest()[:8]
        (own_tables / name).write_text(text.replace('"6bace359"', f'"{digest}"'), encoding="utf-8")
    set_facts(monkeypatch, "coco", "val2017", OfficialFacts(images=2))
    monkeypatch.delenv("REPRO_DATA", raising=False)
    monkeypatch.delenv("REPRO_OFFLINE", raising=False)
    patience = Patience(timeout=0.5, attempts=1, pause=0.0)
    monkeypatch.setattr(download, "Patience", lambda: patience)
    monkeypatch.setattr("repro.fetching.order.Patience", lambda: patience)
    server.files = {
        "val2017.zip": zipped(PICTURES),
        "annotations_trainval2017.zip": zipped(ANNOTATIONS),
        LITEHRNET: b"weights",
    }
    return server


def states(text: str) -> dict[str, str]:
    files = parsed(text)["files"]
    assert isinstance(files, list)
    return {one["name"]: one["state"] for one in files}


def test_a_split_is_fetched_and_the_rest_named(
    repro: Run, official: FaultServer, tmp_path: Path
) -> None:
    words = ("fetch", "coco", "val2017", "--data", "data")
    outcome = repro(*words)
    assert outcome.code == 2 and "Pass --yes" in outcome.err and not official.asked
    assert "about 1.2 GB to download" in outcome.err and "free" in outcome.err
    outcome = repro(*words, "--yes")
    assert outcome.code == 0, outcome.err
    assert contents(tmp_path / "data" / "coco") == {**ANNOTATIONS, **PICTURES}
    assert "✓ val2017.zip · no hash is published" in outcome.out
    assert "by hand: COCO_val2017_detections_AP_H_56_person.json" in outcome.out
    official.asked.clear()
    again = repro(*words, "--yes", "--json")
    assert again.code == 0 and not official.asked
    assert sorted(states(again.out).values()) == ["by_hand", "here", "here"]
    boxes = tmp_path / "near" / "COCO_val2017_detections_AP_H_56_person.json"
    boxes.parent.mkdir()
    boxes.write_text("[]")
    answer = repro(*words, "--from", "near", "--json")
    assert answer.code == 0 and set(states(answer.out).values()) == {"here", "fetched"}
    assert "all is there: 3 of 3" in repro(*words).out


def test_weights_are_checked_and_a_failure_is_told(
    repro: Run, official: FaultServer, tmp_path: Path
) -> None:
    words = ("fetch", "weights", "litehrnet18_coco_*", "--data", "data", "--json")
    outcome = repro(*words)
    assert outcome.code == 6 and "answers 404" in outcome.err
    assert sorted(states(outcome.out).values()) == ["failed", "fetched"]
    assert contents(tmp_path / "data" / "weights") == {LITEHRNET: b"weights"}
    (tmp_path / "data" / "weights" / LITEHRNET).unlink()
    official.files[LITEHRNET] = b"others"
    assert "begin with" in repro(*words).err and not contents(tmp_path / "data" / "weights")


def test_an_interrupted_fetch_goes_on(
    repro: Run, official: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = Transfer.flush

    def interrupt(self: Transfer) -> None:
        flush(self)
        raise KeyboardInterrupt

    words = ("fetch", "coco", "val2017", "annotations", "--data", "data", "--json")
    with monkeypatch.context() as patch:
        patch.setattr(download, "CHUNK", 100)
        patch.setattr(Transfer, "flush", interrupt)
        outcome = repro(*words)
    assert outcome.code == 130 and "run the same command again" in outcome.err
    part = tmp_path / "data" / "coco" / "annotations_trainval2017.zip.part"
    assert part.stat().st_size == 100
    assert repro(*words).code == 0
    assert official.asked[-1][1]["Range"] == "bytes=100-"


def test_a_terminal_is_asked(
    repro: Run, official: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for said, code in (("n\n", 2), ("y\n", 0)):
        monkeypatch.setattr(sys, "stdin", Terminal(said))
        assert repro("fetch", "coco", "val2017", "--data", "data").code == code
        assert (tmp_path / "data").exists() is (code == 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fetch", "What is to be fetched?"),
        ("fetch coco", "No data folder is named"),
        ("fetch coko", "no study `coko`"),
        ("fetch coko --data d", "no study `coko`"),
        ("fetch coco val2018 --data d", "no split, part or file of coco `val2018`"),
        ("fetch weights --data d", "Whose weights?"),
        ("fetch weights lpn_51 --data d", "Did you mean `lpn_"),
        ("fetch weights tokenpose_b --data d", "No file name of the TokenPose"),
        ("fetch paper1 table1 x --data d", "one word too many"),
        ("fetch paper1 table2 --data d", "No number of `paper1 table2` needs an official file"),
        ("fetch coco --data d --offline", "Offline"),
        ("fetch coco --data d --from absent", "no folder `absent`"),
        ("fetch coco boxes --data d", "Nothing of this can be fetched"),
        ("run paper1 table1 --fetch --no-write", "--fetch needs a folder"),
    ],
)
def test_a_mistake_is_one_sentence(
    repro: Run, official: FaultServer, words: str, said: str
) -> None:
    outcome = repro(*words.split())
    assert outcome.code == 2 and said in outcome.err and "Traceback" not in outcome.err
    assert not outcome.out and not official.asked


def test_offline_is_said_by_the_environment_too(
    repro: Run, official: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPRO_OFFLINE", "1")
    outcome = repro("fetch", "coco", "--data", "d")
    assert outcome.code == 2 and "Offline" in outcome.err
    outcome = repro("run", "paper1", "table1", "--data", "d", "--fetch", "--no-write")
    assert outcome.code == 2 and "Offline" in outcome.err and not official.asked


def test_a_dry_run_and_the_list_ask_nobody(repro: Run, official: FaultServer) -> None:
    outcome = repro("fetch", "paper1", "table1", "--data", "d", "--dry-run")
    assert outcome.code == 0 and "↓ val2017.zip" in outcome.out
    assert "nobody publishes" in outcome.out and "No address here was asked" in outcome.out
    listed = repro("fetch", "--list")
    assert "mpii_human_pose_v1.tar.gz" in listed.out and "by hand: https://" in listed.out
    assert "may not answer" in listed.out and "13 GB" not in listed.out
    answer = parsed(repro("fetch", "--list", "--json").out)
    assert answer["need"] is None and len(states(json.dumps(answer))) > 90
    assert parsed(repro("fetch", "coco", "--data", "d", "--dry-run", "--json").out)["exit"] == 0
    assert not official.asked


def test_a_run_fetches_only_when_asked_and_plans_anew(
    repro: Run, official: FaultServer, tmp_path: Path
) -> None:
    cells = ("paper1", "table1", "--row", "Lite-HRNet-18 256*", "--metric", "AP", "--data", "data")
    (tmp_path / "data").mkdir()
    plan = repro("plan", *cells)
    assert "--fetch would fetch 3 files: about 1.2 GB" in plan.out
    assert "There are no weights" in plan.out and "by hand: coco boxes" in plan.out
    assert parsed(repro("plan", *cells, "--json").out)["fetch"]["unstated"] == 1
    run = ("run", *cells, "--no-write")
    assert repro(*run).code in (0, 4) and not official.asked
    official.faults = [("404", 0)]
    outcome = repro(*run, "--fetch", "--yes")
    assert outcome.code == 6 and "1 file did not come" in outcome.err and not outcome.out
    outcome = repro(*run, "--fetch", "--yes")
    assert outcome.code in (0, 4) and "✓ val2017.zip" in outcome.err, outcome.err
    assert (tmp_path / "data" / "weights" / LITEHRNET).read_bytes() == b"weights"
    assert contents(tmp_path / "data" / "coco") == {**ANNOTATIONS, **PICTURES}
    assert "There are no weights" not in repro("plan", *cells).out
    official.asked.clear()
    assert repro(*run, "--fetch").code in (0, 4) and not official.asked


def test_offline_says_what_no_folder_has(repro: Run, official: FaultServer, tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    words = ("fetch", "coco", "val2017", "--data", "d", "--offline", "--from", "near")
    outcome = repro(*words)
    assert outcome.code == 2 and "no --from has `val2017.zip` and `annotations" in outcome.err
    assert not official.asked
