"""The trainings and evaluations that the rows of printed tables need, each training once.

What is trained here is held against print only where the data are the official ones and the recipe
was followed in everything; anything else is shown beside the printed numbers as what it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.evaluation import evaluator, pipeline
from repro.evaluation.execution import Execution
from repro.evaluation.request import EvaluationRequest
from repro.papers import lookup
from repro.papers.protocol import Protocol
from repro.papers.study import Table
from repro.papers.values import Scalar
from repro.plans.planned import CACHED, TO_RUN, PlannedRun, TrainedRow, possible
from repro.records.requirements import AccuracyRequirement, Wanted
from repro.records.runs import EvaluationRun, TrainingRun
from repro.records.store import Store
from repro.training import entries, identity, preparing, request, smoke
from repro.training.entries import RowTraining, Wish
from repro.training.request import TrainingMachine, TrainingRequest

if TYPE_CHECKING:
    from repro.plans.planned import RunSettings


@dataclass(frozen=True)
class TrainingGraph:
    """The runs of the rows of some tables."""

    trainings: list[PlannedRun]
    evaluations: list[PlannedRun]
    rows: list[TrainedRow]
    """what is shown beside the printed numbers"""


def planned(wanted: Sequence[Wanted], store: Store, settings: "RunSettings") -> TrainingGraph:
    """The trainings of the rows that the wanted numbers are of, and their evaluations.

    Raise ReproError where the data for all of them are not there.
    """
    entries.check(settings.train, settings.data)
    found = TrainingGraph([], [], [])
    absent: ReproError | None = None
    known: dict[str, PlannedRun] = {}
    tables = {(one.table.study, one.table.name): one.table for one in wanted}
    for table in tables.values():
        cells = [one for one in wanted if one.table is table]
        for entry in _entries(table, cells, settings):
            _add(found, known, table, entry, cells, store, settings)
            absent = absent or entry.absent
    if absent is not None and not known:
        raise absent
    found.trainings.extend(known.values())
    return found


def _entries(table: Table, cells: Sequence[Wanted], settings: "RunSettings") -> list[RowTraining]:
    """Every row that prints an accuracy."""
    study = lookup.find_study(table.study)
    labels = {one.row.label for one in cells}
    rows = [row for row in table.rows if row.label in labels]
    if not any(column in entries.columns(table) for column in {one.column for one in cells}):
        return []
    machine = TrainingMachine(settings.device, workers=1, threads=settings.threads)
    data = settings.data
    if settings.train == "smoke" and data is None:
        data = smoke.data(settings.out / "figures-smoke")
    wish = Wish(settings.train, data, settings.out, machine, settings.epochs)
    return entries.entries(study, table, rows, wish)


def _add(
    found: TrainingGraph,
    known: dict[str, PlannedRun],
    table: Table,
    entry: RowTraining,
    cells: Sequence[Wanted],
    store: Store,
    settings: "RunSettings",
) -> None:
    """One row: its trainings unless another row has them, each with its evaluations."""
    row = TrainedRow(table, entry.label, entry.model, entry.printed, why=entry.why)
    if entry.run is None:
        found.rows.append(row)
        return
    try:
        first = identity.run_of(preparing.checked(entry.run, lambda text: None))
    except ReproError as error:
        found.rows.append(replace(row, why=f"{error} {error.hint}".strip()))
        return
    for seed in range(settings.seeds):
        run = replace(first, seed=seed)
        if run.key not in known:
            asked = replace(entry.run, seed=seed, out=store.artifacts(run.key))
            label = f"{entry.label}{f', seed {seed}' if settings.seeds > 1 else ''}"
            known[run.key] = training(run, label, asked, store, settings.fresh)
        own = _evaluations(entry, known[run.key], run, cells, store, settings)
        found.evaluations.extend({id(one): one for one in own.values()}.values())
        runs = {key: one.run for key, one in own.items() if isinstance(one.run, EvaluationRun)}
        why = "" if runs else "Trained, but there is nothing to evaluate it on."
        found.rows.append(replace(row, training=run, evaluations=runs, seed=seed, why=why))


def _evaluations(
    entry: RowTraining,
    training: PlannedRun,
    trained: TrainingRun,
    cells: Sequence[Wanted],
    store: Store,
    settings: "RunSettings",
) -> dict[str, PlannedRun]:
    """The evaluation for each column of a row, one for all that have the same rules."""
    found: dict[str, PlannedRun] = {}
    for rules in dict.fromkeys(entry.rules.values()):
        columns = [key for key, one in entry.rules.items() if one == rules]
        own = [one for one in cells if (one.row.label, one.column.key) in _places(entry, columns)]
        evaluation = _evaluation(entry, training, trained, rules, own, store, settings)
        if evaluation is not None:
            found |= dict.fromkeys(columns, evaluation)
    return found


def _places(entry: RowTraining, columns: Sequence[str]) -> set[tuple[str, str]]:
    return {(entry.label, key) for key in columns}


def training(
    run: TrainingRun, label: str, asked: TrainingRequest, store: Store, fresh: bool
) -> PlannedRun:
    """A training: kept only where its weights are, too."""
    record = store.find(run)
    found = possible(run, f"{label}, {run.name}", (), record, fresh, asked, aside=True)
    if record is not None and found.state == CACHED and not identity.is_whole(record, asked.out):
        return replace(found, state=TO_RUN, why="Its weights are not beside its record.")
    return found


def _evaluation(
    entry: RowTraining,
    training: PlannedRun,
    trained: TrainingRun,
    rules: Protocol,
    cells: Sequence[Wanted],
    store: Store,
    settings: "RunSettings",
) -> PlannedRun | None:
    """The evaluation of trained weights by the rules of some columns; None without data for it."""
    if entry.source is None or not isinstance(training.work, TrainingRequest):
        return None
    look = EvaluationRequest(
        trained.model,
        training.work.out / identity.WEIGHTS,
        request.evaluation_rules(rules, entry.source),
        trained.input,
        trained.options,
        entry.variant,
        execution=Execution(settings.device, settings.batch, threads=settings.threads),
    )
    job = pipeline.prepare(look, entry.source)
    weights: dict[str, Scalar] = {"name": evaluator.named(job), "training": trained.key}
    weights |= {} if trained.faithful else {"faithful": False}
    weights |= {"seed": trained.seed} if trained.seed else {}
    run = evaluator.run_of(job, weights)
    fits = any(
        isinstance(one.spec, AccuracyRequirement) and one.spec.fits(run.plain) for one in cells
    )
    return possible(
        run,
        f"{entry.label}, {run.weights['name']} on {rules.on}",
        tuple(one.place for one in cells),
        store.find(run),
        settings.fresh,
        (look, entry.source),
        aside=not fits,
    )
