"""The networks of a plot that no other beats, in print and by our measurements."""

import re
from dataclasses import replace

import pytest

from repro.papers import study
from repro.report.html import figures, fronts, plot
from repro.report.html.figures import Coordinate, Panel, Point

TABLE = study.load_table("paper1", "table5")
AP, FPS, MACS = (TABLE.column(key) for key in ("ap", "fps_cpu", "gflops"))
PLACES = [(10.0, 60.0), (20.0, 65.0), (30.0, 64.0), (40.0, 70.0), (20.0, 64.0)]


def test_the_front_of_a_cost_and_that_of_a_rate() -> None:
    assert fronts.front(PLACES, MACS, AP) == [0, 1, 3]
    assert fronts.front(PLACES, FPS, AP) == [3]
    descending = [(10.0, 70.0), (20.0, 65.0), (30.0, 60.0), (29.0, 60.0)]
    assert fronts.front(descending, FPS, AP) == [2, 1, 0]
    assert fronts.front([(1.0, 1.0), (1.0, 1.0)], MACS, AP) == [0, 1]


def point(name: str, x: float, y: float, ours: float | None = None, colour: str = "") -> Point:
    size = Coordinate(1.0, "1", None, -1)
    return Point(
        name, False, colour, Coordinate(x, f"{x}", ours, -1), Coordinate(y, f"{y}", None, -1), size
    )


def drawn(points: tuple[Point, ...]) -> plot.Plot:
    found = plot.plot(Panel(MACS, AP, MACS, points, ()))
    assert found is not None
    return found


def test_printed_and_measured_points_have_fronts_of_their_own() -> None:
    points = (point("a", 1, 60, 5.0), point("b", 2, 65, 2.0), point("c", 4, 70), point("d", 4, 64))
    printed, ours = fronts.fronts(drawn(points))
    assert (printed.kind, printed.names) == ("printed", "a, b, c")
    assert (ours.kind, ours.names) == ("ours", "b")
    assert [one.kind for one in fronts.fronts(drawn(points[2:]))] == ["printed"]


def test_two_networks_of_one_name_are_two_points() -> None:
    points = (point("w48", 1, 60, colour="256x192"), point("w48", 2, 65, colour="384x288"))
    (front,) = fronts.fronts(drawn(points))
    assert front.names == "w48 256x192, w48 384x288"


def test_the_line_goes_along_the_cost_and_then_up() -> None:
    found = drawn((point("a", 1, 60), point("b", 2, 65), point("c", 4, 70)))
    (front,) = fronts.fronts(found)
    marks = {mark.point.name: (mark.x, mark.y) for mark in found.marks}
    a, b, c = (marks[name] for name in "abc")
    assert front.corners == (a, (b[0], a[1]), b, (c[0], b[1]), c)
    assert re.fullmatch(r"([\d.]+,[\d.]+ ?){5}", front.line)


@pytest.mark.parametrize(("paper", "number"), [("paper1", "5"), ("paper2", "4"), ("paper4", "6")])
def test_no_printed_network_of_the_papers_beats_one_on_the_front(paper: str, number: str) -> None:
    (figure,) = [one for one in figures.load(paper) if one.number == number]
    for panel in figures.draw(paper, figure, {}).panels:
        found = plot.plot(panel)
        assert found is not None
        (front,) = fronts.fronts(found)
        better = 1 if panel.x.metric == "fps" else -1
        values = {one: (better * one.x.printed, one.y.printed) for one in panel.points}
        for one, (x, y) in values.items():
            beaten = any(a >= x and b >= y and (a, b) != (x, y) for a, b in values.values())
            assert beaten != (one in front.points), (one.name, panel.x.key)
        moved = replace(front, points=front.points[:1])
        assert moved.names == front.names.split(", ")[0]
