"""What seconds are made of stamps, and that a real training and evaluation can be measured."""

import json
from pathlib import Path

import pytest

from repro.estimates import measuring
from repro.estimates.measuring import EnoughError, Stamps, figures_of
from support.command_line import Run
from support.tiny_trainings import make_tiny


def test_the_later_half_tells_the_speed_and_the_rest_is_the_beginning() -> None:
    done = [(5.0, 4), (7.0, 4), (8.0, 4), (9.0, 4), (10.0, 4)]
    assert figures_of(done, 11.0) == {"sample": 0.25, "begin": 11.0 - 20 * 0.25}


def test_a_step_that_was_disturbed_does_not_count() -> None:
    done = [(float(second), 1) for second in (1, 2, 3, 4, 5, 45, 46, 47)]
    assert figures_of(done, 47.0)["sample"] == 1.0


def test_a_single_batch_is_all_there_is() -> None:
    assert figures_of([(3.0, 6)], 3.0) == {"begin": 0.0, "sample": 0.5}
    assert figures_of([], 3.0) == {"begin": 3.0, "sample": 0.0}


def test_a_measurement_ends_after_enough_steps() -> None:
    stamps = Stamps()
    with pytest.raises(EnoughError):
        for _ in range(measuring.MOST + 1):
            stamps(2)
    assert len(stamps.done) == measuring.MOST


def test_a_smoke_training_is_measured_once_and_its_plan_then_says_so(
    repro: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_tiny(monkeypatch, 5)
    monkeypatch.setattr(measuring, "MOST", 3)
    monkeypatch.setattr(measuring, "start", lambda: {"begin": 1.0})
    monkeypatch.setattr(measuring, "limits", lambda: {"peak": 1e11, "memory": 1e10})
    words = ("plan", "paper1", "table1", "--row", "Ours 256x192", "--metric", "AP")
    words = (*words, "--train", "smoke")
    found = json.loads(repro(*words, "--estimate", "--json").out)["forecast"]
    kept = (tmp_path / "records" / "calibrations.json").read_text()
    assert found["on"] == "1xhere" and found["runs"] == {"train": 1, "evaluate": 1}
    assert found["seconds"]["low"] == found["seconds"]["mid"] > 0
    runs = json.loads(repro(*words, "--json").out)["runs"]
    made = [one["estimate"] for one in runs if one["state"] == "to_run"]
    assert [one["source"].partition(" at ")[2] for one in made] == ["the speed here"] * 2
    assert sum(one["seconds"] for one in made) == pytest.approx(found["seconds"]["mid"], abs=0.02)
    again = repro(*words, "--estimate")
    assert (tmp_path / "records" / "calibrations.json").read_text() == kept
    assert "not measured" not in again.err and "on 1xhere: this machine" in again.out
