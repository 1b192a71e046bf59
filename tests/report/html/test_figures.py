"""The papers' plots as points and circles, and what became of a paper in a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.plans import selection
from repro.records.store import Store
from repro.report import overview
from repro.report.html import figures, plot
from repro.verdicts import judge
from repro.verdicts.judge import Cell, Verdict, judge_all
from support.command_line import ROOT


def test_a_figure_names_what_its_axes_lack(own_tables: Path) -> None:
    path = own_tables / "paper1" / "figures.toml"
    path.write_text(path.read_text("utf-8").replace('y       = "ap"', 'y = "model"'), "utf-8")
    (figure,) = figures.load("paper1")
    with pytest.raises(ReproError, match=r"paper1/figures.toml, figure 5: `model` is a column of"):
        figures.draw("paper1", figure, {})
    path.write_text("[[figures]]\nnumber = 5\n", encoding="utf-8")
    with pytest.raises(ReproError, match=r"`figures\[0\].number` should be a string"):
        figures.load("paper1")


def points(paper: str, number: str, cells: Sequence[Cell]) -> list[plot.Plot]:
    (figure,) = [one for one in figures.load(paper) if one.number == number]
    places = {
        (table.study, table.name, one.wanted.row.label, one.wanted.column.key): (at, one)
        for at, one in enumerate(cells)
        for table in (one.wanted.table,)
    }
    drawn = figures.draw(paper, figure, places)
    found = [plot.plot(panel) for panel in drawn.panels]
    return [one for one in found if one is not None]


def test_circles_stand_at_the_printed_numbers_and_their_area_is_the_size() -> None:
    cells = judge_all(selection.select(selection.tables("paper2")), Store(ROOT / "records").find)
    speed, cost = points("paper2", "4", cells)
    assert {mark.point.x.text for mark in speed.marks} == {"33", "23", "7.7", "3.2"}
    assert len(cost.marks) == 13
    for drawn in (speed, cost):
        by_x = sorted(drawn.marks, key=lambda mark: mark.point.x.printed)
        assert [mark.x for mark in by_x] == sorted(mark.x for mark in drawn.marks)
        by_y = sorted(drawn.marks, key=lambda mark: mark.point.y.printed)
        assert [mark.y for mark in by_y] == sorted((mark.y for mark in drawn.marks), reverse=True)
        for mark in drawn.marks:
            if mark.radius > plot.SMALLEST:
                share = mark.point.size.printed / drawn.largest
                assert (mark.radius / plot.FIGURE.radius) ** 2 == pytest.approx(share, abs=0.002)
    hourglass = next(mark for mark in cost.marks if mark.point.name == "8-stage Hourglass")
    assert hourglass.ours_x < hourglass.x and hourglass.ours_y == hourglass.y


def cells_of(paper: str, verdicts: Iterator[str]) -> list[Cell]:
    wanted = selection.select(selection.tables(paper, "table1"))
    judged = judge_all(wanted, lambda spec: None)
    measured = judge.MeasuredValue(Fraction(1), "", None, "0" * 64)
    return [
        replace(cell, verdict=Verdict(kind, ""), measured=None if kind == "missing" else measured)
        for cell, kind in zip(judged, verdicts, strict=False)
    ]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (
            ["match", "match"] + 6 * ["missing"],
            "All its 2 parameter and MAC counts print as published; 6 accuracies were not run "
            "here.",
        ),
        (
            ["match", "off"] + 6 * ["missing"],
            "Of its 2 parameter and MAC counts 1 prints as published and 1 prints otherwise; "
            "6 accuracies were not run here.",
        ),
        (
            ["unreproducible", "cited"] + ["match"] + ["off"] + 4 * ["missing"],
            "Of its 1 parameter and MAC counts 1 follows from no public definition; of 6 "
            "accuracies 2 were run: 1 as published and 1 off (1 number copied from other papers "
            "left out).",
        ),
        (
            8 * ["cited"],
            "All its numbers are copied from elsewhere (8 numbers copied from other "
            "papers left out).",
        ),
    ],
)
def test_a_paper_in_a_sentence(verdicts: list[str], sentence: str) -> None:
    assert overview.sentence(cells_of("paper1", iter(verdicts))) == sentence
