"""Where the marks of a plot stand: pure geometry, in the units of the drawing."""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from repro.papers.metrics import COST
from repro.papers.study import Column
from repro.report.html.figures import Coordinate, Panel, Point

LEFT, RIGHT, TOP, BOTTOM = 40, 12, 14, 38
SMALLEST = 2.5
SEEN = 1.5
LETTER, LINE = 6.4, 13
"""width of a letter and height of a line of a label"""


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a plot is drawn on."""

    width: int = 440
    height: int = 320
    radius: float = 22.0
    """of the circle of the largest network"""


FIGURE = Canvas()
"""of a paper's own figures"""


@dataclass(frozen=True, slots=True)
class AxisScale:
    """From values to positions on one axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool

    def __call__(self, value: float) -> float:
        low, high, at = (self._of(one) for one in (self.low, self.high, value))
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 2)

    def _of(self, value: float) -> float:
        return math.log(value) if self.log else value

    @property
    def ticks(self) -> list[float]:
        """Round values on the axis: 1, 2, 5 of each power of ten, or equal steps."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            values = [step * 10.0**power for power in powers for step in (1, 2, 5)]
        else:
            step = _step((self.high - self.low) / 5)
            first = math.ceil(self.low / step)
            values = [number * step for number in range(first, math.floor(self.high / step) + 1)]
        return [value for value in values if self.low <= value <= self.high]


@dataclass(frozen=True, slots=True)
class Mark:
    """A network: the printed circle, ours, and the label."""

    point: Point
    x: float
    y: float
    radius: float
    ours_x: float
    ours_y: float
    ours_radius: float
    measured: bool
    """whether a coordinate or the size was measured"""
    named: bool
    """whether its name stands beside it; else it is told when one points at it"""
    label_x: float
    label_y: float
    anchor: str

    @property
    def apart(self) -> bool:
        """Whether the two circles are seen to stand in two places."""
        return math.dist((self.x, self.y), (self.ours_x, self.ours_y)) > SEEN


@dataclass(frozen=True, slots=True)
class Plot:
    """All that a drawing of a panel needs."""

    panel: Panel
    x: AxisScale
    y: AxisScale
    marks: tuple[Mark, ...]
    largest: float
    """the size that the largest circle stands for"""
    canvas: Canvas


def plot(
    panel: Panel,
    reach: Sequence[float] = (),
    names: Collection[str] | None = None,
    canvas: Canvas = FIGURE,
) -> Plot | None:
    """The geometry of a panel, None where it has no points.

    `reach`: further values that marks may move to along x, by other counting conventions. `names`:
    the networks whose names stand beside them, where it is not all.
    """
    points = panel.points
    if not points:
        return None
    across = [*_all(one.x for one in points), *reach]
    x = _scale(panel.x, across, LEFT, canvas.width - RIGHT)
    y = _scale(panel.y, _all(one.y for one in points), canvas.height - BOTTOM, TOP)
    largest = max(_all(one.size for one in points))
    circles = [_circle(one, x, y, largest, canvas) for one in points]
    return Plot(panel, x, y, _marks(points, circles, names, canvas), largest, canvas)


def _radius(size: float, largest: float, canvas: Canvas) -> float:
    """The radius of a circle whose area stands for a size."""
    return round(max(SMALLEST, canvas.radius * math.sqrt(size / largest)), 2)


def ticks(scale: AxisScale) -> list[tuple[str, float]]:
    """What is written on an axis, and where."""
    return [(f"{value:g}", scale(value)) for value in scale.ticks]


def _all(values: Iterable[Coordinate]) -> list[float]:
    return [one for value in values for one in (value.printed, value.ours) if one is not None]


def _scale(column: Column, values: Sequence[float], start: float, end: float) -> AxisScale:
    low, high, log = min(values), max(values), column.metric in COST
    if log:
        return AxisScale(low / 1.35, high * 1.35, start, end, log)
    room = (high - low) * 0.12 or max(1.0, abs(high) * 0.1)
    return AxisScale(low - room, high + room, start, end, log)


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(one * power for one in (1, 2, 5, 10) if one * power >= rough)


Box = tuple[float, float, float, float]
Circles = tuple[float, float, float, float, float, float]
"""x, y and radius as printed, and by ours"""


def _marks(
    points: Sequence[Point],
    circles: Sequence[Circles],
    names: Collection[str] | None,
    canvas: Canvas,
) -> tuple[Mark, ...]:
    boxes = [
        box
        for at_x, at_y, size, ours_x, ours_y, ours_size in circles
        for box in (_around(at_x, at_y, size * 0.7), _around(ours_x, ours_y, ours_size * 0.7))
    ]
    marks = []
    for point, circle in zip(points, circles, strict=True):
        measured = any(one.ours is not None for one in (point.x, point.y, point.size))
        named = names is None or point.name in names
        label_x, label_y, anchor, box = _label(point.name, circle, boxes, canvas)
        if named:
            boxes.append(box)
        marks.append(Mark(point, *circle, measured, named, label_x, label_y, anchor))
    return tuple(sorted(marks, key=lambda mark: -mark.radius))  # small circles on top of large


def _circle(point: Point, x: AxisScale, y: AxisScale, largest: float, canvas: Canvas) -> Circles:
    size = _radius(point.size.printed, largest, canvas)
    ours = [one.printed if one.ours is None else one.ours for one in (point.x, point.y, point.size)]
    own = x(ours[0]), y(ours[1]), _radius(ours[2], largest, canvas)
    return x(point.x.printed), y(point.y.printed), size, *own


def _label(
    name: str, circle: Circles, boxes: Sequence[Box], canvas: Canvas
) -> tuple[float, float, str, Box]:
    """The place beside a circle where a label overlaps the least."""
    x, y, size, *_ = circle
    width, gap = len(name) * LETTER, size + 3
    slant = size * 0.7 + 2
    places = [
        (x + gap, y + 4, "start"),
        (x - gap, y + 4, "end"),
        (x, y - gap, "middle"),
        (x, y + gap + 8, "middle"),
        (x + slant, y - slant, "start"),
        (x + slant, y + slant + 8, "start"),
        (x - slant, y - slant, "end"),
        (x - slant, y + slant + 8, "end"),
    ]
    choices = []
    for order, (at_x, at_y, anchor) in enumerate(places):
        left = at_x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        box = (left, at_y - LINE + 2, left + width, at_y + 2)
        cost = order + sum(_overlap(box, other) for other in boxes) + 40 * _outside(box, canvas)
        choices.append((cost, (round(at_x, 1), round(at_y, 1), anchor, box)))
    return min(choices)[1]


def _around(x: float, y: float, reach: float) -> Box:
    return x - reach, y - reach, x + reach, y + reach


def _overlap(box: Box, other: Box) -> float:
    wide = min(box[2], other[2]) - max(box[0], other[0])
    high = min(box[3], other[3]) - max(box[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def _outside(box: Box, canvas: Canvas) -> float:
    return (
        max(0.0, LEFT - box[0])
        + max(0.0, box[2] - (canvas.width - LETTER))
        + max(0.0, TOP - 10 - box[1])
        + max(0.0, box[3] - (canvas.height - BOTTOM))
    )
