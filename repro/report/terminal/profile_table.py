"""What a profile of a network says, for a reader and as plain data."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.printed_table import new_grid

if TYPE_CHECKING:
    from repro.speed.measure.profiler import OperatorCost, Profile

FIRST = 15


def described(found: "Profile") -> dict[str, object]:
    """A profile as plain data; seconds of a forward pass."""
    return asdict(found)


def table(found: "Profile") -> RenderableType:
    """The operators and the modules that cost most."""
    modules = sorted(found.modules, key=lambda one: -one.own)
    head = (
        f"{1000 * found.undisturbed:.2f} ms a pass on {found.device}, "
        f"{found.slowdown:.2f} times as long under the profiler"
    )
    return Group(
        Text(head),
        _costs("operator", found.operators[:FIRST], found.seconds),
        Text(""),
        _costs("module", tuple(modules[:FIRST]), found.seconds),
    )


def _costs(what: str, costs: "tuple[OperatorCost, ...]", seconds: float) -> RenderableType:
    grid = new_grid()
    grid.add_column(what, no_wrap=True)
    for heading in ("calls", "own ms", "own %", "total ms"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for one in costs:
        label = f"{one.name or 'the model'} {one.kind}".strip()
        own = f"{1000 * one.own:.2f}"
        share = f"{100 * one.own / seconds:.0f}" if seconds else ""
        grid.add_row(label, f"{one.calls:g}", own, share, f"{1000 * one.total:.2f}")
    return grid
