"""The one layout of a judged table: its columns, rows and entries, for every medium to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.papers.metrics import COST, SPEED
from repro.papers.study import Row, Table
from repro.report import text
from repro.verdicts import ablation_steps, digits
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One printed column, and what stands under its heading."""

    key: str
    heading: str
    metric: str | None
    """None for a column of words"""
    judged: bool
    """whether a number of it is"""
    measured: bool
    """whether it shows ours beside the print"""

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns of the layout that it takes."""
        return ("paper", "ours", "Δ") if self.measured else ("",)


@dataclass(frozen=True, slots=True)
class GridEntry:
    """What stands in one place of a table."""

    column: GridColumn
    printed: str
    cite: str
    cell: Cell | None
    number: int
    """the cell's place among all cells of the report; -1 where nothing is judged"""

    @property
    def cited(self) -> str:
        """The print with whose number it is."""
        return f"{self.printed} [{self.cite}]" if self.cite else self.printed

    @property
    def ours(self) -> str:
        return digits.ours(self.cell) if self.cell else ""

    @property
    def delta(self) -> str:
        return digits.delta(self.cell) if self.cell else ""

    @property
    def sign(self) -> str:
        """Of the verdict; it stands after ours, or after the print where ours is not shown."""
        return KINDS[self.cell.verdict.kind].sign if self.cell else ""


@dataclass(frozen=True, slots=True)
class GridLine:
    """One row, and the heading it begins a group of, if it does."""

    row: Row
    heading: str
    entries: tuple[GridEntry, ...]

    @property
    def judged(self) -> bool:
        """Whether a number of it is."""
        return any(entry.cell for entry in self.entries)


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
    columns: tuple[GridColumn, ...]
    lines: tuple[GridLine, ...]
    changes: Mapping[tuple[str, str], Mapping[str, StepChange]]
    """labels of the rows of a switch -> column key -> what changes"""
    remarks: tuple[tuple[str, str, str], ...]
    """verdict, cells, reason"""

    @property
    def slug(self) -> str:
        """A name for links."""
        return f"{self.table.study}-{self.table.name}"

    @property
    def facts(self) -> tuple[str, ...]:
        """Where it is printed, on what its accuracies are, and how its MACs are counted."""
        return text.facts(self.table, "{} are MACs by {}, {}")

    @property
    def notes(self) -> tuple[str, ...]:
        """On the table and on single cells."""
        return text.notes(self.table, "{row}, {column} {printed}: {note}")

    @property
    def gains(self) -> list[str]:
        """What switches change in accuracy, and what of it may be noise."""
        return text.gains(self.table)

    @property
    def ratios(self) -> bool:
        """Whether ratios of rows make sense in one of its columns."""
        return any(column.metric in (*COST, *SPEED) for column in self.columns)

    @property
    def changing(self) -> list[GridColumn]:
        """The columns in which switches change something, in printed order."""
        keys = {key for changes in self.changes.values() for key in changes}
        return [column for column in self.columns if column.key in keys]

    @property
    def ladder(self) -> list[dict[str, str]]:
        """The steps of an ablation, one for each switch, as rows by heading."""
        rows = []
        for (before, after), changes in self.changes.items():
            row = {"from": before, "to": after}
            for column in self.changing:
                change = changes.get(column.key)
                row[column.heading] = change.printed if change else ""
                row[f"{column.heading} ours"] = change.ours if change else ""
            rows.append(row)
        return rows

    @property
    def width(self) -> int:
        """How many columns the layout has."""
        return sum(len(column.parts) for column in self.columns)


def grid(table: Table, cells: Sequence[Cell], first: int = 0) -> Grid:
    """The layout of a table whose judged cells are the report's from number `first` on."""
    places = {
        (cell.wanted.row.label, cell.wanted.column.key): number
        for number, cell in enumerate(cells, start=first)
    }
    judged = {key for _, key in places}
    measured = text.measured(cells)
    columns = tuple(
        GridColumn(one.key, one.heading, one.metric, one.key in judged, one.key in measured)
        for one in table.columns
    )
    lines, group = [], None
    for row in table.rows:
        entries = []
        for column in columns:
            number = places.get((row.label, column.key), -1)
            cell = cells[number - first] if number >= 0 else None
            printed, cite = row.cells.get(column.key, ""), row.cites.get(column.key, "")
            entries.append(GridEntry(column, printed, cite, cell, number))
        heading = row.group or "" if row.group != group else ""
        lines.append(GridLine(row, heading, tuple(entries)))
        group = row.group
    return Grid(table, columns, tuple(lines), _changes(cells, places), tuple(text.reasons(cells)))


def _changes(
    cells: Sequence[Cell], places: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], dict[str, StepChange]]:
    changes: dict[tuple[str, str], dict[str, StepChange]] = {}
    for step in ablation_steps.steps(cells):
        labels = (step.before.wanted.row.label, step.after.wanted.row.label)
        column = step.after.wanted.column
        before, after = (places[label, column.key] for label in labels)
        change = StepChange(*text.changes(step), before, after)
        changes.setdefault(labels, {})[column.key] = change
    return changes
