"""What a profile of a network says, for a reader and as plain data."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.printed_table import new_grid

if TYPE_CHECKING:
    from repro.speed.measure.profiler import OperatorCost, Profile

FIRST = 15


def described(profile: "Profile") -> dict[str, object]:
    """A profile as plain data; seconds of a forward pass."""
    return asdict(profile)


def table(profile: "Profile") -> RenderableType:
    """The operators and the modules that cost most."""
    modules = sorted(profile.modules, key=lambda cost: -cost.own)
    head = (
        f"{1000 * profile.undisturbed:.2f} ms a pass on {profile.device}, "
        f"{profile.slowdown:.2f} times as long under the profiler"
    )
    return Group(
        Text(head),
        _costs("operator", profile.operators[:FIRST], profile.seconds),
        Text(""),
        _costs("module", tuple(modules[:FIRST]), profile.seconds),
    )


def _costs(what: str, costs: "tuple[OperatorCost, ...]", seconds: float) -> RenderableType:
    grid = new_grid()
    grid.add_column(what, no_wrap=True)
    for heading in ("calls", "own ms", "own %", "total ms"):
        grid.add_column(heading, justify="right", no_wrap=True)
    for cost in costs:
        label = f"{cost.name or 'the model'} {cost.kind}".strip()
        alone = f"{1000 * cost.own:.2f}"
        share = f"{100 * cost.own / seconds:.0f}" if seconds else ""
        grid.add_row(label, f"{cost.calls:g}", alone, share, f"{1000 * cost.total:.2f}")
    return grid
