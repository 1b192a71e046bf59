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

from repro.data import synth
from repro.data.layout import find
from repro.errors import ReproError, RunError
from repro.papers.recipe_sources import Resolved
from repro.papers.skeletons import FORMS
from repro.papers.study import Row, Study, Table
from repro.plans.planned import Plan, PlannedRun
from repro.records.record import Record
from repro.records.runs import TrainingRun
from repro.records.store import Store
from repro.training import graph, identity, preparing, request
from repro.training.request import TrainingMachine, TrainingRequest

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
    found = folder / f"figures-{budget.pictures}"
    if not (found / "synth" / "annotations" / "synth_crowdpose_val.json").exists():  # comes last
        synth.write(found, budget.pictures, budget.held_out)
    return found


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
    found = []
    for row, loss in rows(study, table):
        model = str(row.model)
        dataset = "synth-crowdpose" if study.protocols[table.protocol].keypoints == 14 else "synth"
        rules = request.protocol_of(model, dataset)
        size = request.size_of(model, rules, None, small=True)
        recipe = _within(_recipe(study, model, dataset, size, loss), budget)
        train, held_out = find(data, dataset, "train"), find(data, dataset, "val")
        folder = out / f"{study.name}-{table.name}-{budget.epochs}epochs"
        name = "".join(sign if sign.isalnum() or sign in "-.=+" else "_" for sign in row.label)
        own = [
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
        found.append((row, own))
    return found


def planned(
    trainings: Sequence[tuple[Row, list[TrainingRequest]]], store: Store, fresh: bool = False
) -> tuple[Plan, list[list[TrainingRun]]]:
    """The trainings as a plan, seed by seed, and the runs of each row."""
    steps: dict[str, PlannedRun] = {}
    runs: list[list[TrainingRun]] = [[] for _ in trainings]
    for seed in range(len(trainings[0][1])):
        for place, (row, own) in enumerate(trainings):
            run = identity.run_of(preparing.checked(own[seed], lambda text: None))
            runs[place].append(run)
            asked = replace(own[seed], out=store.artifacts(run.key))
            step = graph.training(run, f"{row.label}, seed {seed}", asked, store, fresh)
            steps.setdefault(run.key, replace(step, name=f"{row.label}, seed {seed}"))
    return Plan((), tuple(steps.values())), runs


def gathered(
    table: Table,
    trainings: Sequence[tuple[Row, list[TrainingRequest]]],
    runs: Sequence[Sequence[TrainingRun]],
    records: Mapping[str, Record],
) -> list[Trained]:
    """What was held out says of every row; a RunError where a training gave nothing."""
    column = next(one for one in table.columns if one.metric == METRIC)
    found = []
    for (row, _), own in zip(trainings, runs, strict=True):
        printed = table.published(row, column)
        values = [records[run.key].value(METRIC) for run in own if run.key in records]
        known = tuple(float(value) for value in values if value is not None)
        if len(known) < len(own):
            raise RunError(f"{row.label}: {len(own) - len(known)} of {len(own)} have no {METRIC}.")
        found.append(Trained(row.label, None if printed is None else float(printed.value), known))
    return found


def against_first(found: Sequence[Trained]) -> list[Against]:
    """Every row but the first against that."""
    first = found[0]
    return [_against(one, first) for one in found[1:]]


def described(found: Sequence[Trained]) -> list[dict[str, object]]:
    """For --json: every row, and how it stands against the first."""
    differences: list[dict[str, object]] = [
        {
            "printed_difference": one.printed,
            "difference": one.value,
            "interval": None if math.isinf(one.low) else [one.low, one.high],
            "verdict": one.verdict,
        }
        for one in against_first(found)
    ]
    return [
        {"label": one.label, "printed": one.printed, "trained": list(one.values), **other}
        for one, other in zip(found, [{}, *differences], strict=True)
    ]


def _against(one: Trained, first: Trained) -> Against:
    changes = [new - old for new, old in zip(one.values, first.values, strict=True)]
    mean, half = statistics.fmean(changes), math.inf
    if len(changes) > 1:
        from scipy.special import stdtrit

        error = statistics.stdev(changes) / len(changes) ** 0.5
        half = float(stdtrit(len(changes) - 1, 0.975)) * error
    known = one.printed is not None and first.printed is not None
    printed = one.printed - first.printed if known else None  # type: ignore[operator]
    return Against(one, printed, mean, mean - half, mean + half)


def _recipe(
    study: Study, model: str, dataset: str, size: tuple[int, int], loss: str | None
) -> Resolved:
    found = request.recipe_of(study, "paper", model, FORMS[dataset], size)
    return request.fitting_loss(found, model, loss)


def _within(recipe: Resolved, budget: Budget) -> Resolved:
    """The recipe for the budget: milestones at the same shares of it, a short warm-up, and of the
    augmentation the flip alone, since there is no time to learn more."""
    whole = recipe.recipe.epochs
    at = {max(1, round(one / whole * budget.epochs)) for one in recipe.recipe.milestones}
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
