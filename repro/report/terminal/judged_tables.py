"""Judged cells and published tables as rich tables."""

from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from repro.papers.study import Table
from repro.report import text
from repro.report.printed_table import new_grid, title
from repro.verdicts import ablation_steps, digits
from repro.verdicts.judge import Cell, summary

COLOURS = {
    "match": "green",
    "convention": "cyan",
    "near": "yellow",
    "off": "red",
    "unstable": "yellow",
    "missing": "dim",
    "cited": "dim",
    "unreproducible": "magenta",
}


def judged(console: Console, table: Table, cells: Sequence[Cell]) -> None:
    """Print one table: the paper's value, ours and the sign in each selected cell."""
    wide = _grid(table, cells, hide=())
    hidden = text.unmeasured(cells) if text.measured(cells) else []
    boundless = console.options.update(width=1000)
    if hidden and console.measure(wide, options=boundless).maximum > console.width:
        wide = _grid(table, cells, hide=[column.key for column in hidden])
    else:
        hidden = []
    console.print(Group(title(table), wide))
    if hidden:
        names = ", ".join(column.heading for column in hidden)
        console.print(f"[dim]not shown at this width, none of it run here: {escape(names)}[/]")
    console.print(f"[dim]{text.legend(cells)}[/]")
    for line in reasons(cells):
        console.print(line)
    steps = text.ladder(ablation_steps.steps(cells))
    if steps:
        console.print(f"[dim]{text.LADDER}[/]", _ladder(steps))


def _ladder(steps: Sequence[Mapping[str, str]]) -> Grid:
    grid = new_grid()
    for name in dict.fromkeys(key for step in steps for key in step):
        grid.add_column(name, justify="left" if name in ("from", "to") else "right", no_wrap=True)
    for step in steps:
        grid.add_row(*(Text(value) for value in step.values()))
    return grid


def reasons(cells: Sequence[Cell]) -> list[Text]:
    """Why each cell that does not simply match got its verdict."""
    return [
        Text(f"{text.SIGNS[kind]} ", style=COLOURS.get(kind, ""))
        .append(f"{where}: ", style="bold")
        .append(reason, style="not dim")
        for kind, where, reason in text.reasons(cells)
        if kind not in ("match", "cited")
    ]


def totals(cells: Sequence[Cell]) -> Text:
    """`11 match · 1 near · 6 missing`."""
    line = Text()
    for kind, count in summary(cells).items():
        line.append(" · " if line else "").append(f"{count:,} {kind}", style=COLOURS.get(kind, ""))
    return line


def _grid(table: Table, cells: Sequence[Cell], hide: Sequence[str]) -> Grid:
    found = {(cell.wanted.row.label, cell.wanted.column.key): cell for cell in cells}
    keys = {cell.wanted.column.key for cell in cells} - set(hide)
    columns = [column for column in table.columns if column.key in keys]
    measured = text.measured(cells)
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    for column in columns:
        grid.add_column(Text(column.heading), justify="right", no_wrap=True)
        if column.key in measured:
            grid.add_column("ours", justify="right", no_wrap=True)
            grid.add_column("Δ", justify="right", no_wrap=True)
        grid.add_column("", no_wrap=True, width=1)
    labels = list(dict.fromkeys(cell.wanted.row.label for cell in cells))
    for row in table.rows:
        if row.label in labels:
            values: list[RenderableType] = [Text(row.label)]
            for column in columns:
                cell = found.get((row.label, column.key))
                values += _values(row.cells.get(column.key, ""), cell, column.key in measured)
            grid.add_row(*values)
    return grid


def _values(printed: str, cell: Cell | None, measured: bool) -> list[RenderableType]:
    sign = Text()
    if cell is not None:
        kind = cell.verdict.kind
        sign = Text(text.SIGNS[kind], style=COLOURS.get(kind, ""))
    if not measured:
        return [Text(printed), sign]
    if cell is None:
        return [Text(printed), "", "", ""]
    return [Text(printed), digits.ours(cell), Text(digits.delta(cell), style="dim"), sign]
