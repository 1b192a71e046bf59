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
WIDE = 120
"""signs of a reason"""
QUIET = ("missing", "new")
"""calls of which a few examples do"""


def described(found: "PairedComparison") -> dict[str, object]:
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


def shown(found: "PairedComparison") -> RenderableType:
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


def results(found: change.Comparison) -> dict[str, object]:
    """A comparison of two sets as plain data; absent values are left out."""
    rows = [
        {key: value for key, value in asdict(one).items() if value not in (None, "")}
        for one in found.changes
    ]
    return {"a": found.a, "b": found.b, "changes": rows, "summary": found.summary}


def table(found: change.Comparison) -> RenderableType:
    """A comparison of two sets as a table of what is not the same, and its totals."""
    shown = chosen(found.changes, MANY, FEW)
    grid = new_grid()
    grid.add_column("", no_wrap=True)
    grid.add_column("", overflow="fold")
    for heading in ("A", "B", "B - A"):
        grid.add_column(heading, justify="right", no_wrap=True)
    grid.add_column("", no_wrap=True)
    grid.add_column("", overflow="fold", style="dim")
    for one in shown:
        call = Text(one.call, style=COLOURS.get(one.call, ""))
        cells = (one.kind, plain(one.cell), *values(one))
        grid.add_row(*map(Text, cells), call, Text(short(plain(one.reason))))
    lines = [Text(f"A {plain(found.a)}   B {plain(found.b)}")]
    left = sum(one.call != "same" for one in found.changes) - len(shown)
    tail = [Text(f"and {left} more; --json and --markdown have all", style="dim")] if left else []
    return Group(*lines, *([grid] if shown else []), *tail, Text(totals(found)))


def totals(found: change.Comparison) -> str:
    """`1 changed · 41 same`, and from which change on a speed counts."""
    counts = " · ".join(f"{n} {call}" for call, n in found.summary.items())
    least = (
        "" if found.least is None else f"; a speed counts as changed from {found.least:.1f} % on"
    )
    return (counts or "nothing in either") + least


def chosen(changes: tuple[Change, ...], many: int, few: int) -> list[Change]:
    """What is not the same, up to `many`; of what was run only before or after up to `few`."""
    seen: Counter[str] = Counter()
    found = []
    for one in changes:
        seen[one.call] += 1
        if one.call != "same" and (one.call not in QUIET or seen[one.call] <= few):
            found.append(one)
    return found[:many]


def values(one: Change) -> tuple[str, str, str]:
    """A, B and their difference as they are written."""
    a, b = (_value(one, value) for value in (one.a, one.b))
    if one.change is None:
        return a, b, ""
    if one.kind == "exact":
        return a, b, f"{one.change:+,}" if one.change else "="
    unit = " %" if one.kind == "speed" else ""
    bounds = "" if one.low is None or one.high is None else f" [{one.low:+.2f}, {one.high:+.2f}]"
    return a, b, f"{one.change:+.2f}{unit}{bounds}"


def plain(text: str) -> str:
    """Words from a file, without what would steer a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def short(text: str) -> str:
    """The beginning of a long reason."""
    return text if len(text) <= WIDE else f"{text[: WIDE - 2].rstrip()} …"


def _value(one: Change, value: change.Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return plain(value)
    if one.kind == "exact":
        return f"{value:,}"
    return f"{value:.2f}x" if one.kind == "speed" else f"{value:.2f}"
