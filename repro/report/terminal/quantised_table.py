"""A network in int8 against itself in floats, for a reader."""

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.printed_table import new_grid
from repro.report.quantised_rows import HEADINGS, LayerGroup, QuantisedRow


def table(row: QuantisedRow) -> RenderableType:
    """The row, what there is to know of it, and its groups of layers."""
    shown = [(name, cell) for name, cell in zip(HEADINGS, row.cells, strict=True) if cell]
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    for name, _ in shown:
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_row(Text(f"{row.name} → {row.file}"), *(Text(cell) for _, cell in shown))
    facts = [Text(fact, style="dim") for fact in (row.how, *row.facts)]
    return Group(grid, *facts, layers(row.groups))


def layers(groups: tuple[LayerGroup, ...]) -> RenderableType:
    """How far each group of layers is off, with the layer that is farthest."""
    grid = new_grid()
    grid.add_column("group of layers", no_wrap=True)
    for name in ("layers", "off by", "at most"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("the farthest off", no_wrap=True, style="dim")
    for one in groups:
        grid.add_row(one.name, str(one.layers), one.rms, one.largest, Text(one.worst))
    return grid
