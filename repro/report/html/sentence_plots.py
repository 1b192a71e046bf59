"""What the papers' equations and schedules do, as charts and as maps of weights.

`repro.equations` gives the values, `pictures.toml` the sentences beside them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from repro.equations import soft_argmax, weights
from repro.errors import unknown
from repro.papers import pictures, recipe_sources, study
from repro.papers.pictures import SentencePlot
from repro.report.html.line_chart import CurveChart, Points, line_chart
from repro.training.schedule import rate_spans

HEIGHTS = [0.0001, 0.001, 0.005, 0.01, *(step / 50 for step in range(1, 51))]
"""values of the ground truth"""
BETAS = (1, 2, 4, 8, 16, 40, 80, 120, 160, 200)
AROUND = 9
"""pixels to each side of the joint"""
SIDE = 13
"""pixels across the square that a joint is drawn in top-down: 6 sigma + 1"""
SHADES = 12
NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class WeightMap:
    """A square of pixels around a joint: the shades of grey, each with the path of its pixels."""

    title: str
    shades: Sequence[tuple[float, str]]
    """opacity and path, a pixel being a unit"""
    ends: tuple[float, float]
    """the least and the largest value, without a shade and of the full one"""

    @property
    def side(self) -> int:
        """Pixels across."""
        return 2 * AROUND + 1


@dataclass(frozen=True, slots=True)
class ShownPlot:
    """A sentence with what is drawn beside it."""

    sentence: SentencePlot
    charts: Sequence[CurveChart] = ()
    maps: Sequence[WeightMap] = ()


def shown(paper: str) -> list[ShownPlot]:
    """The plots of a paper; ReproError for one that there is not."""
    found = []
    for sentence in pictures.load(paper).plots:
        if sentence.shows not in PLOTS:
            raise unknown("plot", sentence.shows, PLOTS)
        drawn = PLOTS[sentence.shows](paper)
        charts = [one for one in drawn if isinstance(one, CurveChart)]
        if sentence.against:
            charts += _printed(paper, sentence.against)
        maps = [one for one in drawn if isinstance(one, WeightMap)]
        found.append(ShownPlot(sentence, charts, maps))
    return found


def _lines(title: str, x_name: str, lines: Mapping[str, Points]) -> list[CurveChart]:
    chart = line_chart(title, x_name, lines)
    return [chart] if chart else []


def _generated_weights(paper: str) -> list[CurveChart]:
    lines = {
        f"F(x) = {_raised(name)}": [
            (h, weights.against_background(h, name)) for h in [0.0, *HEIGHTS]
        ]
        for name in weights.FUNCTIONS
    }
    return _lines("Weight of a pixel, as a multiple of the background’s", "H", lines)


def _generated_maps(paper: str) -> list[WeightMap]:
    values = {"H, the ground truth": lambda h: h} | {
        f"weight, F(x) = {_raised(name)}": partial(weights.generated, function=name)
        for name in ("x", "x^2")
    }
    return [_map(title, value, SIDE) for title, value in values.items()]


def _raised(function: str) -> str:
    return function.replace("^2", "²").replace("^x", "ˣ")


def _adaptive_weights(paper: str) -> list[CurveChart]:
    lines = {
        "at the start, P = 0": [(h, weights.adaptive(0, h)) for h in HEIGHTS],
        "once it is right, P = H": [(h, weights.adaptive(h, h)) for h in HEIGHTS],
        "P = H, with τ = 1": [(h, weights.adaptive(h, h, 1)) for h in HEIGHTS],
    }
    return _lines("Weight W of a pixel, τ = 0.01", "H", lines)


def _adaptive_maps(paper: str) -> list[WeightMap]:
    return [
        _map("H, the ground truth", lambda h: h, weights.WINDOW),
        _map("W at the start, P = 0", partial(weights.adaptive, 0), weights.WINDOW),
        _map("W once it is right, P = H", lambda h: weights.adaptive(h, h), weights.WINDOW),
    ]


def _soft_argmax(paper: str) -> list[CurveChart]:
    found = {beta: soft_argmax.soft(beta) for beta in BETAS}
    common = soft_argmax.hard()
    lines = {
        "soft-argmax": [(beta, one.alone) for beta, one in found.items()],
        "soft-argmax + quarter": [(beta, one.quarter) for beta, one in found.items()],
        "argmax": [(beta, common.alone) for beta in (BETAS[0], BETAS[-1])],
        "argmax + quarter, “Common”": [(beta, common.quarter) for beta in (BETAS[0], BETAS[-1])],
    }
    return _lines("Mean error on ideal maps, in heatmap pixels", "β", lines)


def _learning_rate(paper: str) -> list[CurveChart]:
    loaded = study.load_study(paper)
    recipe = recipe_sources.resolve(paper, loaded.recipes, "paper").recipe
    points = [
        (float(at), span.rate)
        for span in rate_spans(recipe)
        for at in (span.passes, span.passes + span.last - span.first)
    ]
    return _lines("Learning rate", "epochs of all stages together", {"": points})


PLOTS: Mapping[str, Callable[[str], Sequence[CurveChart | WeightMap]]] = {
    "generated weights": _generated_weights,
    "generated maps": _generated_maps,
    "adaptive weights": _adaptive_weights,
    "adaptive maps": _adaptive_maps,
    "soft-argmax": _soft_argmax,
    "learning rate": _learning_rate,
}
"""what `shows` names -> the drawings for a paper"""


def _printed(paper: str, name: str) -> list[CurveChart]:
    """What a table prints against its first column of numbers: means over its rows."""
    table = study.load_table(paper, name)
    base, *others = (column for column in table.columns if column.metric)
    rows = [row for row in table.rows if base.key in row.cells]
    points = []
    for column in others:
        number = NUMBER.search(column.label)
        pairs = [(table.published(row, column), table.published(row, base)) for row in rows]
        apart = [float(one.value - other.value) for one, other in pairs if one and other]
        if number and apart:
            points.append((float(number[0]), sum(apart) / len(apart)))
    title = f"Table {table.number} as printed: {base.metric} less that of {base.label}"
    return _lines(f"{title}, mean of {len(rows)} networks", "β", {"": points})


def _map(title: str, weight: Callable[[float], float], side: int) -> WeightMap:
    """The weights around a joint; outside the square that it is drawn in, H is 0."""
    reach = range(-AROUND, AROUND + 1)
    inside = side // 2
    values = {
        (x, y): weight(
            weights.gaussian((x * x + y * y) ** 0.5) if max(abs(x), abs(y)) <= inside else 0.0
        )
        for y in reach
        for x in reach
    }
    low, high = min(values.values()), max(values.values())
    shades: dict[int, list[str]] = {}
    for (x, y), value in values.items():
        shade = round(SHADES * (value - low) / (high - low))
        shades.setdefault(shade, []).append(f"M{x + AROUND} {y + AROUND}h1v1h-1z")
    paths = [(shade / SHADES, "".join(found)) for shade, found in sorted(shades.items()) if shade]
    return WeightMap(title, paths, (low, high))
