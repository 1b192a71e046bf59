"""The papers' plots as points: printed, and ours where a coordinate was measured.

`tables/paperN/figures.toml` says of each figure of which table its points are the rows, and which
columns are its axes. `table5.fps_cpu` is the column of another table, or of what the text states
beside them, at the row of the same network and input.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from repro import schema
from repro.errors import ReproError
from repro.papers import folders, lookup, study
from repro.papers.study import Column, Row, Table
from repro.verdicts.judge import Cell

SIZES = re.compile(r"\s*\b\d+[x×]\d+\b")


@dataclass(frozen=True, slots=True)
class PaperPlot:
    """One plot of a paper."""

    number: str
    caption: str
    where: str
    table: str
    """the table whose rows are the points"""
    x: tuple[str, ...]
    """columns, a panel for each"""
    y: str
    size: str
    """the column that the area of the circles stands for"""
    colour: str | None = None
    """a label column of the table; its values get colours of their own"""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _PlotFile:
    figures: tuple[PaperPlot, ...]


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One coordinate of a point, in the printed unit."""

    printed: float
    text: str
    ours: float | None
    number: int
    """the cell's place in the report; -1 where it has none"""


@dataclass(frozen=True, slots=True)
class Point:
    """A network in a plot."""

    name: str
    own: bool
    """whether the paper proposes it"""
    colour: str
    x: Coordinate
    y: Coordinate
    size: Coordinate


@dataclass(frozen=True, slots=True)
class Panel:
    """A plot against one column."""

    x: Column
    y: Column
    size: Column
    points: tuple[Point, ...]
    absent: tuple[str, ...]
    """rows that print no such number"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its points."""

    figure: PaperPlot
    panels: tuple[Panel, ...]
    colours: tuple[str, ...]


Places = Mapping[tuple[str, str, str, str], tuple[int, Cell]]
"""study, table, row and column -> a cell and its place in the report"""


def load(paper: str) -> tuple[PaperPlot, ...]:
    """The figures of the study of exactly that name, none if it lists none."""
    path = folders.study_folder(paper) / "figures.toml"
    name = f"{paper}/figures.toml"
    if not path.exists():
        return ()
    return schema.read(_PlotFile, schema.toml(path, name), name).figures


def draw(paper: str, figure: PaperPlot, places: Places) -> Drawn:
    """The points of a figure; raise ReproError where it names what is not there."""
    try:
        panels = tuple(_panel(paper, figure, name, places) for name in figure.x)
    except ReproError as error:
        where = f"{paper}/figures.toml, figure {figure.number}"
        raise ReproError(f"{where}: {error}", error.hint) from error
    colours = dict.fromkeys(point.colour for panel in panels for point in panel.points)
    return Drawn(figure, panels, tuple(name for name in colours if name))


def _panel(paper: str, figure: PaperPlot, x: str, places: Places) -> Panel:
    table = _table(paper, figure.table)
    axes = [_axis(table, name) for name in (x, figure.y, figure.size)]
    for _, column in axes:
        if column.metric is None:
            raise ReproError(f"`{column.key}` is a column of words.", "An axis needs numbers.")
    colour = lookup.find_column(table, figure.colour).key if figure.colour else ""
    proposes = study.load_study(paper).proposes
    points, absent = [], []
    for row in table.rows:
        name = SIZES.sub("", row.label).strip() or row.label
        values = [_value(table, row, other, column, places) for other, column in axes]
        known = [value for value in values if value is not None]
        if len(known) == len(values):
            points.append(Point(name, proposes(row.model), row.cells.get(colour, ""), *known))
        else:
            absent.append(row.label)
    return Panel(axes[0][1], axes[1][1], axes[2][1], tuple(points), tuple(absent))


def _table(paper: str, name: str) -> Table:
    """A table, or what the text states beside the tables, `figureK.toml`."""
    if name.startswith("figure"):
        return study.load_table(paper, name)
    return lookup.find_table(study.load_study(paper), name)


def _axis(table: Table, name: str) -> tuple[Table, Column]:
    other, dot, key = name.rpartition(".")
    holder = _table(table.study, other) if dot else table
    return holder, lookup.find_column(holder, key)


def _value(
    table: Table, row: Row, other: Table, column: Column, places: Places
) -> Coordinate | None:
    source = _same(row, other, column) if other is not table else row
    printed = other.published(source, column) if source else None
    if source is None or printed is None:
        return None
    scale = study.scale(source, column)
    number, cell = places.get((other.study, other.name, source.label, column.key), (-1, None))
    measured = cell.measured if cell else None
    ours = None if measured is None else float(measured.value / scale)
    return Coordinate(float(Fraction(printed.value) / scale), printed.text, ours, number)


def _same(row: Row, other: Table, column: Column) -> Row | None:
    """The row of another table that prints a column for the same network at the same input."""
    network = (row.model, row.input, dict(row.options))
    for candidate in other.rows:
        alike = (candidate.model, candidate.input, dict(candidate.options)) == network
        if alike and row.model is not None and column.key in candidate.cells:
            return candidate
    return None
