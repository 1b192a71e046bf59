"""Evaluate the weights of a training as `repro eval` does."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from repro.evaluation import evaluating
from repro.evaluation.cells import Showing
from repro.evaluation.request import Look
from repro.runners.execution import Execution
from repro.store import Store
from repro.training.request import Run, evaluation_rules

PRIMARY = ("AP", "Mean")
"""by what weights are compared: the first that the data set has"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, in per cent."""

    value: float
    low: float | None
    high: float | None


def evaluate(
    run: Run, weights: Path, device: str, folder: Path, show: Showing
) -> dict[str, Figure]:
    """The figures of a file of weights on what the run is evaluated on, by its protocol.

    `folder` is used meanwhile, so that an interrupted evaluation goes on; then it is removed.
    """
    if run.evaluated is None:
        return {}
    look = Look(
        run.model,
        weights,
        evaluation_rules(run.protocol, run.evaluated),
        run.size,
        run.options,
        execution=Execution(device),
    )
    job = evaluating.prepare(look, run.evaluated)
    with show(job.total, "images" if job.instances is None else "crops") as tell:
        record = evaluating.run(job, Store(folder), tell)
    shutil.rmtree(folder, ignore_errors=True)
    return {one.metric: Figure(float(one.value), one.low, one.high) for one in record.measurements}


def primary(figures: dict[str, Figure]) -> tuple[str, Figure]:
    """The figure by which weights are compared, and its name."""
    name = next(name for name in PRIMARY if name in figures)
    return name, figures[name]
