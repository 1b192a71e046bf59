"""A score says what was found, how sure it is, and who says so."""

import json
from pathlib import Path

import pytest

from repro.errors import ReproError, RunError
from repro.scoring import oks
from repro.scoring.score import score
from support.scoring_scenes import TOOLS, alone, person, pose, scene, written


@pytest.mark.parametrize("dataset", ["coco", "crowdpose"])
def test_a_score_has_figures_intervals_and_the_evaluator(dataset: str, tmp_path: Path) -> None:
    one = scene(tmp_path, 5, dataset, images=30)
    found = score(dataset, one.truth, one.found, resamples=50)
    assert found.evaluator.split()[0] == dict(TOOLS[::-1])[dataset]
    assert found.images == 30
    assert found.poses == len(one.poses)
    assert 0 < found.people < len(one.annotations().people)
    interval = found.intervals["AP"]
    assert interval.low <= (found.metrics["AP"] or 0) <= interval.high
    described = json.loads(json.dumps(found.described()))
    assert described["metrics"] == found.metrics
    assert described["intervals"]["AP"] == [interval.low, interval.high]
    own = score(dataset, one.truth, one.found, official=False, resamples=0)
    assert own.evaluator.startswith("repro ")
    assert own.metrics == pytest.approx(found.metrics)
    assert not own.intervals


def test_a_score_says_why_a_figure_is_missing(tmp_path: Path) -> None:
    one = written(tmp_path, "large", alone(person(0, 100)), [pose([100, 50, 1] * 17, 1.0)])
    found = score("coco", one.truth, one.found)
    assert found.metrics["APM"] is None
    assert found.absent["APM"] == "no labelled person of medium size"
    assert "id 0" in found.notes[0]
    assert not found.intervals  # one image says nothing of others


def test_a_disagreement_fails_the_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = scene(tmp_path, 5)
    monkeypatch.setattr(oks, "REACHED", oks.REACHED + 0.02)
    with pytest.raises(RunError, match="The official evaluator gives"):
        score("coco", one.truth, one.found)


def test_many_coco_poses_take_the_faster_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = scene(tmp_path, 5)
    monkeypatch.setattr("repro.scoring.score.MANY", 3)
    assert score("coco", one.truth, one.found).evaluator.startswith("hotcoco")


def test_pixels_of_coco_are_not_moved(tmp_path: Path) -> None:
    one = scene(tmp_path, 5)
    with pytest.raises(ReproError, match="from 0 already"):
        score("coco", one.truth, one.found, zero_based=True)
    with pytest.raises(ReproError, match="no data set `posetrack`"):
        score("posetrack", one.truth, one.found)
