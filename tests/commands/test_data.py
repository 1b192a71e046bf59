"""`repro data` and `repro weights`: what is there, what is not, and a data set to try things on."""

from pathlib import Path

import pytest
import torch

from support.command_line import Run
from support.evaluation_scenes import Scene, parsed, refused


def test_a_newcomer_makes_data_and_tries_them(repro: Run, tmp_path: Path) -> None:
    outcome = repro("data", "synth", "mine", "--train", "1", "--val", "2")
    assert outcome.code == 0 and "repro eval truth --dataset synth --data mine" in outcome.out
    assert "3 pictures in" in outcome.err
    data = parsed(repro("eval", "truth", "--dataset", "synth", "--data", "mine", "--json"))
    assert data["metrics"]["AP"] > 90 and data["data"]["images"] == 2
    assert data["data"]["official"] is False
    found = parsed(repro("data", "synth", "other", "--train", "1", "--val", "2", "--json"))
    assert found == {
        **{"schema": 1, "command": "data synth", "folder": "other/synth"},
        **{"train": 1, "val": 2, "seed": 0},
    }
    both = [sorted((tmp_path / name / "synth").rglob("*.*")) for name in ("mine", "other")]
    assert [path.read_bytes() for path in both[0]] == [path.read_bytes() for path in both[1]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("synth d --train 0", "--train"),
        ("synth d --val -1", "--val"),
        ("synth d --val some", "--val"),
        ("synth d --seed -1", "--seed"),
        ("synth d --seed 99999999999999999999", "--seed"),
        ("synth file --train 1 --val 1", "cannot be written"),
        ("check absent", "does not exist"),
        ("check file", "does not exist"),
        ("synth", "folder"),
    ],
)
def test_a_mistake_is_one_sentence(repro: Run, tmp_path: Path, words: str, said: str) -> None:
    (tmp_path / "file").write_text("")
    refused(repro("data", *words.split()), said)


def test_what_is_there_is_counted(repro: Run, scene: Scene) -> None:
    outcome = repro("data", "check", str(scene.data))
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert any(line.startswith("≈ coco val2017: 6 of 6 images") for line in lines)
    assert any(line.startswith("– crowdpose test: not here") for line in lines)
    assert "to fetch by hand: train2017.zip (18 GB) from https://cocodataset.org" in outcome.out
    data = parsed(repro("data", "check", str(scene.data), "--json"))
    found = {(one["dataset"], one["split"]): one for one in data["splits"]}
    assert found["coco", "val2017"]["official"] is False
    assert found["coco", "train2017"]["counts"] is None


def test_published_weights_are_listed(repro: Run, tmp_path: Path) -> None:
    data = parsed(repro("weights", "lpn_50", "--json"))
    (one,) = [row for row in data["checkpoints"] if row["dataset"] == "coco"]
    assert one["file"] == "lpn_50_256x192.pth" and one["present"] is None
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "lpn_50_256x192.pth").write_bytes(b"x")
    outcome = repro("weights", "lpn_50", "--data", str(tmp_path))
    assert "✓ lpn_50" in outcome.out.replace("✓  ", "✓ ") and "github.com" in outcome.out
    refused(repro("weights", "lpn_51"), "Did you mean")
    refused(repro("weights", "--data", "absent"), "`absent`")


def test_a_checkpoint_is_checked(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = str(scene.checkpoint("lpn_50"))
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "empty.pth").write_bytes(b"")
    for name, said in (("list.pth", "holds a `list`"), ("empty.pth", "is empty")):
        refused(repro("weights", "--check", name), said)
    refused(repro("weights", "--check", "absent.pth"), "no file")
    for count in ("0", "-3", "99999"):
        refused(repro("weights", "lpn_50", "--check", path, "--keypoints", count), "--keypoints")
