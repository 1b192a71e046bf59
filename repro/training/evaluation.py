"""Evaluate the weights of a training on its way, as `repro eval` does."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from repro.evaluation import pipeline
from repro.evaluation.execution import Execution
from repro.evaluation.inference import Tell
from repro.evaluation.request import EvaluationRequest
from repro.files import sha256
from repro.training.request import TrainingRequest, evaluation_rules

PRIMARY = ("AP", "Mean")
"""by what weights are compared: the first that the data set has"""
Showing = Callable[[int, str], AbstractContextManager[Tell]]
"""called with how many crops or images an evaluation takes, and what it is"""


@dataclass(frozen=True, slots=True)
class EpochFigure:
    """One measured value, in per cent."""

    value: float
    low: float | None
    high: float | None


def evaluate(
    run: TrainingRequest, weights: Path, device: str, folder: Path, show: Showing
) -> dict[str, EpochFigure]:
    """The figures of a file of weights on what the run is evaluated on, by its protocol.

    `folder` is used meanwhile, so that an interrupted evaluation of the same weights goes on; then
    it is removed.
    """
    if run.evaluated is None:
        return {}
    look = EvaluationRequest(
        run.model,
        weights,
        evaluation_rules(run.protocol, run.evaluated),
        run.size,
        run.options,
        execution=Execution(device),
    )
    job = pipeline.prepare(look, run.evaluated)
    with show(job.total, job.unit) as tell:
        measured, _ = pipeline.measure(job, folder / sha256(weights)[:16], tell)
    shutil.rmtree(folder, ignore_errors=True)
    return {one.metric: EpochFigure(float(one.value), one.low, one.high) for one in measured}


def primary(figures: dict[str, EpochFigure]) -> tuple[str, EpochFigure]:
    """The figure by which weights are compared, and its name."""
    name = next(name for name in PRIMARY if name in figures)
    return name, figures[name]
