"""A published table as printed."""

from collections.abc import Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.text import Text

from repro.papers import study
from repro.papers.study import Column, Row, Table
from repro.report import text
from repro.report.fitted_table import FittedTable


def printed(table: Table) -> RenderableType:
    """A published table as printed, with what its columns mean."""
    numbers = [column.label for column in table.columns if column.metric is not None]
    grid = new_grid(numbers[::-1])
    for column in table.columns:
        justify: JustifyMethod = "left" if column.metric is None else "right"
        grid.add_column(Text(column.label), justify=justify, overflow="fold")
    group = None
    for row in table.rows:
        if row.group != group:
            group = row.group
            grid.add_row(Text(group or "", style="italic"))
        grid.add_row(*(_printed(row, column) for column in table.columns))
    notes = text.notes(table, "{row}, {column}: {note}")
    return Group(title(table), grid, *(Text(f"note  {note}", style="dim") for note in notes))


def _printed(row: Row, column: Column) -> Text:
    cell = Text(row.cells.get(column.key, "–"))
    cite = row.cites.get(column.key)
    return cell.append(f" [{cite}]", style="dim") if cite else cell


def title(table: Table) -> Group:
    """Caption, protocol and counting rules of a table."""
    paper = study.load_study(table.study)
    protocol = paper.protocols[table.protocol]
    facts = [f"{protocol.metric} on {protocol.on}", *text.conventions(table, "{} = MACs by {}, {}")]
    heading = Text(f"{table.study} Table {table.number} · {table.caption}", style="bold")
    return Group(heading, Text(" · ".join(facts), style="dim"))


def new_grid(droppable: Sequence[str] = ()) -> FittedTable:
    """A borderless table; columns with these headings may be left out where there is no room."""
    return FittedTable(droppable)
