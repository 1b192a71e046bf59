"""Checkpoints: whole or not at all, the last two, none but one's own."""

import errno
import os
from pathlib import Path

import pytest
import torch

from repro.errors import ReproError, RunError
from repro.files import sweep
from repro.training import state


def kept(folder: Path) -> list[int]:
    return [step for step, _ in state.checkpoints(folder)]


def test_the_last_two_are_kept(tmp_path: Path) -> None:
    for step in (5, 10, 15):
        state.save_checkpoint(tmp_path, step, {"model": {"a": torch.full((3,), float(step))}})
    assert kept(tmp_path) == [10, 15]
    content, warnings = state.load_checkpoint(tmp_path)
    assert content is not None and not warnings
    assert content["step"] == 15
    assert torch.equal(content["model"]["a"], torch.full((3,), 15.0))  # type: ignore[index]


@pytest.mark.parametrize("harm", ["cut", "altered", "empty"])
def test_a_damaged_one_is_passed_over_and_named(tmp_path: Path, harm: str) -> None:
    state.save_checkpoint(tmp_path, 5, {"model": 1})
    path = state.save_checkpoint(tmp_path, 10, {"model": 2})
    data = path.read_bytes()
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    path.write_bytes({"cut": data[:-100], "altered": flipped, "empty": b""}[harm])
    content, warnings = state.load_checkpoint(tmp_path)
    assert content is not None and content["model"] == 1
    assert len(warnings) == 1 and "step 10" in warnings[0] and path.name in warnings[0]


def test_a_full_disk_leaves_the_ones_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.save_checkpoint(tmp_path, 5, {"model": 1})
    state.save_checkpoint(tmp_path, 10, {"model": 2})

    def full(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(state, "write_whole", full)
    with pytest.raises(RunError, match=r"step 15 .*No space left.*The last .* step 10") as error:
        state.save_checkpoint(tmp_path, 15, {"model": 3})
    assert "same command" in error.value.hint
    assert kept(tmp_path) == [5, 10]
    assert state.load_checkpoint(tmp_path)[0]["model"] == 2  # type: ignore[index]


def test_another_training_is_refused_with_the_difference() -> None:
    known = {"model": "lpn_50", "lr": 0.001, "milestones": [90, 120], "weights": None}
    state.check_same(known, dict(known), Path("runs/a"))
    other = {**known, "lr": 0.0005, "milestones": [90], "weights": "abc"}
    with pytest.raises(
        ReproError,
        match=r"lr was 0\.001, is 0\.0005; milestones was 90 120, is 90; weights was none, is abc",
    ):
        state.check_same(known, other, Path("runs/a"))


def test_what_a_killed_writing_left_is_swept_away(tmp_path: Path) -> None:
    path = state.save_checkpoint(tmp_path, 5, {"model": 1})
    (tmp_path / ".repro-abc.tmp").write_bytes(b"half")
    os.utime(tmp_path / ".repro-abc.tmp", (0, 0))
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    state.clear_checkpoints(tmp_path)
    assert not list(tmp_path.iterdir())
