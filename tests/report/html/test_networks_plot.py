"""All networks in one picture: each of a paper once, where it is printed and where it was
counted."""

from fractions import Fraction

import pytest

from repro.plans import selection
from repro.records.store import Store
from repro.report.html import networks_plot
from repro.report.html.networks_plot import NetworksPlot
from repro.verdicts.judge import judge_all
from support.command_line import ROOT


@pytest.fixture(scope="module")
def picture() -> NetworksPlot:
    cells = judge_all(selection.select(selection.tables("all")), Store(ROOT / "records").find)
    drawn = networks_plot.networks_plot(cells)
    assert drawn is not None
    return drawn


def test_each_network_of_a_paper_stands_there_once(picture: NetworksPlot) -> None:
    cost, time = picture.plots
    assert picture.papers == ["paper1", "paper2", "paper4"] and picture.others == ["paper3"]
    for drawn in (cost, time):
        places = [
            (one.colour, one.name, one.x.printed, one.size.text) for one in drawn.panel.points
        ]
        assert len(places) == len(set(places))
    by_name = {(one.colour, one.name): one for one in cost.panel.points}
    hourglass = by_name["paper2", "8-stage Hourglass"]
    assert (hourglass.x.text, hourglass.y.text) == ("26.2G", "66.9")
    assert hourglass.x.ours is not None and hourglass.x.ours < 20
    assert by_name["paper4", "WLitePose-S"].own and not by_name["paper4", "LitePose-S"].own
    assert len(by_name) > 25


def test_frames_a_second_are_milliseconds_of_the_slower_device(picture: NetworksPlot) -> None:
    times = {one.name: one.x for one in picture.plots[1].panel.points if one.colour == "paper1"}
    assert times["ViPNAS"].text.endswith("FPS")
    for one in times.values():
        assert Fraction(one.printed).limit_denominator(10**6) == pytest.approx(
            1000 / Fraction(one.text.split()[0])
        )
        assert one.ours is None and one.number == -1
    phones = {one.x.text for one in picture.plots[1].panel.points if one.colour == "paper4"}
    assert "97 ms" in phones


def test_the_papers_own_and_the_best_are_named(picture: NetworksPlot) -> None:
    named = {mark.point.name for mark in picture.plots[0].marks if mark.named}
    assert {"WLitePose-XS", "LPN-50", "Ours"} <= named
    assert len(named) < len({one.name for one in picture.plots[0].panel.points})
    for drawn in picture.plots:
        assert all(0 < mark.x < drawn.canvas.width for mark in drawn.marks)


def test_without_an_accuracy_on_the_same_images_there_is_no_picture() -> None:
    cells = judge_all(selection.select(selection.tables("paper3")), lambda spec: None)
    assert networks_plot.networks_plot(cells) is None
    cells = judge_all(selection.select(selection.tables("paper1", "table2")), lambda spec: None)
    assert networks_plot.networks_plot(cells) is None
