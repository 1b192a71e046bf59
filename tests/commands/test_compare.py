"""`repro compare`: the paired bootstrap of two evaluations decides, and its exit code says so."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from repro.evaluation import predictions
from support.command_line import Run
from support.evaluation_scenes import Rows, Scene, labelled_poses, mpii, parsed, refused, written


@pytest.fixture
def words(scene: Scene) -> tuple[str, ...]:
    return ("--annotations", str(scene.annotations))


def test_better_worse_and_the_same(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    good = written(tmp_path, "good.json", labelled_poses(scene))
    bad = written(tmp_path, "bad.json", labelled_poses(scene, 3))
    outcome = repro("compare", good, bad, *words)
    assert outcome.code == 3 and "worse" in outcome.out and "A good.json" in outcome.out
    data = parsed(repro("compare", bad, good, *words, "--json"))
    ap = data["metrics"]["AP"]
    assert ap["call"] == "better" and ap["b"] == 100 and data["exit"] == 0
    assert ap["value"] == pytest.approx(ap["b"] - ap["a"])
    assert 0 < ap["low"] <= ap["value"] <= ap["high"] and ap["chance"] < 0.05
    data = parsed(repro("compare", good, good, *words, "--json"))
    assert data["metrics"]["AP"]["call"] == "same" and data["metrics"]["AP"]["chance"] == 1
    assert data["unit"] == "%" and data["differing"] == {}


def test_gates_hold_for_two_evaluations_too(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    good = written(tmp_path, "good.json", labelled_poses(scene))
    bad = written(tmp_path, "bad.json", labelled_poses(scene, 3))
    files = ("--markdown", "m.md", "--junit", "j.xml", "--summary", "s.md")
    outcome = repro("compare", good, bad, *words, *files)
    assert outcome.code == 3 and "1 worse: exit 3" in outcome.err
    ((case,),) = ET.parse("j.xml").getroot()
    assert case.attrib["name"] == "AP" and case[0].tag == "failure"
    assert "| accuracy | AP | 100.00 |" in Path("m.md").read_text()
    assert Path("s.md").read_text() == Path("m.md").read_text() + "\n"
    assert repro("compare", good, bad, *words, "--fail-on", "").code == 0
    assert repro("compare", good, bad, *words, "--only", "speed").code == 4
    refused(repro("compare", good, bad, *words, "--fail-on", "wors"), "Did you mean `worse`")


def test_two_records_and_what_differs_between_them(
    repro: Run,
    scene: Scene,
    tmp_path: Path,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = ("eval", "truth", *scene.named(), "--boxes", "gt", "--json", "--input", "64x48")
    fine = str(parsed(repro(*run))["record"])
    coarse = str(parsed(repro(*run, "--input", "32x24", "--no-flip"))["record"])
    assert repro(*run, "--fresh").code == 0  # two records with one key
    data = parsed(repro("compare", fine[:12], coarse[:12], *words, "--json"))
    assert data["exit"] == 3 and data["metrics"]["AP"]["call"] == "worse"
    assert data["differing"] == {"input": [[64, 48], [32, 24]], "protocol.flip": [True, False]}
    shown = repro("compare", fine[:12], coarse[:12], *words)
    assert f"A truth ({fine[:8]})" in shown.out and "protocol.flip: True in A" in shown.out
    perfect = written(tmp_path, "perfect.json", labelled_poses(scene))
    assert parsed(repro("compare", fine, perfect, *words, "--json"))["exit"] in (0, 3)
    (kept,) = tmp_path.glob(f"records/??/{fine}/predictions.json.gz")
    content = kept.read_bytes()
    for broken in (b"", content[:-20], content[:40] + b"\xff\xff" + content[42:]):
        kept.write_bytes(broken)
        refused(repro(*run, "--output", "poses.json"), "cannot be read", "--fresh")
    kept.write_bytes(content)
    monkeypatch.setattr(predictions, "LARGEST", 1000)
    refused(repro("compare", fine, coarse, *words), "cannot be read", "--fresh")
    shutil.rmtree(kept.parent)
    refused(repro("compare", fine, coarse, *words), "cannot be read", "--fresh")


def test_records_of_other_data_are_incomparable(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    key = str(parsed(repro("eval", "truth", *scene.named(), "--boxes", "gt", "--json"))["record"])
    document = json.loads(scene.annotations.read_text())
    other = written(tmp_path, "other.json", {**document, "info": {"year": 1}})
    outcome = repro("compare", key, key, "--annotations", other)
    refused(outcome, "was evaluated on COCO val2017", "other.json", code=5)


def test_mpii_is_decided_by_the_mean(repro: Run, tmp_path: Path) -> None:
    listed = mpii(tmp_path / "mpii", people=8)
    joints = np.array([one["joints"] for one in json.loads(listed.read_text())])
    good = written(tmp_path, "good.json", (joints - 1).tolist())
    moved = joints.copy()
    moved[:, [0, 5]] += 90  # ankles
    bad = written(tmp_path, "bad.json", (moved - 1).tolist())
    words = ("--annotations", str(listed), "--zero-based", "--json")
    data = parsed(repro("compare", good, bad, *words))
    assert data["metrics"]["Head"]["call"] == "same" and data["metrics"]["Mean"]["call"] == "worse"
    assert data["exit"] == 3 and data["metrics"]["Mean"]["a"] == pytest.approx(100)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": 999}, "999"),
        ({"image_id": "one"}, "`image_id`"),
        ({"score": "high"}, "`score`"),
        ({"score": float("nan")}, "nan"),
        ({"keypoints": [float("nan")] * 51}, "nan"),
        ({"keypoints": [1, 2, 3]}, "51 numbers"),
        ({"category_id": 2}, "`category_id`"),
    ],
)
def test_results_that_are_wrong_are_named(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...], change: Rows, said: str
) -> None:
    rows = labelled_poses(scene)
    good = written(tmp_path, "good.json", rows)
    bad = written(tmp_path, "bad.json", [rows[0], {**rows[1], **change}, *rows[2:]])
    refused(repro("compare", good, bad, *words), said)
    scored = repro("score", "coco", *words, "--results", bad)
    if change.keys() <= {"category_id"} or change == {"image_id": 999}:  # nobody's here: left out
        assert scored.code == 0 and "note: 1 of 17 poses are" in scored.err
    else:
        refused(scored, said)


def test_words_that_are_neither_key_nor_file(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    good = written(tmp_path, "good.json", labelled_poses(scene))
    refused(repro("compare", good, "nothing.json", *words), "no file `nothing.json`", "records ls")
    refused(repro("compare", good, "0123456789", *words), "0 evaluations begin with", "records ls")
    refused(repro("compare", good, str(tmp_path), *words), "no file")
    refused(repro("compare", good, good, "--data", "nowhere"), "does not exist")
    refused(repro("compare", good, good, "--annotations", "nothing.json"), "does not exist")
    refused(repro("compare", good, good, *words, "--dataset", "cocoa"), "Did you mean `coco`")
    refused(repro("compare", good, good, *words, "--dataset", "crowdpose"), "joints of coco")
    refused(repro("compare", good, good, *words, "--zero-based"), "from 0 already")
    for count in ("5", "99999999999"):
        refused(repro("compare", good, good, *words, "--resamples", count), "--resamples")
    refused(repro("score", "coco", *words, "--results", good, "--resamples", "-1"), "--resamples")


def test_nobody_found_is_a_result(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    good, none = written(tmp_path, "a.json", labelled_poses(scene)), written(tmp_path, "b.json", [])
    assert parsed(repro("compare", good, none, *words, "--json"))["metrics"]["AP"]["b"] == 0
