"""What was measured is found again, on a machine of the same kind alone."""

import json
from pathlib import Path

import pytest

from repro import env
from repro.estimates.calibrations import NAME, Calibrations, data_of, key_of
from repro.records.runs import CountRun

KEY = "train lpn_50 256x192 17 joints, batch 32 on cpu, coco 0123456789ab"


def test_a_figure_is_found_by_its_key(tmp_path: Path) -> None:
    Calibrations(tmp_path).keep(KEY, {"begin": 1.0, "sample": 0.5})
    assert Calibrations(tmp_path).find(KEY) == {"begin": 1.0, "sample": 0.5}
    assert Calibrations(tmp_path).find(f"{KEY} ") is None


def test_another_kind_of_machine_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Calibrations(tmp_path).keep(KEY, {"begin": 1.0, "sample": 0.5})
    monkeypatch.setattr(env, "processor", lambda: "another")
    other = Calibrations(tmp_path)
    assert other.find(KEY) is None
    other.keep(KEY, {"begin": 0.0, "sample": 9.0})
    monkeypatch.undo()
    assert Calibrations(tmp_path).find(KEY) == {"begin": 1.0, "sample": 0.5}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 99, "machines": {}}', '{"schema": 1}'])
def test_a_broken_file_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    calibrations = Calibrations(tmp_path)
    assert calibrations.find(KEY) is None
    calibrations.keep(KEY, {"begin": 1.0, "sample": 0.5})
    assert json.loads((tmp_path / NAME).read_text())["schema"] == 1


def test_where_nothing_can_be_written_a_figure_is_known_to_this_process(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    calibrations = Calibrations(tmp_path / "file")
    calibrations.keep(KEY, {"begin": 1.0, "sample": 0.5})
    assert calibrations.find(KEY) is not None


def test_a_key_names_all_that_takes_another_time() -> None:
    network = CountRun("lpn_50", (256, 192), 17, {})
    data = data_of({"dataset": "coco", "annotations": "0123456789abcdef"})
    keys = {
        key_of("train", network, 32, data),
        key_of("train", network, 16, data),
        key_of("evaluate", network, 32, data),
        key_of("evaluate", network, 32, data, flip=True),
        key_of("train", network, 32, data, device="cuda"),
        key_of("train", CountRun("lpn_50", (384, 288), 17, {}), 32, data),
        key_of("train", CountRun("lpn_50", (256, 192), 17, {"attention": "se"}), 32, data),
    }
    assert KEY in keys and len(keys) == 7
