"""A comparison of two evaluations, or of two sets of results, for a reader and as plain data."""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from repro.comparing import change
from repro.comparing.change import Change
from repro.report.printed_table import new_grid

if TYPE_CHECKING:
    from repro.comparing.paired import PairedComparison

    pass

COLOURS = {
    "better": "green",
    "worse": "red",
    "changed": "red",
    "missing": "yellow",
    "incomparable": "yellow",
    "unstable": "yellow",
    "same": "dim",
}
MANY = 40
"""lines of a table on a terminal, and of those not run before or after"""
FEW = 5
QUIET = ("missing", "new")
"""calls of which a few examples do"""


def described(pair: "PairedComparison") -> dict[str, object]:
    """A comparison as plain data; per cent and points."""
    calls = pair.calls()
    return {
        "a": pair.names[0],
        "b": pair.names[1],
        "unit": "%",
        "metrics": {
            name: {
                "a": pair.metrics[0][name],
                "b": pair.metrics[1][name],
                **asdict(difference),
                "call": calls[name],
            }
            for name, difference in pair.differences.items()
        },
        "differing": {name: list(values) for name, values in pair.rules.items()},
    }


def shown(pair: "PairedComparison") -> RenderableType:
    """A comparison as a table."""
    grid = new_grid()
    for heading in ("", "A", "B", "B - A", "95 % interval", "p", ""):
        grid.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, call in pair.calls().items():
        difference = pair.differences[name]
        first, second = (metrics[name] for metrics in pair.metrics)
        grid.add_row(
            name,
            f"{first:.2f}",
            f"{second:.2f}",
            f"{difference.value:+.2f}",
            f"{difference.low:+.2f} to {difference.high:+.2f}",
            f"{difference.chance:.3f}",
            Text(call, style=COLOURS[call]),
        )
    lines = [f"A {pair.names[0]}", f"B {pair.names[1]}"]
    lines += [f"{name}: {a} in A, {b} in B" for name, (a, b) in sorted(pair.rules.items())]
    return Group(grid, *map(Text, lines))


def results(comparison: change.Comparison) -> dict[str, object]:
    """A comparison of two sets as plain data; absent values are left out."""
    rows = [
        {key: value for key, value in asdict(figure).items() if value not in (None, "")}
        for figure in comparison.changes
    ]
    return {"a": comparison.a, "b": comparison.b, "changes": rows, "summary": comparison.summary}


def table(comparison: change.Comparison) -> RenderableType:
    """A comparison of two sets as a table of what is not the same, and its totals."""
    figures = chosen(comparison.changes, MANY, FEW)
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    grid.add_column("", overflow="fold")
    for heading in ("A", "B", "B - A"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("", no_wrap=True)
    for figure in figures:
        call = Text(figure.call, style=COLOURS.get(figure.call, ""))
        grid.add_row(figure.kind, figure.cell, *values(figure), call)
    reasons = [
        Text(f"{figure.cell}: {figure.reason}", style="dim") for figure in figures if figure.reason
    ]
    lines = [Text(f"A {comparison.a}   B {comparison.b}")]
    left = sum(figure.call != "same" for figure in comparison.changes) - len(figures)
    tail = [Text(f"and {left} more; --json and --markdown have all", style="dim")] if left else []
    return Group(*lines, *([grid] if figures else []), *reasons, *tail, Text(totals(comparison)))


def totals(comparison: change.Comparison) -> str:
    """`1 changed · 41 same`, and from which change on a speed counts."""
    counts = " · ".join(f"{n} {call}" for call, n in comparison.summary.items())
    least = (
        ""
        if comparison.least is None
        else f"; a speed counts as changed from {comparison.least:.1f} % on"
    )
    return (counts or "nothing in either") + least


def chosen(changes: tuple[Change, ...], many: int, few: int) -> list[Change]:
    """What is not the same, up to `many`; of what was run only before or after up to `few`."""
    seen: Counter[str] = Counter()
    weighty = []
    for figure in changes:
        seen[figure.call] += 1
        if figure.call != "same" and (figure.call not in QUIET or seen[figure.call] <= few):
            weighty.append(figure)
    return weighty[:many]


def values(figure: Change) -> tuple[str, str, str]:
    """A, B and their difference as they are written."""
    a, b = (_value(figure, value) for value in (figure.a, figure.b))
    if figure.change is None:
        return a, b, ""
    if figure.kind == "exact":
        return a, b, f"{figure.change:+,}" if figure.change else "="
    unit = " %" if figure.kind == "speed" else ""
    bounds = (
        ""
        if figure.low is None or figure.high is None
        else f" [{figure.low:+.2f}, {figure.high:+.2f}]"
    )
    return a, b, f"{figure.change:+.2f}{unit}{bounds}"


def _value(figure: Change, value: change.Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if figure.kind == "exact":
        return f"{value:,}"
    return f"{value:.2f}x" if figure.kind == "speed" else f"{value:.2f}"
