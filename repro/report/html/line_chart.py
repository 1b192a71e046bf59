"""Values as lines over an axis: pure geometry, in the units of the drawing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.report.html.plot import AxisScale

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 54, 14, 20, 38
POINTS = 400
"""of a line; more could not be told apart"""
FEW = 8
"""labels of an axis"""
FAR = 30
"""times the least value from which on a scale is logarithmic"""
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One line of a chart."""

    name: str
    place: int
    """among the lines of its chart, which gives its colour"""
    path: str
    """for SVG's `points`"""
    last: float


@dataclass(frozen=True, slots=True)
class CurveDot:
    """A measured value with its interval."""

    x: float
    y: float
    low: float
    high: float
    text: str
    best: bool


@dataclass(frozen=True, slots=True)
class CurveChart:
    """All that a drawing of a chart needs."""

    title: str
    x_name: str
    x: AxisScale
    y: AxisScale
    lines: Sequence[CurveLine]
    dots: Sequence[CurveDot] = ()
    note: str = ""

    width: int = WIDTH
    height: int = HEIGHT

    @property
    def x_ticks(self) -> list[tuple[str, float]]:
        """What is written below, and where."""
        return _ticks(self.x)

    @property
    def y_ticks(self) -> list[tuple[str, float]]:
        """What is written to the left, and where."""
        return _ticks(self.y)


def line_chart(title: str, x_name: str, lines: Mapping[str, Points]) -> CurveChart | None:
    """A chart of lines by name; None where there is no point."""
    drawn = {name: points for name, points in lines.items() if points}
    if not drawn:
        return None
    across = [at for points in drawn.values() for at, _ in points]
    values = [value for points in drawn.values() for _, value in points]
    x = axis([0.0, *across], LEFT, WIDTH - RIGHT, False)
    y = axis(values, HEIGHT - BOTTOM, TOP, min(values) > 0 and max(values) > FAR * min(values))
    named = enumerate(drawn.items())
    return CurveChart(
        title, x_name, x, y, [line(name, place, points, x, y) for place, (name, points) in named]
    )


def line(name: str, place: int, points: Points, x: AxisScale, y: AxisScale) -> CurveLine:
    every = math.ceil(len(points) / POINTS)
    thinned = [*points[: -1 if len(points) > 1 else None : every], points[-1]]
    path = " ".join(f"{x(at):g},{y(value):g}" for at, value in thinned)
    return CurveLine(name, place, path, points[-1][1])


def axis(values: Sequence[float], start: float, end: float, log: bool) -> AxisScale:
    low, high = min(values), max(values)
    if log:
        return AxisScale(low / 1.15, high * 1.15, start, end, True)
    if low == high:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    room = 0.0 if start < end else (high - low) * 0.06  # none at the ends of time
    floor = 0.0 if min(values) >= 0 else -math.inf
    return AxisScale(max(low - room, floor), high + room, start, end, False)


def _ticks(scale: AxisScale) -> list[tuple[str, float]]:
    values = scale.ticks
    if len(values) > FEW:
        powers = [value for value in values if math.isclose(math.log10(value) % 1, 0, abs_tol=1e-9)]
        values = powers[:: math.ceil(len(powers) / FEW)] if len(powers) > 1 else values[::2]
    return [(_label(value), scale(value)) for value in values]


def _label(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
