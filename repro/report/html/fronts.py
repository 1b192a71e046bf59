"""The front of a plot: the networks that no other beats in both coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.papers.metrics import METRICS
from repro.papers.study import Column
from repro.report.html.plot import Plot

Value = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Front:
    """Of the printed points of a plot, or of those that were measured."""

    kind: str
    """printed or ours"""
    names: tuple[str, ...]
    """the cheapest first"""
    steps: tuple[Value, ...]
    """its corners in the drawing"""

    @property
    def line(self) -> str:
        """The corners as SVG has them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.steps)


def fronts(plot: Plot) -> list[Front]:
    """The front as printed, and by our measurements of what is along x, of two or more.

    Where no accuracy was measured, ours stands at the printed one.
    """
    panel = plot.panel
    printed = {one.name: (one.x.printed, one.y.printed) for one in panel.points}
    ours = {
        one.name: (one.x.ours, one.y.printed if one.y.ours is None else one.y.ours)
        for one in panel.points
        if one.x.ours is not None
    }
    found = []
    for kind, values in (("printed", printed), ("ours", ours)):
        if len(values) > 1:
            names = front(values, panel.x, panel.y)
            found.append(Front(kind, names, _steps([values[name] for name in names], plot)))
    return found


def front(places: dict[str, Value], x: Column, y: Column) -> tuple[str, ...]:
    """The names of the points than which none is better in one and at least as good in the other.

    In the order of x, the best first. Two points in one place are both on the front.
    """
    best = {name: (_worth(at[0], x), _worth(at[1], y)) for name, at in places.items()}
    kept = [
        name for name, own in best.items() if not any(_beats(one, own) for one in best.values())
    ]
    return tuple(sorted(kept, key=lambda name: (-best[name][0], best[name][1])))


def _worth(value: float, column: Column) -> float:
    """The value so that more is better."""
    return -value if METRICS[column.metric or ""].lower else value


def _beats(one: Value, other: Value) -> bool:
    return one != other and one[0] >= other[0] and one[1] >= other[1]


def _steps(values: Sequence[Value], plot: Plot) -> tuple[Value, ...]:
    """What the networks up to each cost reach: along x, then up to the next."""
    corners: list[Value] = []
    for x, y in values:
        at = plot.x(x), plot.y(y)
        if corners:
            corners.append((at[0], corners[-1][1]))
        corners.append(at)
    return tuple(corners)
