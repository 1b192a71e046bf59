"""The trainings and evaluations that the rows of printed tables need, each training once.

What is trained here is held against print only where the data are the official ones and the recipe
was followed in everything; anything else is shown beside the printed numbers as what it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import zoo
from repro.data.layout import Source, find
from repro.errors import ReproError, unknown
from repro.evaluation import evaluator, preparing
from repro.evaluation.request import EvaluationRequest, Execution
from repro.papers import lookup
from repro.papers.datasets import GENERATED, with_joints
from repro.papers.metrics import ACCURACY
from repro.papers.protocol import SERVER, Protocol, changed
from repro.papers.recipe_sources import Resolved, parsed
from repro.papers.study import Column, Row, Study, Table
from repro.papers.values import Scalar, Size
from repro.plans import selection
from repro.plans.planned import CACHED, TO_RUN, PlannedRun, TrainedRow, possible
from repro.records.requirements import AccuracyRequirement, Wanted
from repro.records.runs import EvaluationRun, TrainingRun, count_run
from repro.records.store import Store
from repro.training import choice, preparation, runs
from repro.training.request import TrainingMachine, TrainingRequest, evaluation_rules

if TYPE_CHECKING:
    from repro.plans.planned import Rehearsal, RunSettings

MODES = ("smoke", "paper", "official")


@dataclass(frozen=True)
class RowTraining:
    """A printed row: its accuracies, and the training of its network."""

    label: str
    model: str
    printed: Mapping[str, str]
    """column key -> as printed"""
    rules: Mapping[str, Protocol]
    """column key -> how the network is evaluated for it"""
    request: TrainingRequest | None = None
    source: Source | None = None
    """what it is evaluated on; None where there is nothing"""
    variant: str = ""
    why: str = ""
    """why nothing is trained"""
    absent: ReproError | None = None
    """what says that there are no data to train on"""


@dataclass(frozen=True)
class Wish:
    """What a user wants trained."""

    mode: str
    data: Path | None
    """of official trainings; the generated figures of others"""
    out: Path
    machine: TrainingMachine
    epochs: int | None = None
    """instead of the recipe's"""
    rehearsal: "Rehearsal | None" = None
    """how short it is made, if it is only rehearsed"""

    @property
    def small(self) -> bool:
        """Whether it is for a minute only, on generated figures."""
        return self.mode == "smoke"


def check(mode: str, data: Path | None) -> None:
    """Raise ReproError for a mode that does not exist, or that lacks a folder of data."""
    if mode not in MODES:
        raise unknown("kind of training", mode, MODES)
    if mode != "smoke" and data is None:
        raise ReproError(
            f"`--train {mode}` needs --data DIR.",
            "`repro data check DIR` says what to fetch; --train smoke makes its own pictures.",
        )


def columns(table: Table) -> list[Column]:
    """The columns that print an accuracy."""
    return [column for column in table.columns if column.metric in ACCURACY]


def row_trainings(study: Study, table: Table, rows: Sequence[Row], wish: Wish) -> list[RowTraining]:
    """What is to be trained for these rows, or why nothing is."""
    if not columns(table):
        raise ReproError(f"{study.name} {table.name} prints no accuracy to train for.")
    return [
        _row_training(study, table, row, model, size, printing, wish)
        for row in rows
        for (model, size), printing in _networks(table, row)
    ]


def _row_training(
    study: Study,
    table: Table,
    row: Row,
    model: str,
    size: Size | None,
    printing: Sequence[Column],
    wish: Wish,
) -> RowTraining:
    """The training of a network of a row, for the columns that print its accuracy."""
    printed = {column.key: row.cells[column.key] for column in printing}
    try:
        rules = {column.key: _rules(table, row, column, model, wish) for column in printing}
        first = next(iter(rules.values()))
        size = choice.size_of(model, first, None if wish.small else size, wish.small)
        count_run(model, size, first.keypoints, row.options)
        recipe = _recipe(study, table, row, model, first, size, wish)
        recipe = choice.shortened(recipe) if wish.small else recipe
        recipe = (
            recipe if wish.rehearsal is None else choice.rehearsed(recipe, wish.rehearsal.steps)
        )
        recipe = recipe.changed("the command line", epochs=wish.epochs)
    except ReproError as error:
        return RowTraining(row.label, model, printed, {}, why=str(error))
    try:
        train, source = sources(first, wish)
    except ReproError as error:
        why = f"{error} {error.hint}".strip()
        return RowTraining(row.label, model, printed, {}, why=why, absent=error)
    request = TrainingRequest(
        model,
        size,
        recipe,
        first,
        train,
        _on_the_way(first, source, wish),
        wish.out,
        dict(row.options),
        wish.machine,
        steps=choice.SMOKE_STEPS if wish.small else None,
        epoch_steps=wish.rehearsal.steps if wish.rehearsal else None,
        variant=row.variant,
    )
    return RowTraining(row.label, model, printed, rules, request, source, row.variant)


def _on_the_way(rules: Protocol, source: Source | None, wish: Wish) -> Source | None:
    """What a network is evaluated on during its training; of a rehearsal few pictures."""
    if wish.rehearsal is not None:
        return choice.evaluation_source(rules, wish.rehearsal.brief, {})
    return None if wish.small else source


def _networks(table: Table, row: Row) -> Iterator[tuple[tuple[str, Size | None], list[Column]]]:
    """The networks of a row, each with the columns that print its accuracy."""
    networks: dict[tuple[str, Size | None], list[Column]] = {}
    for column in columns(table):
        if column.key in row.cells:
            network = row.model or column.model or "", row.input or column.input
            networks.setdefault(network, []).append(column)
    yield from networks.items()


def _rules(table: Table, row: Row, column: Column, model: str, wish: Wish) -> Protocol:
    """How a network is evaluated for a column: as printed, if that can be done at home."""
    if row.cited is not None:
        raise ReproError(f"Cited: {row.cited}")
    printed = selection.protocol(table, row, column)
    if not wish.small and printed.evaluator != SERVER:
        choice.protocol_of(model, printed.dataset)
        return printed
    small = with_joints(printed.keypoints, GENERATED).name
    rules = choice.protocol_of(model, small if wish.small else printed.dataset)
    return rules if rules.bottom_up else changed(rules, decode=column.decode)


def sources(rules: Protocol, wish: Wish) -> tuple[Source, Source | None]:
    """What is trained and evaluated on."""
    if wish.small and wish.data is not None:
        return find(wish.data, rules.dataset, "train"), find(wish.data, rules.dataset, "val")
    train = choice.train_source(rules.dataset, wish.data, {})
    return train, choice.evaluation_source(rules, wish.data, {})


def _recipe(
    study: Study, table: Table, row: Row, model: str, rules: Protocol, size: Size, wish: Wish
) -> Resolved:
    """A row's recipe: the one named after the network or its module, the one that is wished for,
    or another of the study.

    With the loss or the fields of the row's variant, where it is trained in a way of its own. A
    ReproError where there is none.
    """
    loss = study.ablations.get(table.name, {}).get(row.label)
    fields = study.variants.get(row.variant, {})
    if row.variant and loss is None and not fields:
        raise ReproError(f"It is trained in a way of its own, {row.variant}, without a recipe.")
    first = "paper" if wish.mode == "paper" else "official"
    family = zoo.MODELS[model].module.rpartition(".")[2]
    named = [name for name in study.recipes if name in (model, family)]
    others = [name for name in study.recipes if name not in (*named, "official", "paper")]
    absent: ReproError | None = None
    for name in dict.fromkeys((*named, first, "official", *others)):
        try:
            recipe = choice.recipe_of(study, name, model, rules.dataset, size)
        except ReproError as error:
            absent = absent or error
            continue
        if fields:
            recipe = recipe.variant(f"the row `{row.label}`", **parsed(fields))
        if loss is not None:
            recipe = recipe.variant(f"the row `{row.label}`", loss=choice.parse_loss(loss))
        return choice.fitting_loss(recipe, model, loss)
    raise absent or ReproError(f"{study.name} has no official recipe.")


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
    check(settings.train, settings.data)
    graph = TrainingGraph([], [], [])
    absent: ReproError | None = None
    known: dict[str, PlannedRun] = {}
    tables = {(cell.table.study, cell.table.name): cell.table for cell in wanted}
    for table in tables.values():
        cells = [cell for cell in wanted if cell.table is table]
        for row in _of_table(table, cells, settings):
            _add(graph, known, table, row, cells, store, settings)
            absent = absent or row.absent
    if absent is not None and not known:
        raise absent
    graph.trainings.extend(known.values())
    return graph


def _of_table(table: Table, cells: Sequence[Wanted], settings: "RunSettings") -> list[RowTraining]:
    """Every row that prints an accuracy."""
    study = lookup.find_study(table.study)
    labels = {cell.row.label for cell in cells}
    rows = [row for row in table.rows if row.label in labels]
    if not any(column in columns(table) for column in {cell.column for cell in cells}):
        return []
    machine = TrainingMachine(settings.device, workers=1, threads=settings.threads)
    data = settings.data
    if settings.train == "smoke" and data is None:
        data = choice.pictures(settings.out / "figures-smoke", choice.SMOKE_PICTURES)
    made = settings.train, data, settings.out, machine, settings.epochs, settings.rehearsal
    wish = Wish(*made)
    return row_trainings(study, table, rows, wish)


def _add(
    graph: TrainingGraph,
    known: dict[str, PlannedRun],
    table: Table,
    row: RowTraining,
    cells: Sequence[Wanted],
    store: Store,
    settings: "RunSettings",
) -> None:
    """One row: its trainings unless another row has them, each with its evaluations."""
    trained = TrainedRow(table, row.label, row.model, row.printed, why=row.why)
    if row.request is None:
        graph.rows.append(trained)
        return
    try:
        first = runs.run_of(preparation.checked(row.request))
    except ReproError as error:
        graph.rows.append(replace(trained, why=f"{error} {error.hint}".strip()))
        return
    for seed in range(settings.seeds):
        run = replace(first, seed=seed)
        if run.key not in known:
            request = replace(row.request, seed=seed, out=store.artifacts(run.key))
            label = f"{row.label}{f', seed {seed}' if settings.seeds > 1 else ''}"
            known[run.key] = planned_training(run, label, request, store, settings.fresh)
        by_column = _evaluations(row, known[run.key], run, cells, store, settings)
        graph.evaluations.extend({id(each): each for each in by_column.values()}.values())
        evaluations = {
            key: each.run for key, each in by_column.items() if isinstance(each.run, EvaluationRun)
        }
        why = "" if evaluations else "Trained, but there is nothing to evaluate it on."
        graph.rows.append(
            replace(trained, training=run, evaluations=evaluations, seed=seed, why=why)
        )


def planned_training(
    run: TrainingRun, label: str, request: TrainingRequest, store: Store, fresh: bool
) -> PlannedRun:
    """A training: kept only where its weights are, too."""
    record = store.find(run)
    step = possible(run, f"{label}, {run.name}", (), record, fresh, request, aside=True)
    if record is not None and step.state == CACHED and not runs.is_whole(record, request.out):
        return replace(step, state=TO_RUN, why="Its weights are not beside its record.")
    return step


def _evaluations(
    row: RowTraining,
    training: PlannedRun,
    trained: TrainingRun,
    cells: Sequence[Wanted],
    store: Store,
    settings: "RunSettings",
) -> dict[str, PlannedRun]:
    """The evaluation for each column of a row, one for all that have the same rules."""
    evaluations: dict[str, PlannedRun] = {}
    for rules in dict.fromkeys(row.rules.values()):
        keys = [key for key, value in row.rules.items() if value == rules]
        served = [cell for cell in cells if cell.row.label == row.label and cell.column.key in keys]
        evaluation = _evaluation(row, training, trained, rules, served, store, settings)
        if evaluation is not None:
            evaluations |= dict.fromkeys(keys, evaluation)
    return evaluations


def _evaluation(
    row: RowTraining,
    training: PlannedRun,
    trained: TrainingRun,
    rules: Protocol,
    cells: Sequence[Wanted],
    store: Store,
    settings: "RunSettings",
) -> PlannedRun | None:
    """The evaluation of trained weights by the rules of some columns; None without data for it."""
    if row.source is None or not isinstance(training.work, TrainingRequest):
        return None
    request = EvaluationRequest(
        trained.model,
        training.work.out / runs.WEIGHTS,
        evaluation_rules(rules, row.source),
        trained.input,
        trained.options,
        row.variant,
        execution=Execution(settings.device, settings.batch, threads=settings.threads),
    )
    prepared = preparing.prepare(request, row.source)
    name = evaluator.usual_name(prepared)
    weights: dict[str, Scalar] = {"name": name, "training": trained.key}
    weights |= {} if trained.faithful else {"faithful": False}
    weights |= {"seed": trained.seed} if trained.seed else {}
    weights |= {"rehearsal": trained.data["rehearsal"]} if "rehearsal" in trained.data else {}
    run = evaluator.run_of(prepared, weights)
    fits = any(
        isinstance(cell.spec, AccuracyRequirement) and cell.spec.fits(run.plain) for cell in cells
    )
    return possible(
        run,
        f"{row.label}, {run.weights['name']} on {rules.on}",
        tuple(cell.place for cell in cells),
        store.find(run),
        settings.fresh,
        (request, row.source),
        aside=not fits,
    )
