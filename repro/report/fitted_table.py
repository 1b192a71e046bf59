"""A table that breaks lines between words, and leaves out whole columns where there is no room."""

import copy
from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text


class FittedTable(Table):
    """A borderless table whose words and numbers stay whole wherever the terminal has room.

    `droppable` are the headings of columns that may be left out, the first ones first; which were
    stands below it. Where even so a line is too short, the cells of a row follow each other.
    """

    def __init__(self, droppable: Sequence[str] = ()) -> None:
        super().__init__(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        self.droppable = droppable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The rows, and what was left out."""
        fitting, dropped = self._fitting(console, options)
        if fitting is None:
            yield from self._rows_as_lines()
            return
        yield from Table.__rich_console__(fitting, console, options)
        if dropped:
            names = ", ".join(dropped)
            yield Text(f"not shown at this width: {names}; --json has all", style="dim")

    def _rows_as_lines(self) -> Iterator[Text]:
        """Each row as a line that may be wrapped, with its headings."""
        for row in zip(*(column.cells for column in self.columns), strict=True):
            line = Text(overflow="fold")
            for column, cell in zip(self.columns, row, strict=True):
                text = cell if isinstance(cell, Text) else Text(str(cell))
                if text.plain.strip():
                    line.append(" · " if line else "").append(f"{column.header} ".lstrip(), "bold")
                    line.append_text(text)
            yield line

    def _fitting(self, console: Console, options: ConsoleOptions) -> tuple[Table | None, list[str]]:
        """The table with columns of such widths, and the headings of those without room.

        None where what may not be left out has no room.
        """
        fitting, dropped = copy.copy(self), []
        columns = list(self.columns)
        for heading in (*self.droppable, None):
            most = [_widths(column, console) for column in columns]
            room = options.max_width - (len(columns) - 1)
            if heading is None or sum(least for least, _ in most) <= room:
                break
            columns = [one for one in columns if str(one.header) != heading]
            dropped.append(heading)
        fitting.columns = [copy.copy(column) for column in columns]
        left = room - sum(least for least, _ in most)
        if left < 0 and all(isinstance(one, str | Text) for of in columns for one in of.cells):
            return None, []
        wanted = sum(natural - least for least, natural in most)
        for column, (least, natural) in zip(fitting.columns, most, strict=True):
            if left >= 0 and column.width is None:
                column.width = least + min(
                    natural - least, left * (natural - least) // max(wanted, 1)
                )
        return fitting, dropped


def _widths(column: Column, console: Console) -> tuple[int, int]:
    """The longest word of a column, and its longest line."""
    boundless = console.options.update(width=10_000)
    cells = (column.header, *column.cells)
    found = [console.measure(cell, options=boundless) for cell in cells]
    natural = max(one.maximum for one in found)
    return natural if column.no_wrap else max(one.minimum for one in found), natural
