"""The course of a training step by step: whole after any interruption, and never long."""

import math
from pathlib import Path

from repro.training import step_log
from repro.training.loop import StepReport
from repro.training.schedule import Moment
from repro.training.step_log import StepLog


def report(step: int, total: int, **parts: float) -> StepReport:
    parts = parts or {"heatmaps": 1.0 / step}
    loss = sum(parts.values())
    return StepReport(
        step, total, Moment(0, step // 4, step // 4, 0), 0.1, loss, parts, 4, 0.5, 2.0
    )


def write(folder: Path, start: int, end: int, total: int) -> None:
    log = StepLog(folder, start, total)
    for step in range(start + 1, end + 1):
        log.add(report(step, total))


def test_every_step_of_a_short_training_has_a_row(tmp_path: Path) -> None:
    write(tmp_path, 0, 10, 10)
    rows = step_log.read(tmp_path)
    assert [row["step"] for row in rows] == list(range(1, 11))
    assert rows[3] == {
        **{"step": 4.0, "stage": 0.0, "epoch": 1.0, "lr": 0.1, "loss": 0.25},
        **{"gradient_norm": 2.0, "samples_per_second": 8.0},
    }


def test_an_interrupted_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    write(tmp_path, 0, 7, 10)
    path = tmp_path / step_log.NAME
    path.write_text(path.read_text() + "8,0,2,0.")  # as a killed process leaves it
    assert len(step_log.read(tmp_path)) == 7
    write(tmp_path, 4, 10, 10)
    assert [row["step"] for row in step_log.read(tmp_path)] == list(range(1, 11))


def test_a_long_training_has_few_rows_that_are_means(tmp_path: Path) -> None:
    total = 10 * step_log.ROWS - 3
    log = StepLog(tmp_path, 0, total)
    for step in range(1, 26):
        log.add(report(step, total, heatmaps=float(step), push=1.0))
    rows = step_log.read(tmp_path)
    assert [row["step"] for row in rows] == [10, 20]
    assert rows[1]["loss"] == 16.5 and rows[1]["heatmaps"] == 15.5 and rows[1]["push"] == 1
    log.add(report(total, total, heatmaps=1.0, push=1.0))
    assert step_log.read(tmp_path)[-1]["step"] == total


def test_what_is_no_row_ends_them(tmp_path: Path) -> None:
    write(tmp_path, 0, 3, 10)
    path = tmp_path / step_log.NAME
    for wrong in ("4,0,1,0.1,nan,2,8", "4,0,1", "x,y,z", "4,0,1,0.1,1,2,8,9,9"):
        path.write_text(f"{path.read_text()}{wrong}\n")
        assert [row["step"] for row in step_log.read(tmp_path)][:3] == [1, 2, 3]
        assert all(
            math.isfinite(value) for row in step_log.read(tmp_path) for value in row.values()
        )
    path.write_bytes(b"\xff\xfe\x00")
    assert step_log.read(tmp_path) == [] and step_log.read(tmp_path / "nowhere") == []
    path.write_text("step,other\n1,2\n")
    log = StepLog(tmp_path, 1, 10)
    log.add(report(2, 10))
    assert [row["step"] for row in step_log.read(tmp_path)] == [2]
