"""Judged cells and published tables as rich tables."""

from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from repro.papers.study import Table
from repro.report import text
from repro.report.grid import Grid, GridColumn, GridEntry, grid
from repro.report.printed_table import new_grid, title
from repro.verdicts.judge import Cell, summary
from repro.verdicts.kinds import KINDS


def judged(console: Console, table: Table, cells: Sequence[Cell]) -> None:
    """Print one table: the paper's value, ours and the sign in each selected cell."""
    layout = grid(table, cells)
    wide = _written(layout)
    idle = [column for column in layout.columns if column.judged and not column.measured]
    hidden = idle if any(column.measured for column in layout.columns) else []
    boundless = console.options.update(width=1000)
    if hidden and console.measure(wide, options=boundless).maximum > console.width:
        wide = _written(layout, hidden)
    else:
        hidden = []
    console.print(Group(title(table), wide))
    if hidden:
        names = ", ".join(column.heading for column in hidden)
        console.print(Text(f"not shown at this width, none of it run here: {names}", "dim"))
    console.print(Text(text.legend(cells), "dim"))
    for line in _reasons(layout):
        console.print(line)
    if layout.changes:
        console.print(Text(text.LADDER, "dim"), _ladder(layout.ladder))


def _ladder(steps: Sequence[Mapping[str, str]]) -> RichTable:
    table = new_grid()
    for name in steps[0]:
        table.add_column(name, justify="left" if name in ("from", "to") else "right", no_wrap=True)
    for step in steps:
        table.add_row(*step.values())
    return table


def _reasons(layout: Grid) -> list[Text]:
    """Why each cell that does not simply match got its verdict."""
    return [
        Text(f"{KINDS[kind].sign} ", style=KINDS[kind].colour)
        .append(f"{where}: ", style="bold")
        .append(reason, style="not dim")
        for kind, where, reason in layout.remarks
        if not KINDS[kind].usual
    ]


def totals(cells: Sequence[Cell]) -> Text:
    """`11 match · 1 near · 6 missing`."""
    line = Text()
    for kind, count in summary(cells).items():
        line.append(" · " if line else "").append(f"{count:,} {kind}", style=KINDS[kind].colour)
    return line


def _written(layout: Grid, hidden: Sequence[GridColumn] = ()) -> RichTable:
    columns = [column for column in layout.columns if column.judged and column not in hidden]
    table = new_grid()
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
        for part in column.parts[1:]:
            table.add_column(part, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True, width=1)
    for line in layout.lines:
        if line.judged:
            values = [_values(entry) for entry in line.entries if entry.column in columns]
            table.add_row(line.row.label, *(text for group in values for text in group))
    return table


def _values(entry: GridEntry) -> list[RenderableType]:
    sign = Text(entry.sign, KINDS[entry.cell.verdict.kind].colour if entry.cell else "")
    if not entry.column.measured:
        return [entry.printed, sign]
    delta = Text(entry.delta, "dim" if entry.cell else "")
    return [entry.printed, entry.ours, delta, sign]
