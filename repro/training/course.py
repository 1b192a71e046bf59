"""What a training's folder tells of it, read back: what it was, how it went, how far it came."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from repro import schema
from repro.papers.metrics import MAIN
from repro.training import step_log

RUN, HISTORY = "run.json", "history.json"
Plain = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The main figure of an evaluation, in per cent."""

    epoch: int
    """passes through the data before it"""
    step: int
    metric: str
    value: float
    low: float | None
    """of the 95 % interval"""
    high: float | None


@dataclass(frozen=True, slots=True)
class EpochLoss:
    """The mean loss of a pass through the data."""

    step: int
    """its last"""
    loss: float


@dataclass(frozen=True, slots=True)
class TrainingCourse:
    """A training, finished or not, by the files that it keeps."""

    run: Plain
    """see `repro.training.trainer.described`"""
    epochs: Sequence[EpochLoss]
    """those that are over"""
    evaluations: Sequence[Evaluated]
    rows: Sequence[Mapping[str, float]]
    """see `step_log`"""

    @property
    def total(self) -> int:
        """Steps that it was to have."""
        steps = self.run.get("steps")
        return steps if isinstance(steps, int) else 0

    @property
    def step(self) -> int:
        """Steps that are known to be done."""
        last = self.rows[-1]["step"] if self.rows else 0
        return max(int(last), self.epochs[-1].step if self.epochs else 0)

    @property
    def best(self) -> Evaluated | None:
        """The first of the best evaluations, whose weights are kept."""
        return max(self.evaluations, key=lambda one: one.value, default=None)

    def part(self, name: str) -> Plain:
        """A table of what it was: `recipe`, `machine`, `identity`, `protocol`, `evaluated` ..."""
        value = self.run.get(name)
        return value if isinstance(value, dict) else {}


def read(folder: Path) -> TrainingCourse | None:
    """The course of the training in a folder; None where none has begun."""
    run = _json(folder / RUN)
    if not isinstance(run, dict):
        return None
    history = _json(folder / HISTORY)
    kept = [row for row in history if isinstance(row, dict)] if isinstance(history, list) else []
    epochs, evaluations = [], []
    for number, row in enumerate(kept, start=1):
        step, loss = row.get("step"), row.get("loss")
        if isinstance(step, int) and isinstance(loss, float):
            epochs.append(EpochLoss(step, loss))
        evaluations += _evaluated(number, row)
    return TrainingCourse(run, epochs, evaluations, step_log.read(folder))


def _evaluated(epoch: int, row: Plain) -> list[Evaluated]:
    figures, step = row.get("evaluation"), row.get("step")
    if not isinstance(figures, dict) or not isinstance(step, int):
        return []
    metric = next((name for name in MAIN if isinstance(figures.get(name), dict)), None)
    if metric is None or not isinstance(figures[metric].get("value"), int | float):
        return []
    figure = figures[metric]
    ends = [figure.get(name) for name in ("low", "high")]
    low, high = (float(end) if isinstance(end, int | float) else None for end in ends)
    return [Evaluated(epoch, step, metric, float(figure["value"]), low, high)]


def _json(path: Path) -> object:
    with suppress(OSError, ValueError):
        return schema.json_file(path)
    return None
