"""The printed figures, sorted by what they are figures of."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from repro.papers import study
from repro.papers.metrics import ACCURACY
from repro.papers.protocol import Protocol
from repro.papers.published import Published
from repro.papers.study import Column, Row, Study, Table, ThirdParty
from repro.papers.values import Size
from repro.plans import selection
from repro.records.record import Record
from repro.records.runs import CountRun
from repro.verdicts.audit.check import Quote

Find = Callable[[CountRun], Record | None]


@dataclass(frozen=True, slots=True)
class PrintedFigure:
    """One printed number."""

    quote: Quote
    metric: str
    printed: Published
    scale: int = 1
    """what one printed unit is"""
    convention: str | None = None
    """the rules that MACs follow"""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """What one row prints about one network under one protocol."""

    table: Table
    row: Row
    network: str
    """the same for the same network: model and options, or paper and label where it is cited"""
    input: Size | None
    protocol: Protocol
    figures: Mapping[str, PrintedFigure]
    """by metric; speeds by metric and device, `fps gpu`"""

    @property
    def accuracy(self) -> dict[str, PrintedFigure]:
        """The figures that an evaluation gives."""
        return {name: one for name, one in self.figures.items() if name in ACCURACY}

    @property
    def source(self) -> tuple[str, str]:
        """The names of paper and table."""
        return self.table.study, self.table.name

    @property
    def place(self) -> str:
        """`paper1 Table II`."""
        return f"{self.table.study} Table {self.table.number}"

    @property
    def size(self) -> str:
        """`256x192`, or nothing."""
        return "" if self.input is None else f"{self.input[0]}x{self.input[1]}"


@dataclass(frozen=True, slots=True)
class ThirdPartyFigure:
    """A figure that somebody else published for one of the networks."""

    figure: PrintedFigure
    third: ThirdParty


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that rules look at."""

    studies: Mapping[str, Study]
    tables: tuple[Table, ...]
    lines: tuple[PrintedLine, ...]
    third_party: tuple[ThirdPartyFigure, ...]
    find: Find
    """our count of a network, if there is a record of it"""

    def own(self, line: PrintedLine) -> bool:
        """Whether the row is of a network that its paper proposes."""
        return self.studies[line.table.study].proposes(line.network.partition(" ")[0])


def gather(tables: Iterable[Table], find: Find) -> Evidence:
    """The evidence of some tables and of their studies."""
    tables = tuple(tables)
    names = dict.fromkeys(table.study for table in tables)
    studies = {name: study.load_study(name) for name in names}
    lines = tuple(line for table in tables for row in table.rows for line in _lines(table, row))
    third_party = {
        (one.model, one.metric, one.value, one.input, one.on, one.decode): _third_party(paper, one)
        for paper in studies.values()
        for one in paper.third_party
    }
    return Evidence(studies, tables, lines, tuple(third_party.values()), find)


def quote(table: Table, row: Row, column: Column) -> Quote:
    """A cell as printed."""
    text = row.cells.get(column.key, "")
    where = f"Table {table.number}"
    return Quote(table.study, where, row.label, column.heading, text, table.name)


def quotes(figures: Iterable[PrintedFigure]) -> tuple[Quote, ...]:
    """Where some figures stand."""
    return tuple(one.quote for one in figures)


def _lines(table: Table, row: Row) -> list[PrintedLine]:
    """The lines of a row: one for each network and decoding that its columns name."""
    parts: dict[tuple[object, ...], list[Column]] = {}
    for column in table.columns:
        if column.metric is not None and table.published(row, column) is not None:
            parts.setdefault((column.model, column.input, column.decode), []).append(column)
    return [_line(table, row, columns) for columns in parts.values()]


def _line(table: Table, row: Row, columns: Sequence[Column]) -> PrintedLine:
    first = columns[0]
    model, size = row.model or first.model, row.input or first.input
    options = json.dumps(row.options, sort_keys=True) if row.options else ""
    network = f"{model} {options}".strip() if model else f"{table.study}: {row.label}"
    figures = {}
    for column in columns:
        printed = table.published(row, column)
        key = f"{column.metric} {column.device or ''}".strip()
        if printed is not None:
            rules = study.convention(row, column) if column.metric == "macs" else None
            quoted = quote(table, row, column)
            figures[key] = PrintedFigure(quoted, key, printed, study.scale(row, column), rules)
    return PrintedLine(table, row, network, size, selection.protocol(table, row, first), figures)


def _third_party(paper: Study, third: ThirdParty) -> ThirdPartyFigure:
    printed = third.published
    if printed is None:
        raise ValueError(third.value)
    source = Quote(paper.name, third.source, third.model, third.metric, third.value)
    return ThirdPartyFigure(
        PrintedFigure(source, third.metric, printed, third.giga, third.convention), third
    )
