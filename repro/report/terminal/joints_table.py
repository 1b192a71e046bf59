"""The joints of an annotation file as a table: how often each is labelled, and where."""

from collections.abc import Iterable

from rich.console import RenderableType

from repro.data.own_check import JointCheck
from repro.report.printed_table import new_grid

HEADINGS = ("labelled", "share", "hidden", "outside", "OKS constant")


def shown(joints: Iterable[JointCheck]) -> RenderableType:
    """A row for each joint, numbered as in the sheet of persons."""
    grid = new_grid()
    grid.add_column("", justify="right", style="dim")
    grid.add_column("joint", no_wrap=True)
    for heading in HEADINGS:
        grid.add_column(heading, justify="right")
    grid.add_column("mirrored", style="dim")
    for number, one in enumerate(joints, start=1):
        grid.add_row(
            str(number),
            one.joint,
            f"{one.labelled:,}",
            f"{one.share:.0%}",
            f"{one.hidden:,}",
            f"{one.outside:,}",
            f"{one.sigma:g}",
            "" if one.mirror == one.joint else one.mirror,
        )
    return grid
