"""Train the rows of a printed ablation on generated figures: does its ranking show there?

Every row gets the same small budget, data and seeds, so that the rows differ in nothing but the
switch that the table is about. That is no reproduction of the printed figures, which are of another
data set and of hundreds of epochs; it tells whether the effect is large enough to be seen so.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from repro.data.layout import find
from repro.errors import ReproError, RunError
from repro.papers.datasets import GENERATED, with_joints
from repro.papers.recipe_sources import Resolved
from repro.papers.study import Row, Study, Table
from repro.plans.planned import Plan, PlannedRun
from repro.records.record import Record
from repro.records.runs import TrainingRun
from repro.records.store import Store
from repro.training import choice, preparation, table_rows
from repro.training.request import TrainingMachine, TrainingRequest
from repro.training.runs import run_of

METRIC = "AP"


@dataclass(frozen=True, slots=True)
class Budget:
    """What every row is trained for."""

    epochs: int = 10
    batch: int = 8
    lr: float = 1e-3
    pictures: int = 200
    held_out: int = 100


@dataclass(frozen=True, slots=True)
class Trained:
    """One row: what is printed, and what its trainings gave."""

    label: str
    printed: float | None
    """AP as the paper has it, on its own data set"""
    values: tuple[float, ...]
    """AP on the generated pictures that were held out, a seed each"""

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return statistics.fmean(self.values)


@dataclass(frozen=True, slots=True)
class Against:
    """A row against the first one of its table, seed by seed."""

    row: Trained
    printed: float | None
    """the difference in the paper"""
    value: float
    low: float
    high: float
    """95 % interval of the mean over seeds, by Student's t; without end for a single seed"""

    @property
    def verdict(self) -> str:
        """Whether the sign of the printed difference shows."""
        if self.printed is None or not self.printed or self.low <= 0 <= self.high:
            return "cannot be told"
        return "shows" if (self.value > 0) == (self.printed > 0) else "is the other way round"


def data(folder: Path, budget: Budget) -> Path:
    """A folder with generated pictures, made if they are not there."""
    return choice.pictures(folder / f"figures-{budget.pictures}", budget.pictures, budget.held_out)


def rows(study: Study, table: Table) -> list[tuple[Row, str | None]]:
    """The rows that can be trained against each other, each with its loss if that is its own."""
    if table.name not in study.ablations:
        names = ", ".join(study.ablations) or "none"
        raise ReproError(
            f"{study.name} {table.name} is no ablation that can be trained here.",
            f"Of {study.name} these are: {names}.",
        )
    losses = study.ablations[table.name]
    labels = [row.label for row in table.rows]
    for label in losses:
        if label not in labels:
            raise ReproError(f"{study.name} {table.name} has no row `{label}`.")
    return [(row, losses.get(row.label)) for row in table.rows if row.model]


def runs(
    study: Study,
    table: Table,
    data: Path,
    out: Path,
    seeds: int,
    budget: Budget,
    machine: TrainingMachine,
) -> list[tuple[Row, list[TrainingRequest]]]:
    """The trainings of every row, a seed each."""
    folder = out / f"{study.name}-{table.name}-{budget.epochs}epochs"
    dataset = with_joints(study.protocols[table.protocol].keypoints, GENERATED).name
    train, held_out = find(data, dataset, "train"), find(data, dataset, "val")
    trainings = []
    for row, loss in rows(study, table):
        model = str(row.model)
        rules = choice.protocol_of(model, dataset)
        size = choice.size_of(model, rules, None, small=True)
        recipe = _within(_recipe(study, model, dataset, size, loss), budget)
        name = "".join(sign if sign.isalnum() or sign in "-.=+" else "_" for sign in row.label)
        requests = [
            TrainingRequest(
                model,
                size,
                recipe,
                rules,
                train,
                held_out,
                folder / f"{name}-seed{seed}",
                dict(row.options),
                machine,
                seed,
            )
            for seed in range(seeds)
        ]
        trainings.append((row, requests))
    return trainings


def planned(
    trainings: Sequence[tuple[Row, list[TrainingRequest]]], store: Store, fresh: bool = False
) -> tuple[Plan, list[list[TrainingRun]]]:
    """The trainings as a plan, seed by seed, and the runs of each row."""
    steps: dict[str, PlannedRun] = {}
    runs: list[list[TrainingRun]] = [[] for _ in trainings]
    for seed in range(len(trainings[0][1])):
        for place, (row, requests) in enumerate(trainings):
            run = run_of(preparation.checked(requests[seed]))
            runs[place].append(run)
            request = replace(requests[seed], out=store.artifacts(run.key))
            name = f"{row.label}, seed {seed}"
            step = table_rows.planned_training(run, name, request, store, fresh)
            steps.setdefault(run.key, replace(step, name=name))
    return Plan((), tuple(steps.values())), runs


def gathered(
    table: Table,
    trainings: Sequence[tuple[Row, list[TrainingRequest]]],
    runs: Sequence[Sequence[TrainingRun]],
    records: Mapping[str, Record],
) -> list[Trained]:
    """What was held out says of every row; a RunError where a training gave nothing."""
    column = next(column for column in table.columns if column.metric == METRIC)
    results = []
    for (row, _), seeds in zip(trainings, runs, strict=True):
        printed = table.published(row, column)
        values = [records[run.key].value(METRIC) for run in seeds if run.key in records]
        known = tuple(float(value) for value in values if value is not None)
        if len(known) < len(seeds):
            lacking = len(seeds) - len(known)
            raise RunError(f"{row.label}: {lacking} of {len(seeds)} have no {METRIC}.")
        value = None if printed is None else float(printed.value)
        results.append(Trained(row.label, value, known))
    return results


def against_first(rows: Sequence[Trained]) -> list[Against]:
    """Every row but the first against that."""
    first, *others = rows
    return [_against(row, first) for row in others]


def described(rows: Sequence[Trained]) -> list[dict[str, object]]:
    """For --json: every row, and how it stands against the first."""
    differences: list[dict[str, object]] = [
        {
            "printed_difference": other.printed,
            "difference": other.value,
            "interval": None if math.isinf(other.low) else [other.low, other.high],
            "verdict": other.verdict,
        }
        for other in against_first(rows)
    ]
    return [
        {"label": row.label, "printed": row.printed, "trained": list(row.values), **difference}
        for row, difference in zip(rows, [{}, *differences], strict=True)
    ]


def _against(row: Trained, first: Trained) -> Against:
    changes = [new - old for new, old in zip(row.values, first.values, strict=True)]
    mean, half = statistics.fmean(changes), math.inf
    if len(changes) > 1:
        from scipy.special import stdtrit

        error = statistics.stdev(changes) / len(changes) ** 0.5
        half = float(stdtrit(len(changes) - 1, 0.975)) * error
    printed = None
    if row.printed is not None and first.printed is not None:
        printed = row.printed - first.printed
    return Against(row, printed, mean, mean - half, mean + half)


def _recipe(
    study: Study, model: str, dataset: str, size: tuple[int, int], loss: str | None
) -> Resolved:
    recipe = choice.recipe_of(study, "paper", model, dataset, size)
    return choice.fitting_loss(recipe, model, loss)


def _within(recipe: Resolved, budget: Budget) -> Resolved:
    """The recipe for the budget: milestones at the same shares of it, a short warm-up, and of the
    augmentation the flip alone, since there is no time to learn more."""
    whole = recipe.recipe.epochs
    at = {max(1, round(epoch / whole * budget.epochs)) for epoch in recipe.recipe.milestones}
    return recipe.changed(
        "the budget of the study",
        epochs=budget.epochs,
        batch=budget.batch,
        milestones=tuple(sorted(at - {budget.epochs})),
        warmup_iterations=20,
        stages=1,
        restart_epoch=0,
        evaluate_every=budget.epochs,
        pretraining="",
        lr=budget.lr,
        half_body=0.0,
        scale_factor=0.0,
        rotation_factor=0.0,
        centre_chance=0.0,
        scale=(1.0, 1.0),
        rotation=0.0,
        translation=0.0,
    )
