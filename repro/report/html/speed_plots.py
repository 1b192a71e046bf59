"""Printed speeds beside those of one machine: as ratios to the fastest in print, and as orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from repro.papers import study
from repro.papers.metrics import SPEED
from repro.papers.study import Column, Row, Table
from repro.records.record import Record
from repro.records.requirements import SpeedRequirement
from repro.report.contents import ReportContents
from repro.report.html.plot import AxisScale
from repro.report.orders import threads
from repro.verdicts.judge import Cell

WIDTH = 440
LEFT, RIGHT = 132, 14
"""margins of the ratios; the labels of the rows stand in the left one"""
STEP, TOP, BOTTOM = 26, 10, 34
"""height of a row; room above the first and below the last"""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A network of a printed column, and how many times as long it takes as the fastest there."""

    name: str
    own: bool
    """whether the paper proposes it"""
    number: int
    """the cell's place in the report"""
    verdict: str
    printed: float
    value: float
    low: float
    """of the 95 % interval"""
    high: float


@dataclass(frozen=True, slots=True)
class RankedOrder:
    """What ranks the networks, and their ranks."""

    heading: str
    ranks: Mapping[str, int]
    """name -> 1 for the fastest"""


@dataclass(frozen=True, slots=True)
class Race:
    """A printed column of speeds against a timing of its networks."""

    table: Table
    column: Column
    reference: str
    """the fastest row in print"""
    entrants: Sequence[Entrant]
    orders: Sequence[RankedOrder]
    """those in print, and the measured one last"""
    record: Record

    @property
    def scale(self) -> AxisScale:
        """From ratios to positions."""
        ends = [end for one in self.entrants for end in (one.printed, one.low, one.high)]
        return AxisScale(min(ends) / 1.15, max(ends) * 1.15, LEFT, WIDTH - RIGHT, log=True)

    @property
    def height(self) -> int:
        """Of the drawing."""
        return TOP + STEP * len(self.entrants) + BOTTOM

    def row(self, rank: int) -> float:
        """Where a rank stands, or an entrant counted from 1."""
        return TOP + STEP * (rank - 0.5)

    def across(self, place: int) -> float:
        """Where an order counted from 1 stands; labels have the margins on both sides."""
        return LEFT + (WIDTH - 2 * LEFT) * (place - 1) / (len(self.orders) - 1)

    @property
    def facts(self) -> str:
        """See `conditions`."""
        return conditions(self.record)


def conditions(record: Record) -> str:
    """Where and how a record was timed, and how far equal networks seemed apart there."""
    spec, floor = record.spec, record.measurement("noise_floor")
    parts = [str(spec.get("machine", "an unnamed machine")), threads(spec.get("threads", "?"))]
    parts += [f"batch {spec['batch']}", "eager"]
    parts += [] if floor is None else [f"equal networks {float(floor.value):.1f} % apart (A/A)"]
    return " · ".join(parts)


def races(report: ReportContents) -> list[Race]:
    """Every printed column with at least two networks that one record timed together."""
    groups: dict[tuple[str, str, str, str], list[tuple[int, Cell]]] = {}
    for number, cell in enumerate(report.cells):
        wanted, measured = cell.wanted, cell.measured
        if isinstance(wanted.spec, SpeedRequirement) and measured is not None:
            key = wanted.table.study, wanted.table.name, wanted.column.key, measured.record
            groups.setdefault(key, []).append((number, cell))
    columns = (_race(cells, report.records[key[-1]]) for key, cells in groups.items())
    return [race for race in columns if len(race.entrants) > 1]


def _race(cells: Sequence[tuple[int, Cell]], record: Record) -> Race:
    table, column = cells[0][1].wanted.table, cells[0][1].wanted.column
    fastest = min((cell for _, cell in cells), key=_seconds)
    entrants = [one for number, cell in cells for one in _entrant(number, cell, fastest, record)]
    names = [one.name for one in entrants]
    rows = [row for row in table.rows if row.label in names]
    printed = [one for column in table.columns for one in _printed(table, column, rows)]
    measured = RankedOrder("here", _ranks({one.name: one.value for one in entrants}))
    return Race(table, column, fastest.wanted.row.label, entrants, [*printed, measured], record)


def _entrant(number: int, cell: Cell, fastest: Cell, record: Record) -> Iterable[Entrant]:
    network, rival = (_network(each) for each in (cell, fastest))
    ratio = record.measurement("ratio", of=f"{network} / {rival}")
    value, low, high = 1.0, 1.0, 1.0
    if network != rival:
        if ratio is None or ratio.low is None or ratio.high is None:
            return
        value, low, high = float(ratio.value), ratio.low, ratio.high
    row, printed = cell.wanted.row, float(_seconds(cell) / _seconds(fastest))
    proposed = study.load_study(cell.wanted.table.study).proposes(row.model)
    yield Entrant(row.label, proposed, number, cell.verdict.kind, printed, value, low, high)


def _printed(table: Table, column: Column, rows: Sequence[Row]) -> Iterable[RankedOrder]:
    """The order of a printed column, if that has a speed for each of the rows."""
    speeds = {row.label: table.published(row, column) for row in rows}
    known = {name: one for name, one in speeds.items() if one is not None}
    if column.metric in SPEED and len(known) == len(rows):
        seconds = {name: column.seconds(one) for name, one in known.items()}
        yield RankedOrder(column.heading, _ranks(seconds))


def _ranks(slow: Mapping[str, float | Fraction]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(sorted(slow, key=slow.__getitem__), 1)}


def _network(cell: Cell) -> str:
    assert isinstance(cell.wanted.spec, SpeedRequirement)
    return cell.wanted.spec.network


def _seconds(cell: Cell) -> Fraction:
    return cell.wanted.column.seconds(cell.published)
