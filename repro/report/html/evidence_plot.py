"""Published accuracies beside ours on real images, with our intervals: where the marks stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from repro.evidence.checks import NetworkCheck
from repro.report.evidence_table import EvidenceTable
from repro.report.html.plot import AxisScale

WIDTH = 620
LEFT, RIGHT = 250, 14
"""margins; the names of the networks stand in the left one"""
STEP, TOP, BOTTOM = 26, 10, 34
"""height of a row; room above the first and below the last"""


@dataclass(frozen=True, slots=True)
class EvidenceMark:
    """One network: ours with its interval, and the published figure where there is one."""

    name: str
    y: float
    value: float
    low: float
    high: float
    published: float | None


@dataclass(frozen=True, slots=True)
class EvidencePlot:
    """The networks of one set that have a figure here."""

    marks: Sequence[EvidenceMark]
    scale: AxisScale
    """from per cent to positions"""

    @property
    def height(self) -> int:
        """Of the drawing."""
        return TOP + STEP * len(self.marks) + BOTTOM


def evidence_plot(table: EvidenceTable) -> EvidencePlot | None:
    """The drawing of a set; None where no network has a figure on it."""
    figures = [one for line in table.lines for one in _figures(line.check)]
    if not figures:
        return None
    ends = [end for _, *numbers in figures for end in numbers if end is not None]
    room = max(1.0, 0.05 * (max(ends) - min(ends)))
    scale = AxisScale(min(ends) - room, max(ends) + room, LEFT, WIDTH - RIGHT, log=False)
    marks = [
        EvidenceMark(
            name,
            TOP + STEP * (place + 0.5),
            scale(value),
            scale(low),
            scale(high),
            None if published is None else scale(published),
        )
        for place, (name, value, low, high, published) in enumerate(figures)
    ]
    return EvidencePlot(marks, scale)


def _figures(check: NetworkCheck) -> list[tuple[str, float, float, float, float | None]]:
    """Name, ours, the ends of its interval, published; nothing for one without a figure of ours."""
    measured, figure = check.measured, check.network.figure
    if measured is None:
        return []
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    published = None if figure is None else float(figure.value)
    return [(check.network.label, float(measured.value), low, high, published)]
