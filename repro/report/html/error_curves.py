"""The curves of joints as line charts, those of left and right together."""

from collections.abc import Iterator, Sequence

from repro.diagnosis.findings import ErrorFindings, JointCurve
from repro.diagnosis.joint_curves import PCK, SIMILARITY
from repro.papers.skeletons import words
from repro.report.html import line_chart
from repro.report.html.line_chart import CurveChart, CurveDot, CurveLine
from repro.report.html.plot import AxisScale

X_NAMES = {SIMILARITY: "similarity of at least", PCK: "distance of at most, in sizes of the person"}
EVERY = 4
"""thresholds between two intervals that are drawn"""
OWN_SIDES = ("left", "right")


def charts(found: ErrorFindings, measure: str) -> list[CurveChart]:
    """A chart for each part of the body; those that are never labelled are left out."""
    parts: dict[str, list[JointCurve]] = {}
    for one in found.curves:
        if one.measure == measure and any(side.values for side in one.sides):
            name = " ".join(word for word in words(one.joint) if word not in OWN_SIDES)
            parts.setdefault(name or one.joint, []).append(one)
    return [_chart(name, joints, measure) for name, joints in parts.items()]


def _chart(name: str, joints: Sequence[JointCurve], measure: str) -> CurveChart:
    right, bottom = line_chart.WIDTH - line_chart.RIGHT, line_chart.HEIGHT - line_chart.BOTTOM
    x = AxisScale(0, joints[0].thresholds[-1], line_chart.LEFT, right, log=False)
    y = AxisScale(0, 100, bottom, line_chart.TOP, log=False)
    lines, dots = [], []
    for place, (label, thresholds, values, low, high) in enumerate(_drawn(joints)):
        points = list(zip(thresholds, values, strict=True))
        path = " ".join(f"{x(at):g},{y(value):g}" for at, value in points)
        lines.append(CurveLine(label, place, path, values[-1]))
        ends = list(zip(points, low, high, strict=False))[EVERY - 1 :: EVERY]
        dots += [
            CurveDot(
                x(at),
                y(value),
                y(least),
                y(most),
                f"{label} at {at:g}: {value:.1f} % ({least:.1f} to {most:.1f})".strip(),
                best=False,
            )
            for (at, value), least, most in ends
        ]
    return CurveChart(f"{name}, %", X_NAMES[measure], x, y, lines, dots)


def _drawn(
    joints: Sequence[JointCurve],
) -> Iterator[tuple[str, Sequence[float], Sequence[float], Sequence[float], Sequence[float]]]:
    """Name, thresholds, values and intervals of each line."""
    for one in joints:
        for letter, side in zip("AB", one.sides, strict=False):
            own = next((word for word in words(one.joint) if word in OWN_SIDES), "")
            whose = letter if len(one.sides) > 1 else ""
            if side.values:
                yield f"{own} {whose}".strip(), one.thresholds, side.values, side.low, side.high
