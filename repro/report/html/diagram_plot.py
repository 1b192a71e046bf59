"""Where the parts of a network stand in its drawing: pure geometry, in pixels.

Time runs to the right; a row is a resolution, the finest on top. What is joined at one resolution
at the same time stands in lanes of its row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.diagrams import diagram
from repro.diagrams.diagram import Diagram, NetworkPart
from repro.errors import ReproError
from repro.papers import pictures
from repro.papers.pictures import NetworkDrawing, PaperPicture

LEFT, TOP = 52, 12
"""margins; the names of the rows stand in the left one"""
HIGH, LANE = 36, 66
"""height of a box, and from lane to lane"""
GAP = 18
"""between columns"""
ROUND = 22
"""width of what joins"""
LETTER = 5.9
"""width of a letter"""
JOINS = ("+", "×", "σ")
ARC = 34
"""how far an arrow over other parts bends"""


@dataclass(frozen=True, slots=True)
class DiagramBox:
    """A part at its place; `x` and `y` are its left upper corner."""

    part: NetworkPart
    x: float
    y: float
    width: float
    height: float

    @property
    def joins(self) -> bool:
        """Whether it is drawn as a circle."""
        return self.part.kind in JOINS

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def facts(self) -> str:
        """How often it stands in a row, and the channels of what it gives."""
        return facts(self.part)


@dataclass(frozen=True, slots=True)
class DiagramPlot:
    """All that a drawing of a network needs."""

    boxes: Sequence[DiagramBox]
    arrows: Sequence[str]
    """paths of SVG"""
    rows: Sequence[tuple[str, float]]
    """resolutions, and where their names stand"""
    width: float
    height: float


def drawn(
    paper: str,
) -> list[tuple[PaperPicture, list[tuple[NetworkDrawing, DiagramPlot]]]]:
    """The drawings of a paper with ours; ReproError for a network whose diagram is not kept."""
    kept = diagram.read()
    found = []
    for picture in pictures.load(paper).pictures:
        for one in picture.drawings:
            if one.key not in kept:
                raise ReproError(
                    f"The diagram of `{one.key}` is not kept.",
                    "`python -m repro.diagrams.document` draws all that pictures.toml names.",
                )
        ours = [(one, diagram_plot(kept[one.key])) for one in picture.drawings]
        found.append((picture, ours))
    return found


def facts(part: NetworkPart) -> str:
    """`6× · 64 channels` in short."""
    channels = ", ".join(map(str, part.channels))
    return f"{part.count}× · {channels}" if part.count > 1 else channels


def diagram_plot(parts: Diagram) -> DiagramPlot:
    """The drawing of a network's parts."""
    columns, lanes = _columns(parts), _Lanes(parts)
    lefts, right = _lefts(parts, columns)
    boxes = []
    for part, column in zip(parts, columns, strict=True):
        first, last = lanes.of(part, column)
        width = _width(part)
        place = lefts[column][0] + (lefts[column][1] - width) / 2
        boxes.append((part, place, first, last, width))
    tops = lanes.tops()
    placed = [
        DiagramBox(part, x, tops[first], width, tops[last] - tops[first] + HIGH)
        for part, x, first, last, width in boxes
    ]
    arrows = [_arrow(placed[one], box, placed) for box in placed for one in box.part.sources]
    arrows += [_away(box) for box in placed if box.part.output]
    rows = [(_row_name(stride), tops[stride, 0] + HIGH / 2) for stride in lanes.strides]
    height = max(tops.values()) + HIGH + TOP
    return DiagramPlot(placed, arrows, rows, right + GAP, height)


class _Lanes:
    """The lanes of each resolution, taken in the order in which parts run."""

    def __init__(self, parts: Diagram) -> None:
        found = {stride for part in parts for stride in part.strides}
        self.strides = sorted(found, key=lambda stride: stride or 2**30)
        self.taken: dict[tuple[int, int], set[int]] = {(stride, 0): set() for stride in found}

    def of(self, part: NetworkPart, column: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first and the last lane of a part."""
        rows = sorted(set(part.strides), key=self.strides.index)
        if len(rows) > 1:
            for row in rows:
                self.taken[row, 0].add(column)
            return (rows[0], 0), (rows[-1], 0)
        lane = 0
        while column in self.taken.setdefault((rows[0], lane), set()):
            lane += 1
        self.taken[rows[0], lane].add(column)
        return (rows[0], lane), (rows[0], lane)

    def tops(self) -> dict[tuple[int, int], float]:
        """Where the boxes of each lane begin."""
        order = sorted(self.taken, key=lambda lane: (self.strides.index(lane[0]), -lane[1]))
        return {lane: TOP + ARC / 2 + place * LANE for place, lane in enumerate(order)}


def _columns(parts: Diagram) -> list[int]:
    """A column for each part: behind all it takes from, and right before what takes from it."""
    columns: list[int] = []
    for part in parts:
        columns.append(1 + max((columns[one] for one in part.sources), default=-1))
    for place in reversed(range(len(parts))):
        takers = [at for at, one in enumerate(parts) if place in one.sources]
        if takers and not parts[place].output:
            columns[place] = min(columns[at] for at in takers) - 1
    return columns


def _lefts(parts: Diagram, columns: Sequence[int]) -> tuple[list[tuple[float, float]], float]:
    """Where each column begins and how wide it is; and where the last ends."""
    lefts, at = [], float(LEFT)
    for column in range(max(columns) + 1):
        width = max(
            _width(one) for one, place in zip(parts, columns, strict=True) if place == column
        )
        lefts.append((at, width))
        at += width + GAP
    return lefts, at


def _width(part: NetworkPart) -> float:
    if part.kind in JOINS:
        return ROUND
    return max(46.0, round(LETTER * max(len(part.kind), len(facts(part))) + 10))


def _arrow(source: DiagramBox, to: DiagramBox, boxes: Sequence[DiagramBox]) -> str:
    """The way from a part to another; over those that stand between them."""
    x = source.x + source.width
    y, end = _meeting((source.y, source.y + source.height), (to.y, to.y + to.height))
    passed = (one for one in boxes if x < one.middle[0] < to.x)
    if y == end and any(one.y <= y <= one.y + one.height for one in passed):
        top = y - ARC * 4 / 3
        return f"M{x:g} {y:g}C{x + 18:g} {top:g} {to.x - 18:g} {top:g} {to.x:g} {end:g}"
    bend = min(30.0, (to.x - x) / 2)
    return f"M{x:g} {y:g}C{x + bend:g} {y:g} {to.x - bend:g} {end:g} {to.x:g} {end:g}"


def _meeting(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Where an arrow leaves one span of heights and enters another: level where they overlap."""
    top, bottom = max(one[0], other[0]), min(one[1], other[1])
    if top < bottom:
        return (top + bottom) / 2, (top + bottom) / 2
    down = other[0] >= one[1]
    edges = (one[1], other[0]) if down else (one[0], other[1])
    inwards = HIGH / 2 if down else -HIGH / 2
    return edges[0] - inwards, edges[1] + inwards


def _away(box: DiagramBox) -> str:
    """The arrow of what the network gives."""
    x, y = box.x + box.width, box.middle[1]
    return f"M{x:g} {y:g}h{GAP - 6:g}"


def _row_name(stride: int) -> str:
    return "1 × 1" if not stride else "1" if stride == 1 else f"1/{stride}"
