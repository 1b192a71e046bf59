"""A comparison of two evaluations, for a reader and as plain data."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.report.printed import new_grid

if TYPE_CHECKING:
    from repro.evaluation.comparing import Comparison

COLOURS = {"better": "green", "worse": "red", "same": "dim"}


def described(found: "Comparison") -> dict[str, object]:
    """A comparison as plain data; per cent and points."""
    calls = found.calls()
    return {
        "a": found.names[0],
        "b": found.names[1],
        "unit": "%",
        "metrics": {
            name: {
                "a": found.metrics[0][name],
                "b": found.metrics[1][name],
                **asdict(one),
                "call": calls[name],
            }
            for name, one in found.differences.items()
        },
        "differing": {name: list(values) for name, values in found.rules.items()},
    }


def shown(found: "Comparison") -> RenderableType:
    """A comparison as a table."""
    grid = new_grid()
    for heading in ("", "A", "B", "B - A", "95 % interval", "p", ""):
        grid.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, call in found.calls().items():
        one = found.differences[name]
        first, second = (metrics[name] for metrics in found.metrics)
        grid.add_row(
            name,
            f"{first:.2f}",
            f"{second:.2f}",
            f"{one.value:+.2f}",
            f"{one.low:+.2f} to {one.high:+.2f}",
            f"{one.chance:.3f}",
            Text(call, style=COLOURS[call]),
        )
    lines = [f"A {found.names[0]}", f"B {found.names[1]}"]
    lines += [f"{name}: {a} in A, {b} in B" for name, (a, b) in sorted(found.rules.items())]
    return Group(grid, Text("\n".join(lines)))
