"""The weights of a training evaluated on its way, as `repro eval` does; its course as curves."""

import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from repro.evaluation import pipeline, preparing
from repro.evaluation.inference import Tell
from repro.evaluation.request import EvaluationRequest, Execution
from repro.files import sha256
from repro.papers.metrics import MAIN
from repro.training import shown_poses
from repro.training.loop import StepReport
from repro.training.request import TrainingRequest, evaluation_rules

Progress = Callable[[int, str], AbstractContextManager[Tell]]
"""called with how many crops or images an evaluation takes, and what it is"""
EVERY = 10
"""steps, of which one is written for TensorBoard"""


@dataclass(frozen=True, slots=True)
class EpochFigure:
    """One measured value, in per cent."""

    value: float
    low: float | None
    high: float | None


def evaluate(
    request: TrainingRequest, weights: Path, device: str, folder: Path, progress: Progress
) -> dict[str, EpochFigure]:
    """The figures of a file of weights on what a training is evaluated on, by its protocol.

    `folder` is used meanwhile, so that an interrupted evaluation of the same weights goes on; then
    it is removed. The poses on a few pictures are left beside it, see `shown_poses`.
    """
    if request.evaluated is None:
        return {}
    asked = EvaluationRequest(
        request.model,
        weights,
        evaluation_rules(request.protocol, request.evaluated),
        request.size,
        request.options,
        execution=Execution(device),
    )
    prepared = preparing.prepare(asked, request.evaluated)
    prepared.check_images()
    with progress(prepared.total, prepared.unit) as tell:
        own = folder / sha256(weights)[:16]
        measured, *_ = pipeline.measure(prepared, own, tell)
    shown_poses.keep_candidate(prepared, own, folder.parent)
    shutil.rmtree(folder, ignore_errors=True)
    return {
        figure.metric: EpochFigure(float(figure.value), figure.low, figure.high)
        for figure in measured
    }


def primary(figures: dict[str, EpochFigure]) -> tuple[str, EpochFigure]:
    """The figure by which weights are compared, and its name."""
    name = next(name for name in MAIN if name in figures)
    return name, figures[name]


class Curves:
    """Writes for TensorBoard into a folder; what was written of steps from `start` on is no longer
    shown."""

    def __init__(self, folder: Path, start: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # takes a second

        self.writer = SummaryWriter(str(folder), purge_step=start)
        self.usual = threading.excepthook
        threading.excepthook = self._told_of

    def step(self, report: StepReport) -> None:
        """Loss, its parts, learning rate and speed of one step in ten."""
        if report.step % EVERY and report.step > EVERY:
            return
        values = {"loss": report.loss, "lr": report.rate, "samples per second": report.speed}
        if len(report.parts) > 1:
            values |= {f"loss/{name}": value for name, value in report.parts.items()}
        for name, value in values.items():
            self.writer.add_scalar(f"train/{name}", value, report.step)

    def evaluation(self, step: int, figures: dict[str, EpochFigure]) -> None:
        """The figures of an evaluation after so many steps."""
        for name, figure in figures.items():
            self.writer.add_scalar(f"eval/{name}", figure.value, step)
        self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        try:
            self.writer.close()
        finally:
            threading.excepthook = self.usual

    def _told_of(self, failure: "threading.ExceptHookArgs") -> None:
        """Print nothing of what hinders the thread that writes: it is raised from here as well."""
        if not type(failure.thread).__module__.startswith("tensorboard."):
            self.usual(failure)
