"""Every network of all papers in one picture: accuracy against cost, and against time.

Only what is printed for the same images can be set side by side: the accuracies are those of COCO
val2017, from the tables that print one beside a network's MACs.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from repro.papers import study
from repro.papers.metrics import SPEED
from repro.papers.table import Column, Row
from repro.report.html.figures import SIZES, Coordinate, Panel, Point
from repro.report.html.fronts import front
from repro.report.html.plot import Canvas, Plot, plot
from repro.verdicts.judge import Cell

ON = ("coco", "val2017")
COST = Column("macs", "GMACs", "macs", "G")
TIME = Column("latency", "ms an image", "latency", "ms")
ACCURACY = Column("ap", "AP on COCO val2017", "AP", "%")
SIZE = Column("params", "parameters", "params", "M")
COST_CANVAS, TIME_CANVAS = Canvas(760, 420, 13.0), Canvas(430, 420, 13.0)
CAPTION = "Accuracy against cost, and against time"
Numbered = tuple[int, Cell]
"""a cell and its place in the report"""


@dataclass(frozen=True, slots=True)
class NetworksPlot:
    """The picture."""

    plots: Sequence[Plot]
    """against cost and against time, where there are points"""
    papers: Sequence[str]
    """those that have a network in it, each in a colour"""
    others: Sequence[str]
    """those that print no cost beside such an accuracy"""

    @property
    def key(self) -> Sequence[tuple[str, str]]:
        """Class and meaning of each sign; lines are `printed` and `ours`."""
        papers = [(f"theirs colour{place}", name) for place, name in enumerate(self.papers)]
        circles = [("theirs", "as printed"), ("filled", "as counted here"), *papers]
        return [*circles, ("printed", "beaten by no other in print"), ("ours", "by our counts")]


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A row that prints the accuracy."""

    row: Row
    cells: dict[str, list[Numbered]]
    """by metric"""

    @property
    def table(self) -> tuple[str, str]:
        """Study and name."""
        table = self.cells["AP"][0][1].wanted.table
        return table.study, table.name

    @property
    def paper(self) -> str:
        return self.table[0]

    @property
    def name(self) -> str:
        """Without the size of its input."""
        return SIZES.sub("", self.row.label).strip() or self.row.label

    @property
    def own(self) -> bool:
        """Whether its paper proposes it."""
        return study.load_study(self.paper).proposes(self.row.model)

    @property
    def identity(self) -> tuple[object, ...]:
        """The same in every table of a paper."""
        options = tuple(sorted((name, str(value)) for name, value in self.row.options.items()))
        return self.paper, self.row.model or self.row.label, self.row.input, options


def networks_plot(cells: Sequence[Cell]) -> NetworksPlot | None:
    """The networks in the cells of a report; None where none is printed with such figures."""
    rows = list(_rows(cells))
    panels = {COST_CANVAS: _panel(COST, ("macs",), rows), TIME_CANVAS: _panel(TIME, SPEED, rows)}
    drawn = [plot(panel, (), _foremost(panel, rows), canvas) for canvas, panel in panels.items()]
    plots = [one for one in drawn if one is not None]
    shown = list(dict.fromkeys(point.colour for one in plots for point in one.panel.points))
    every = dict.fromkeys(cell.wanted.table.study for cell in cells)
    others = [name for name in every if name not in shown]
    return NetworksPlot(plots, shown, others) if plots else None


def _rows(cells: Sequence[Cell]) -> Iterator[NetworkRow]:
    """The rows that print one accuracy, on COCO val2017."""
    found: dict[tuple[str, str, str], NetworkRow] = {}
    for number, cell in enumerate(cells):
        table, row = cell.wanted.table, cell.wanted.row
        network = found.setdefault((table.study, table.name, row.label), NetworkRow(row, {}))
        metric = cell.wanted.column.metric or ""
        network.cells.setdefault(metric, []).append((number, cell))
    for network in found.values():
        accuracies = network.cells.get("AP", ())
        if len(accuracies) == 1 and _on(accuracies[0][1]):
            yield network


def _on(cell: Cell) -> bool:
    table = cell.wanted.table
    protocol = study.load_study(table.study).protocols.get(table.protocol or "")
    return protocol is not None and (protocol.dataset, protocol.split) == ON


def _panel(x: Column, metrics: Collection[str], rows: Sequence[NetworkRow]) -> Panel:
    """The networks that print one of these metrics, each of a paper once."""
    sizes = {
        one.identity: one.cells["params"][0] for one in reversed(rows) if "params" in one.cells
    }
    points: dict[tuple[object, ...], Point] = {}
    for one in rows:
        along = [numbered for metric in metrics for numbered in one.cells.get(metric, ())]
        if along and one.identity in sizes and one.identity not in points:
            points[one.identity] = Point(
                one.name,
                one.own,
                one.paper,
                max(map(_along, along), key=lambda at: at.printed),
                _along(one.cells["AP"][0]),
                _along(sizes[one.identity]),
            )
    return Panel(x, ACCURACY, SIZE, tuple(points.values()), ())


def _along(numbered: Numbered) -> Coordinate:
    """A cell in its printed unit; a speed in milliseconds, of which ours is another machine's."""
    number, cell = numbered
    row, column, printed = cell.wanted.row, cell.wanted.column, cell.published
    if column.metric in SPEED:
        text = f"{printed.text} {column.unit}"
        return Coordinate(float(1000 * column.seconds(printed)), text, None, -1)
    scale = study.scale(row, column)
    ours = None if cell.measured is None else float(cell.measured.value / scale)
    return Coordinate(float(printed.value / scale), printed.text, ours, number)


def _foremost(panel: Panel, rows: Sequence[NetworkRow]) -> set[str]:
    """The networks that papers hold against others', and those that no other beats in print."""
    places = [(one.x.printed, one.y.printed) for one in panel.points]
    best = {panel.points[at].name for at in front(places, panel.x, panel.y)}
    compared = {one.table for one in rows if not one.own}  # an ablation has its paper's alone
    return best | {one.name for one in rows if one.own and one.table in compared}
