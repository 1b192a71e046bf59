"""A judged table as the rows and entries of its printed layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.papers import study
from repro.papers.conventions import GIGA
from repro.papers.study import COST, SPEED, Column, Row, Table
from repro.report import text
from repro.verdicts import ablation_steps, digits
from repro.verdicts.judge import Cell


@dataclass(frozen=True, slots=True)
class GridEntry:
    """What stands in one place of a table."""

    column: Column
    printed: str
    cite: str
    cell: Cell | None
    number: int
    """the cell's place among all cells of the report; -1 where nothing is judged"""

    @property
    def ours(self) -> str:
        return digits.ours(self.cell) if self.cell else ""

    @property
    def delta(self) -> str:
        return digits.delta(self.cell) if self.cell else ""


@dataclass(frozen=True, slots=True)
class GridLine:
    """One row, and the heading it begins a group of, if it does."""

    row: Row
    heading: str
    entries: tuple[GridEntry, ...]


@dataclass(frozen=True, slots=True)
class StepChange:
    """What one switch of an ablation changes in one column."""

    printed: str
    ours: str
    before: int
    after: int
    """places of the two cells among all cells of the report"""


@dataclass(frozen=True, slots=True)
class Grid:
    """One judged table."""

    table: Table
    slug: str
    lines: tuple[GridLine, ...]
    measured: frozenset[str]
    """keys of the columns that show ours beside the print"""
    ratios: tuple[str, ...]
    """keys of the columns of which ratios of rows make sense"""
    changes: Mapping[tuple[str, str], Mapping[str, StepChange]]
    """labels of the rows of a switch -> column key -> what changes"""
    facts: tuple[str, ...]
    remarks: tuple[tuple[str, str, str], ...]
    """verdict, cells, reason"""
    notes: tuple[str, ...]

    @property
    def changing(self) -> list[Column]:
        """The columns in which switches change something, in printed order."""
        keys = {key for changes in self.changes.values() for key in changes}
        return [column for column in self.table.columns if column.key in keys]

    @property
    def width(self) -> int:
        """How many columns the layout has."""
        return len(self.table.columns) + 2 * len(self.measured)


def grid(table: Table, cells: Sequence[Cell], first: int) -> Grid:
    """The layout of a table whose cells are the report's from number `first` on."""
    places = {
        (cell.wanted.row.label, cell.wanted.column.key): number
        for number, cell in enumerate(cells, start=first)
    }
    lines, group = [], None
    for row in table.rows:
        entries = tuple(_entry(row, column, cells, places, first) for column in table.columns)
        lines.append(GridLine(row, row.group or "" if row.group != group else "", entries))
        group = row.group
    return Grid(
        table,
        f"{table.study}-{table.name}",
        tuple(lines),
        frozenset(text.measured(cells)),
        tuple(one.key for one in table.columns if one.metric in (*COST, *SPEED)),
        _changes(cells, places),
        _facts(table),
        tuple(text.reasons(cells)),
        (*table.notes, *_notes(table)),
    )


def _entry(
    row: Row,
    column: Column,
    cells: Sequence[Cell],
    places: Mapping[tuple[str, str], int],
    first: int,
) -> GridEntry:
    number = places.get((row.label, column.key), -1)
    cell = cells[number - first] if number >= 0 else None
    return GridEntry(
        column, row.cells.get(column.key, ""), row.cites.get(column.key, ""), cell, number
    )


def _changes(
    cells: Sequence[Cell], places: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], dict[str, StepChange]]:
    found: dict[tuple[str, str], dict[str, StepChange]] = {}
    for step in ablation_steps.steps(cells):
        labels = (step.before.wanted.row.label, step.after.wanted.row.label)
        column = step.after.wanted.column
        before, after = (places[label, column.key] for label in labels)
        change = StepChange(*text.changes(step), before, after)
        found.setdefault(labels, {})[column.key] = change
    return found


def _facts(table: Table) -> tuple[str, ...]:
    protocol = study.load_study(table.study).protocols[table.protocol]
    counted = (
        f"{column.heading} are MACs by {column.convention}, {GIGA[column.giga]}"
        for column in table.columns
        if column.metric == "macs"
    )
    return (table.where, f"{protocol.metric} on {protocol.on}, {protocol.decode}", *counted)


def _notes(table: Table) -> list[str]:
    return [
        f"{row.label}, {table.column(key).heading} {row.cells.get(key, 'blank')}: {note}"
        for row in table.rows
        for key, note in row.notes.items()
    ]
