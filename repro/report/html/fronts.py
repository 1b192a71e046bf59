"""The front of a plot: the networks that no other beats in both coordinates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from repro.papers.metrics import METRICS
from repro.papers.study import Column
from repro.report.html.figures import Point
from repro.report.html.plot import Plot

Place = tuple[float, float]
"""of a point, along x and y"""


@dataclass(frozen=True, slots=True)
class Front:
    """Of the printed points of a plot, or of those that were measured."""

    kind: str
    """printed or ours"""
    points: tuple[Point, ...]
    """the cheapest first"""
    corners: tuple[Place, ...]
    """in the drawing"""

    @property
    def line(self) -> str:
        """The corners as SVG has them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.corners)

    @property
    def names(self) -> str:
        """Of its networks, with the colour that tells two of one name apart."""
        return ", ".join(f"{one.name} {one.colour}".strip() for one in self.points)


def fronts(plot: Plot) -> Iterator[Front]:
    """The front as printed, and by our measurements of what is along x, of two or more.

    Where no accuracy was measured, ours stands at the printed one.
    """
    panel = plot.panel
    printed = [(one, (one.x.printed, one.y.printed)) for one in panel.points]
    ours = [
        (one, (one.x.ours, one.y.printed if one.y.ours is None else one.y.ours))
        for one in panel.points
        if one.x.ours is not None
    ]
    for kind, placed in (("printed", printed), ("ours", ours)):
        if len(placed) > 1:
            chosen = [placed[one] for one in front([at for _, at in placed], panel.x, panel.y)]
            corners = _corners([at for _, at in chosen], plot)
            yield Front(kind, tuple(point for point, _ in chosen), corners)


def front(places: Sequence[Place], x: Column, y: Column) -> list[int]:
    """Which places no other beats: is at least as good in both coordinates, and better in one.

    The best along x first. Two points in one place are both on the front.
    """
    worths = [(_worth(at[0], x), _worth(at[1], y)) for at in places]
    kept = [
        number
        for number, own in enumerate(worths)
        if not any(one != own and one[0] >= own[0] and one[1] >= own[1] for one in worths)
    ]
    return sorted(kept, key=lambda number: (-worths[number][0], worths[number][1]))


def _worth(value: float, column: Column) -> float:
    """The value so that more is better."""
    return -value if METRICS[column.metric or ""].lower else value


def _corners(places: Sequence[Place], plot: Plot) -> tuple[Place, ...]:
    """What the networks up to each cost reach: along x, then up to the next."""
    corners: list[Place] = []
    for x, y in places:
        at = plot.x(x), plot.y(y)
        if corners:
            corners.append((at[0], corners[-1][1]))
        corners.append(at)
    return tuple(corners)
