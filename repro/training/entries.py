"""What is to be trained for a printed table: the networks of its accuracies, and their recipes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.data.layout import Source, find
from repro.errors import ReproError, unknown
from repro.papers.protocol import Protocol, changed
from repro.papers.recipe_sources import Resolved, parsed
from repro.papers.study import COST, SPEED, Column, Row, Study, Table
from repro.papers.values import Size
from repro.plans import selection
from repro.records.runs import count_run
from repro.training import request
from repro.training.request import TrainingMachine, TrainingRequest

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
    run: TrainingRequest | None = None
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
    other = (None, "AP_gain", *COST, *SPEED)
    return [column for column in table.columns if column.metric not in other]


def entries(study: Study, table: Table, rows: Sequence[Row], wish: Wish) -> list[RowTraining]:
    """What is to be trained for these rows, or why nothing is."""
    if not columns(table):
        raise ReproError(f"{study.name} {table.name} prints no accuracy to train for.")
    found = []
    for row in rows:
        for (model, size), own in _networks(table, row):
            printed = {column.key: row.cells[column.key] for column in own}
            try:
                rules = {one.key: _rules(table, row, one, model, wish) for one in own}
                first = next(iter(rules.values()))
                chosen = request.size_of(model, first, None if wish.small else size, wish.small)
                count_run(model, chosen, first.keypoints, row.options)
                recipe = _recipe(study, table, row, model, first, chosen, wish)
                recipe = request.shortened(recipe) if wish.small else recipe
                recipe = recipe.changed("the command line", epochs=wish.epochs)
            except ReproError as error:
                found.append(RowTraining(row.label, model, printed, {}, why=str(error)))
                continue
            try:
                train, source = _sources(first, wish)
            except ReproError as error:
                why = f"{error} {error.hint}".strip()
                found.append(RowTraining(row.label, model, printed, {}, why=why, absent=error))
                continue
            run = TrainingRequest(
                model,
                chosen,
                recipe,
                first,
                train,
                None if wish.small else source,
                wish.out,
                dict(row.options),
                wish.machine,
                steps=request.SMOKE_STEPS if wish.small else None,
                variant=row.variant,
            )
            found.append(RowTraining(row.label, model, printed, rules, run, source, row.variant))
    return found


def _networks(table: Table, row: Row) -> Iterator[tuple[tuple[str, Size | None], list[Column]]]:
    """The networks of a row, each with the columns that print its accuracy."""
    found: dict[tuple[str, Size | None], list[Column]] = {}
    for column in columns(table):
        if column.key in row.cells:
            network = row.model or column.model or "", row.input or column.input
            found.setdefault(network, []).append(column)
    yield from found.items()


def _rules(table: Table, row: Row, column: Column, model: str, wish: Wish) -> Protocol:
    """How a network is evaluated for a column: as printed, if that can be done at home."""
    if row.cited is not None:
        raise ReproError(f"Cited: {row.cited}")
    printed = selection.protocol(table, row, column)
    if not wish.small and printed.evaluator != selection.SERVER:
        request.protocol_of(model, printed.dataset)
        return printed
    joints = "synth-crowdpose" if printed.keypoints == 14 else "synth"
    rules = request.protocol_of(model, joints if wish.small else printed.dataset)
    return rules if rules.bottom_up else changed(rules, decode=column.decode)


def _sources(rules: Protocol, wish: Wish) -> tuple[Source, Source | None]:
    """What is trained and evaluated on."""
    if wish.small and wish.data is not None:
        return find(wish.data, rules.dataset, "train"), find(wish.data, rules.dataset, "val")
    train = request.train_source(rules.dataset, wish.data, {})
    return train, request.evaluation_source(rules, wish.data, {})


def _recipe(
    study: Study, table: Table, row: Row, model: str, rules: Protocol, size: Size, wish: Wish
) -> Resolved:
    """A row's recipe: the network's own, the one that is wished for, or another of the study.

    With the loss or the fields of the row's variant, where it is trained in a way of its own. A
    ReproError where there is none.
    """
    loss = study.ablations.get(table.name, {}).get(row.label)
    fields = study.variants.get(row.variant, {})
    if row.variant and loss is None and not fields:
        raise ReproError(f"It is trained in a way of its own, {row.variant}, without a recipe.")
    first = "paper" if wish.mode == "paper" else "official"
    own = [name for name in study.recipes if model.startswith(name)]
    others = [name for name in study.recipes if name not in (*own, "official", "paper")]
    error: ReproError | None = None
    for name in dict.fromkeys((*own, first, "official", *others)):
        try:
            found = request.recipe_of(study, name, model, rules.dataset, size)
        except ReproError as problem:
            error = error or problem
            continue
        if fields:
            found = found.variant(f"the row `{row.label}`", **parsed(fields))
        if loss is not None:
            taught = request.parse_loss(loss)
            found = found.variant(f"the row `{row.label}`", loss=taught)
        return request.fitting_loss(found, model, loss)
    raise error or ReproError(f"{study.name} has no official recipe.")
