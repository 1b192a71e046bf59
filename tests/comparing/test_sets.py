"""`repro compare` on sets of results: what is called worse, and what a gate makes of it."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from repro.data.people import Poses
from repro.evaluation import predictions
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.store import Store
from support import evaluation_scenes
from support.command_line import ROOT, Run
from support.compare_records import Spec, calls, count, kept, key, timing
from support.evaluation_scenes import parsed, refused


def test_counts_are_integers_and_name_the_code_that_changed(repro: Run, tmp_path: Path) -> None:
    one = kept(tmp_path / "a", count(params=10**9, conv=5), count("simplebaseline_50", "b"))
    other = kept(
        tmp_path / "b",
        count(params=10**9 + 1, conv=5, sign="c"),
        count("simplebaseline_50", "b"),
        count("litehrnet_18", "d"),
    )
    outcome = repro("compare", one, other)
    assert outcome.code == 3 and "1,000,000,001" in outcome.out and "exit 3" in outcome.err
    assert "zoo/lpn.py: fingerprint aaaaaaaa -> cccccccc" in outcome.out
    assert (
        "count.py" not in outcome.out
    )  # the other network's key shows that the counter is as before
    data = json.loads(repro("compare", one, other, "--json").out)
    assert data["summary"] == {"changed": 1, "new": 1, "same": 2} and data["exit"] == 3
    assert data["changes"][0]["change"] == 1
    outcome = repro("compare", other, one, "--fail-on", "missing")
    assert outcome.code == 4 and "litehrnet_18 256x192 17 keypoints" in outcome.out
    assert repro("compare", other, one, "--fail-on", "").code == 0
    assert repro("compare", other, other).code == 0
    shutil.rmtree(tmp_path / "a")
    one = kept(tmp_path / "a", count(params=1))
    assert "zoo/lpn.py or repro/counting/counter.py" in repro("compare", one, other).out


def test_counts_by_other_conventions_are_incomparable(repro: Run, tmp_path: Path) -> None:
    one = kept(tmp_path / "a", count(conv=5))
    other = kept(tmp_path / "b", count(hrnet=5))
    outcome = repro("compare", one, other, "--json")
    assert outcome.code == 5
    assert calls(outcome) == {
        "lpn_50 256x192 17 keypoints macs": "incomparable",
        "lpn_50 256x192 17 keypoints params": "same",
    }
    assert repro("compare", one, other, "--fail-on", "worse,changed").code == 0


SECONDS = {"a": 10.0, "b": 20.0, "c": 30.0, "d": 5.0}


def test_only_the_network_that_became_slower_is_worse(repro: Run, tmp_path: Path) -> None:
    one = kept(tmp_path / "a", timing("a", SECONDS))
    slow = {name: 3 * value * (1.2 if name == "b" else 1) for name, value in SECONDS.items()}
    other = kept(tmp_path / "b", timing("b", slow))  # everything takes three times as long
    outcome = repro("compare", one, other, "--json")
    found = calls(outcome)
    assert outcome.code == 3
    assert {name.partition(" / ")[0]: call for name, call in found.items()} == {
        "a": "same",
        "b": "worse",
        "c": "same",
        "d": "same",
    }
    (worse,) = (row for row in json.loads(outcome.out)["changes"] if row["call"] == "worse")
    assert worse["change"] == pytest.approx(20) and 17 < worse["low"] < 20 < worse["high"] < 23
    turned = calls(repro("compare", other, one, "--json"))
    assert [name[0] for name, call in turned.items() if call == "better"] == ["b"]
    assert repro("compare", one, other, "--min-effect", "25").code == 0


@pytest.mark.parametrize(
    ("change", "call", "code"),
    [
        ({"floor": 11.0}, "same", 0),  # twice the floor is more than the 20 % seen
        ({"floor": 10.0}, "undecided", 5),
        ({"half": 1.3}, "undecided", 5),
        ({"machine": "two"}, "incomparable", 5),
        ({"threads": 1}, "incomparable", 5),
        ({"passive": True}, "incomparable", 5),
        ({"protocol": "paper1"}, "incomparable", 5),
        ({"unstable": "30 % of the blocks were disturbed"}, "unstable", 5),
        ({}, "worse", 3),
    ],
)
def test_speeds_under_noise_or_other_rules(
    repro: Run, tmp_path: Path, change: Spec, call: str, code: int
) -> None:
    one = kept(tmp_path / "a", timing("a", {"a": 10.0, "b": 20.0}))
    other = kept(tmp_path / "b", timing("b", {"a": 12.0, "b": 20.0}, **change))  # type: ignore[arg-type]
    outcome = repro("compare", one, other, "--json", "--junit", "j.xml")
    assert outcome.code == code
    (suite,) = ET.parse("j.xml").getroot()
    if call == "unstable":
        assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("0", "2")
    assert next(each for name, each in calls(outcome).items() if name.startswith("a")) == call


def evaluated(
    folder: Path,
    record: Record,
    sign: str,
    ap: float,
    half: float,
    shift: float = 0,
    **spec: object,
) -> str:
    """The record again with other weights, its poses moved by some pixels."""
    store = Store(folder)
    figure = Measurement("AP", ap, "%", low=ap - half, high=ap + half)
    weights = {"name": "net", "sha256": sign}
    again = replace(
        record,
        key=key(sign),
        spec={**record.spec, "weights": weights, **spec},
        measurements=(figure,),
    )
    store.add(again)
    rows = json.loads((folder.parent / "poses.json").read_text())
    points = np.array([row["keypoints"] for row in rows]).reshape(len(rows), -1, 3)
    points[: len(rows) // 2, :, 0] += shift
    poses = Poses(
        np.array([row["image_id"] for row in rows]),
        points,
        np.array([row["score"] for row in rows]),
    )
    predictions.keep(store.artifacts(again.key), poses, "coco")
    return str(folder)


def test_accuracy_is_paired_where_poses_and_truth_are_there(repro: Run, tmp_path: Path) -> None:
    scene = evaluation_scenes.made(tmp_path.parent)
    run = ("eval", "truth", *scene.named(), "--boxes", "gt", "--input", "64x48", "--no-flip")
    parsed(repro(*run, "--json", "--output", "poses.json"))
    record = next(one for _, one in Store(Path("records")).all() if one is not None)
    one = evaluated(tmp_path / "a", record, "a", 90.0, 8.0)
    other = evaluated(tmp_path / "b", record, "b", 85.0, 8.0, shift=4)
    truth = ("--annotations", str(scene.annotations), "--json")
    (apart,) = json.loads(repro("compare", one, other, "--json").out)["changes"]
    assert apart["call"] == "same" and apart["low"] < -5 < 0 < apart["high"]
    assert "by the intervals of each" in apart["reason"] and "other weights" in apart["reason"]
    outcome = repro("compare", one, other, *truth)
    (row,) = json.loads(outcome.out)["changes"]
    assert outcome.code == 3 and row["call"] == "worse" and "paired over images" in row["reason"]
    assert row["low"] <= row["change"] <= row["high"] < 0
    assert row["cell"] == "net on coco val2017 AP"
    outcome = repro("compare", other, one, *truth)
    assert outcome.code == 0 and json.loads(outcome.out)["summary"] == {"better": 1}
    (row,) = json.loads(repro("compare", one, one, *truth).out)["changes"]
    assert (row["call"], row["low"], row["high"]) == ("same", 0, 0)
    later = evaluated(tmp_path / "c", record, "c", 85.0, 8.0, evaluator="pycocotools 9")
    outcome = repro("compare", one, later)
    assert outcome.code == 5 and "pycocotools 9 in B" in outcome.out
    apart = evaluated(tmp_path / "d", record, "d", 70.0, 8.0)
    (tmp_path / "d" / "dd" / key("d") / predictions.NAME).unlink()
    assert json.loads(repro("compare", one, apart, *truth).out)["summary"] == {"worse": 1}


def git(folder: Path, *words: str) -> None:
    own = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false")
    subprocess.run(("git", "-C", str(folder), *own, *words), check=True, capture_output=True)


def test_a_revision_is_read_and_not_checked_out(repro: Run, tmp_path: Path) -> None:
    kept(tmp_path / "records", count(params=7))
    (tmp_path / "records" / "notes.txt").write_text("no record")
    refused(repro("compare", "HEAD", "records"), "`HEAD` is no folder", "no git checkout")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "one")
    shutil.rmtree(tmp_path / "records")
    refused(repro("compare", "HEAD", "records"), "`records` is no folder")
    kept(tmp_path / "records", count(params=8, sign="b"))
    outcome = repro("compare", "HEAD", "records")
    assert outcome.code == 3 and "aaaaaaaa -> bbbbbbbb" in outcome.out
    assert len(list((tmp_path / "records").rglob("*.json"))) == 1
    (tmp_path / "below").mkdir()
    assert repro("compare", "HEAD", "HEAD").code == 0
    for word in ("nosuch", "HEAD:records", "a" * 5000, ""):
        assert repro("compare", "HEAD", word).code == 2
    assert repro("compare", "HEAD", "--", "--").code == 2
    git(tmp_path, "rm", "-rq", "--cached", "records")
    git(tmp_path, "commit", "-qm", "two")
    refused(repro("compare", "HEAD", "HEAD~1"), "has no `records/`")


def test_published_is_compared_by_the_verdicts(repro: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "records", tmp_path / "records")
    words = ("compare", "published", "records", "--only", "exact", "--json")
    before = calls(repro(*words))
    cell = "paper2 table1 LPN-50 params"
    assert before[cell] == "same"
    store = Store(tmp_path / "records")
    record = next(
        one
        for _, one in store.all()
        if one and one.spec["model"] == "lpn_50" and one.spec["input"] == [256, 192]
    )
    figures = tuple(
        replace(one, value=2 * one.value) if one.metric == "params" else one
        for one in record.measurements
    )
    store.add(replace(record, measurements=figures), again=True)
    after = calls(repro(*words))
    assert after[cell] == "changed" and repro(*words).code == 3
    others = {name for name in after if after[name] != before[name]}
    assert others and all("LPN-50" in name and name.endswith(" params") for name in others)
    turned = calls(repro("compare", "records", "published", "--only", "exact", "--json"))
    assert turned[cell] == "changed"
    refused(repro("compare", "published", "published"), "Both are what the papers print")


def test_alone_it_is_the_difference_from_the_papers(repro: Run, tmp_path: Path) -> None:
    refused(repro("compare"), "no folder of records `records`", "--store")
    refused(repro("compare", "paper2"), "no folder of records `records`", "--store")
    shutil.copytree(ROOT / "records", tmp_path / "records")
    named = repro("compare", "published", "records", "--json")
    alone = repro("compare", "--json")
    assert (alone.code, alone.out) == (named.code, named.out) and alone.code == 3
    assert repro("compare", "records", "--json").out == named.out  # one side, and no paper
    shutil.move(tmp_path / "records", tmp_path / "elsewhere")
    moved = json.loads(repro("compare", "--store", "elsewhere", "--json").out)
    assert moved["b"] == "elsewhere" and moved["changes"] == json.loads(named.out)["changes"]
    assert json.loads(repro("compare", "elsewhere", "--json").out) == moved


def test_a_paper_is_held_against_the_records_of_the_store(repro: Run, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "records", tmp_path / "kept")
    store = ("--store", "kept", "--json")
    every = calls(repro("compare", *store))
    for paper, *others in (
        ("paper1", "icpr22w"),
        ("paper2", "lpn", "LPN"),
        ("paper3", "cbam-litehrnet", "cbam"),
        ("paper4", "wlitepose"),
    ):
        outcome = repro("compare", paper, *store)
        found = calls(outcome)
        expected = {cell: call for cell, call in every.items() if cell.startswith(f"{paper} ")}
        assert found == expected and (found or paper == "paper3")
        for word in others:
            assert repro("compare", word, *store).out == outcome.out
    # of costs all of paper1's print so, or are explained
    assert repro("compare", "paper1", *store, "--only", "exact").code == 0
    assert repro("compare", "paper4", *store, "--only", "exact").code == 3


def test_a_file_is_taken_before_the_beginning_of_a_paper(repro: Run, tmp_path: Path) -> None:
    one = kept(tmp_path / "lp", count(params=1))
    outcome, whole = repro("compare", "lp", "--json"), repro("compare", one, "--json")
    assert json.loads(outcome.out)["b"] == "lp" and outcome.code == whole.code
    assert "paper1 table1 Ours 256x192 params" in calls(outcome)  # of all papers
    assert calls(outcome) == calls(whole)
    (tmp_path / "lpn").mkdir()
    refused(repro("compare", "lpn"), "no folder of records `records`")  # in full it is the paper
    assert repro("compare", "./lpn").code == 4


def test_one_word_of_no_use_says_what_could_be_said(repro: Run, tmp_path: Path) -> None:
    refused(repro("compare", "paper5"), "`paper5` is no folder and no file", "a paper")
    refused(repro("compare", "published"), "Both are what the papers print", "your own")
    poses = tmp_path / "poses.json"
    poses.write_text(json.dumps([{"image_id": 1, "keypoints": [0.0] * 51, "score": 1.0}]))
    refused(repro("compare", "poses.json"), "one evaluation, and a comparison takes two")
    scene = evaluation_scenes.made(tmp_path.parent)
    run = ("eval", "truth", *scene.named(), "--boxes", "gt", "--input", "64x48", "--no-flip")
    evaluation = str(parsed(repro(*run, "--json"))["record"])
    refused(repro("compare", evaluation[:12]), "one evaluation", "Name the other one as well")


def test_a_single_thread_waits_for_none(repro: Run, tmp_path: Path) -> None:
    alone = {"threads": 1, "passive": True}
    one = kept(tmp_path / "a", timing("a", {"a": 10.0, "b": 20.0}, threads=1))
    other = kept(tmp_path / "b", timing("b", {"a": 10.0, "b": 20.0}, **alone))
    assert set(calls(repro("compare", one, other, "--json")).values()) == {"same"}
