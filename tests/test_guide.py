"""What docs/guide/train.md shows for a user's own pictures, in small."""

import json
import re
import shlex
from pathlib import Path

import pytest

from support.command_line import ROOT, Run
from support.data_files import own_document, own_pictures, saved

SMALL = {"--epochs": "1", "--batch": "4"}
"""instead of what the guide says"""
PICTURES = 5


def commands() -> list[list[str]]:
    """The words of each command of its first block, made small."""
    text = (ROOT / "docs/guide/train.md").read_text(encoding="utf-8")
    block = text.partition("```sh\n")[2].partition("```")[0]
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        program, *words = shlex.split(line, comments=True)
        assert program == "repro"
        for place, word in enumerate(words[:-1]):
            words[place + 1] = SMALL.get(word, words[place + 1])
        found.append(words)
    return found


@pytest.mark.thorough
def test_own_pictures_are_trained_on_exported_and_timed(repro: Run, tmp_path: Path) -> None:
    own_pictures(tmp_path / "pictures", PICTURES)
    saved(tmp_path, own_document(PICTURES), "arms.json")
    check, train, evaluate, predict, export, speed = commands()
    outcome = repro(*check)
    assert outcome.code == 0 and "fit for training" in outcome.out
    assert repro(*train).code == 0
    assert "1 of 5 pictures are held out" in (tmp_path / "arms/training.html").read_text()
    outcome = repro(*evaluate)
    assert outcome.code == 0 and "1 images, 2 persons" in outcome.out
    assert repro(*predict).code == 0
    poses = json.loads((tmp_path / "poses/poses.json").read_text())["annotations"]
    assert {len(pose["keypoints"]) for pose in poses} == {18}
    outcome = repro(*export)
    assert outcome.code == 0 and re.search(r"differs from PyTorch by \d", outcome.err + outcome.out)
    outcome = repro("predict", "arms.onnx", "pictures", "--output", "again")
    assert outcome.code == 0, outcome.err
    again = json.loads((tmp_path / "again/poses.json").read_text())["annotations"]
    assert [one["image_id"] for one in again] == [one["image_id"] for one in poses]
    outcome = repro(*speed, "--budget", "1", "--processes", "1", "--json")
    assert outcome.code in (0, 5), outcome.err  # too short for a verdict
    names = [one["name"] for one in json.loads(outcome.out)["subjects"]]
    assert any("arms.onnx" in name for name in names) and any("lpn_50" in name for name in names)
