"""The course of a training as line charts."""

from repro.report.html.line_chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    CurveChart,
    CurveDot,
    axis,
    line,
    line_chart,
)
from repro.report.html.plot import AxisScale
from repro.training.course import Evaluated, TrainingCourse
from repro.training.step_log import PACE, PLACE


def charts(course: TrainingCourse) -> list[CurveChart]:
    """Losses, learning rate, accuracy, gradient norm and pace, as far as they are known."""
    found = (_losses(course), _rates(course), _accuracy(course), *_paces(course))
    return [chart for chart in found if chart is not None]


def _losses(course: TrainingCourse) -> CurveChart | None:
    """The loss and its parts by step, and its mean over each epoch."""
    rows = course.rows
    parts = [name for name in rows[0] if name not in (*PLACE, *PACE, "loss")] if rows else []
    lines = {name: [(row["step"], row[name]) for row in rows] for name in ("loss", *parts)}
    lines["mean of each epoch"] = [(float(one.step), one.loss) for one in course.epochs]
    return line_chart("Loss", "step", lines)


def _rates(course: TrainingCourse) -> CurveChart | None:
    return line_chart(
        "Learning rate", "step", {"": [(row["step"], row["lr"]) for row in course.rows]}
    )


def _paces(course: TrainingCourse) -> list[CurveChart | None]:
    titles = dict(zip(PACE, ("Gradient norm", "Samples a second"), strict=True))
    return [
        line_chart(title, "step", {"": [(row["step"], row[name]) for row in course.rows]})
        for name, title in titles.items()
    ]


def _accuracy(course: TrainingCourse) -> CurveChart | None:
    """The main figure by epoch, with intervals where they are known; the best is marked."""
    best = course.best
    if best is None:
        return None
    known = [one for one in course.evaluations if one.metric == best.metric]
    values = [end for one in known for end in (one.value, one.low, one.high) if end is not None]
    x = axis([0.0, *(float(one.epoch) for one in known)], LEFT, WIDTH - RIGHT, False)
    y = axis(values, HEIGHT - BOTTOM, TOP, False)
    drawn = line("", 0, [(float(one.epoch), one.value) for one in known], x, y)
    dots = [_dot(one, one is best, x, y) for one in known]
    note = f"best {best.value:.1f} % after epoch {best.epoch:,}, step {best.step:,}"
    return CurveChart(f"{best.metric}, %", "epoch", x, y, (drawn,), dots, note)


def _dot(one: Evaluated, best: bool, x: AxisScale, y: AxisScale) -> CurveDot:
    low = one.value if one.low is None else one.low
    high = one.value if one.high is None else one.high
    text = f"epoch {one.epoch:,}: {one.value:.1f} % ({low:.1f} to {high:.1f})"
    return CurveDot(x(float(one.epoch)), y(one.value), y(low), y(high), text, best)
