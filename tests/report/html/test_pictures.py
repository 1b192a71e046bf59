"""The drawings of networks, and the plots of what equations do."""

import math
import re
from itertools import combinations
from pathlib import Path

import pytest

from repro.diagrams.diagram import NetworkPart
from repro.equations import soft_argmax, weights
from repro.errors import ReproError
from repro.papers import study
from repro.report.html import diagram_plot, line_chart, sentence_plots
from repro.report.html.diagram_plot import DiagramBox, DiagramPlot
from repro.report.html.line_chart import CurveChart

PAPERS = ("paper1", "paper2", "paper3", "paper4")
DRAWN = {
    one.key: plot for paper in PAPERS for _, ours in diagram_plot.drawn(paper) for one, plot in ours
}


def apart(one: DiagramBox, other: DiagramBox) -> bool:
    across = one.x + one.width <= other.x or other.x + other.width <= one.x
    return across or one.y + one.height <= other.y or other.y + other.height <= one.y


@pytest.mark.parametrize("plot", DRAWN.values(), ids=DRAWN.keys())
def test_no_part_of_a_drawing_covers_another_or_leaves_it(plot: DiagramPlot) -> None:
    for one, other in combinations(plot.boxes, 2):
        assert apart(one, other), (one, other)
    for box in plot.boxes:
        assert box.x > 0 and box.x + box.width < plot.width
        assert box.y > 0 and box.y + box.height < plot.height
    ways = sum(len(box.part.sources) + box.part.output for box in plot.boxes)
    assert len(plot.arrows) == ways


def test_time_runs_to_the_right_and_finer_maps_stand_higher() -> None:
    for plot in DRAWN.values():
        for box in plot.boxes:
            for source in box.part.sources:
                assert plot.boxes[source].x + plot.boxes[source].width < box.x
        heights = [at for _, at in plot.rows]
        assert heights == sorted(heights)
    (lpn,) = [plot for key, plot in DRAWN.items() if key == "lpn_50 256x192"]
    assert [name for name, _ in lpn.rows] == ["1", "1/2", "1/4", "1/8", "1/16"]


def test_an_arrow_goes_over_what_stands_between_and_straight_to_what_follows() -> None:
    parts = [
        NetworkPart("input", 1, (), (8,), (4,)),
        NetworkPart("conv 3×3", 2, (0,), (8,), (4,)),
        NetworkPart("+", 1, (0, 1), (8,), (4,), output=True),
    ]
    plot = diagram_plot.diagram_plot(parts)
    heights = [
        {float(pair.split()[1]) for pair in re.findall(r"[\d.]+ [\d.]+", arrow)}
        for arrow in plot.arrows
    ]
    level = plot.boxes[0].middle[1]
    assert heights[0] == heights[2] == {level}
    assert min(heights[1]) < plot.boxes[1].y < max(heights[1]) == level
    assert plot.boxes[1].facts == "2× · 8"


def chart(paper: str, place: int, which: int = 0) -> CurveChart:
    return sentence_plots.shown(paper)[place].charts[which]


def values(one: CurveChart, line: int) -> list[tuple[float, float]]:
    """The points of a line in the units of the axes."""

    def back(place: float, scale: line_chart.AxisScale) -> float:
        share = (place - scale.start) / (scale.end - scale.start)
        if scale.log:
            return float(scale.low * (scale.high / scale.low) ** share)
        return float(scale.low + share * (scale.high - scale.low))

    pairs = (pair.split(",") for pair in one.lines[line].path.split())
    return [(back(float(x), one.x), back(float(y), one.y)) for x, y in pairs]


def test_the_plots_show_the_values_of_the_equations() -> None:
    peaks = [line.last for line in chart("paper1", 0).lines]
    assert peaks == pytest.approx([2, 3, 2, (math.e + 1) / 2])
    adaptive = chart("paper4", 0)
    for h, w in values(adaptive, 1)[5::10]:
        assert w == pytest.approx(weights.adaptive(h, h), abs=0.02)
    assert adaptive.lines[1].last == 0 and adaptive.lines[0].last == 1
    errors = chart("paper2", 1)
    assert errors.lines[1].last == soft_argmax.soft(200).quarter
    assert values(errors, 0)[0] == pytest.approx((1, soft_argmax.soft().alone), rel=0.01)


def test_the_printed_differences_stand_beside_the_errors() -> None:
    printed = chart("paper2", 1, 1)
    table = study.load_table("paper2", "table5")
    rows = [row.cells for row in table.rows]
    apart = [float(row["beta_200"]) - float(row["common"]) for row in rows]
    assert printed.lines[0].last == pytest.approx(sum(apart) / len(apart))
    assert [round(x) for x, _ in values(printed, 0)] == [40, 80, 120, 160, 200]
    assert f"mean of {len(rows)} networks" in printed.title


def test_the_learning_rate_is_that_of_seven_stages() -> None:
    points = values(chart("paper2", 0), 0)
    assert len(points) == 2 * 3 * 7 and points[-1][0] == pytest.approx(690)
    assert points[6] == pytest.approx((150, 1e-3), rel=0.01)


def test_a_map_shades_the_ring_that_paper4_teaches_and_not_the_joint() -> None:
    truth, begun, right = sentence_plots.shown("paper4")[1].maps
    middle = f"M{right.side // 2} {right.side // 2}h"
    assert truth.side == right.side == 19 and right.ends[0] == 0
    assert not any(middle in path for _, path in right.shades)
    assert [opacity for opacity, path in truth.shades if middle in path] == [1]
    assert [opacity for opacity, path in begun.shades if middle in path] == [1]
    inside = sum(path.count("M") for _, path in begun.shades)
    assert inside == weights.WINDOW**2 and begun.shades[0][0] > 0.9


def test_a_plot_or_diagram_that_there_is_not_is_named(own_tables: Path) -> None:
    path = own_tables / "paper4" / "pictures.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"adaptive maps"', '"adaptive map"'), "utf-8")
    with pytest.raises(ReproError, match="no plot `adaptive map`") as error:
        sentence_plots.shown("paper4")
    assert "`adaptive maps`" in error.value.hint
    path.write_text(text.replace("wlitepose_s_text", "wlitepose_s_coco"), "utf-8")
    with pytest.raises(ReproError, match="diagram of `wlitepose_s_coco 448x448` is not kept"):
        diagram_plot.drawn("paper4")
    path.write_text("[[pictures]]\nnumber = 1\n", "utf-8")
    with pytest.raises(ReproError, match=r"`pictures\[0\].number` should be a string"):
        diagram_plot.drawn("paper4")
