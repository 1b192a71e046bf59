"""The course of a training step by step, kept as a CSV file beside its weights.

A row stands for a stretch of steps, so that the longest training has about ROWS of them: the last
step of it, and means over it. What took how long is here, and nowhere that must be the same again.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import RunError
from repro.files import write_whole

if TYPE_CHECKING:
    from repro.training.loop import StepReport

NAME = "steps.csv"
ROWS = 2000
PLACE = ("step", "stage", "epoch", "lr")
PACE = ("gradient_norm", "samples_per_second")
Values = Mapping[str, float]


class StepLog:
    """Writes the rows of a training that stands at a step; rows of later steps are forgotten."""

    def __init__(self, folder: Path, step: int, total: int) -> None:
        self.path = folder / NAME
        self.stretch = math.ceil(total / ROWS)
        self.reports: list[StepReport] = []
        self.columns: list[str] = []
        rows = [row for row in read(folder) if row["step"] <= step]
        self._begin(rows)

    def add(self, report: "StepReport") -> None:
        """One more step; RunError where it cannot be written."""
        self.reports.append(report)
        if report.step % self.stretch and report.step < report.total:
            return
        row = _row(self.reports)
        self.reports = []
        if self.columns and set(self.columns) != set(row):
            self._begin([])  # what is there is of something else
        try:
            with self.path.open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                if not self.columns:
                    self.columns = list(row)
                    writer.writerow(self.columns)
                writer.writerow([f"{row[name]:.8g}" for name in self.columns])
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def _begin(self, rows: Sequence[Values]) -> None:
        self.columns = list(rows[0]) if rows else []
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if rows:
            writer.writerow(self.columns)
            writer.writerows([f"{row[name]:.8g}" for name in self.columns] for row in rows)
        try:
            write_whole(self.path, text.getvalue())
        except OSError as error:
            raise _unwritable(self.path, error) from error


def read(folder: Path) -> list[dict[str, float]]:
    """The rows that a folder has, in the order of their steps; one cut short ends them."""
    rows: list[dict[str, float]] = []
    with suppress(OSError, ValueError, TypeError, csv.Error):
        whole, _, _ = (folder / NAME).read_text(encoding="utf-8").rpartition("\n")
        for row in csv.DictReader(whole.splitlines()):
            values = {str(name): float(value) for name, value in row.items()}
            if "step" not in values or not all(map(math.isfinite, values.values())):
                break
            rows.append(values)
    return rows


def _row(reports: Sequence["StepReport"]) -> dict[str, float]:
    """What stands for a stretch of steps."""
    last, count = reports[-1], len(reports)
    seconds = sum(one.seconds for one in reports)
    norms = [one.norm for one in reports if one.norm is not None]
    parts = list(last.parts) if len(last.parts) > 1 else []
    place = (last.step, last.moment.stage, last.moment.epoch, last.rate)
    pace = (
        sum(norms) / len(norms) if norms else 0.0,
        sum(one.samples for one in reports) / max(seconds, 1e-9),
    )
    return {
        **dict(zip(PLACE, place, strict=True)),
        "loss": sum(one.loss for one in reports) / count,
        **{name: sum(one.parts[name] for one in reports) / count for name in parts},
        **dict(zip(PACE, pace, strict=True)),
    }


def _unwritable(path: Path, error: OSError) -> RunError:
    return RunError(
        f"`{path}` cannot be written: {error.strerror}.",
        "Make room, then run the same command again: it goes on from the last checkpoint.",
    )
