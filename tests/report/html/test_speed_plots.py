"""Printed speeds beside a timing, as the page draws them."""

import itertools
from dataclasses import replace

import pytest

from repro.plans import selection
from repro.records.measurement import Measurement
from repro.records.record import Record
from repro.records.requirements import SpeedRequirement, Wanted
from repro.report.contents import ReportContents
from repro.report.html import speed_plots
from repro.verdicts.judge import judge_all

KEY = "f" * 64


def printed_speeds() -> list[Wanted]:
    return [
        one
        for one in selection.select(selection.tables("paper1", "table5"))
        if isinstance(one.spec, SpeedRequirement)
    ]


def timing(wanted: list[Wanted], slower: float) -> Record:
    """A machine on which all takes as long as printed, but the paper's own network longer."""
    own: dict[str, float] = {}
    for one in wanted:
        assert isinstance(one.spec, SpeedRequirement)
        speed = one.table.published(one.row, one.column)
        assert speed is not None
        own[one.spec.network] = (
            1000 / float(speed.value) * (slower if one.row.label == "Ours" else 1)
        )
    latencies = [Measurement("latency", ms, "ms", of=name) for name, ms in own.items()]
    ratios = [
        Measurement(
            "ratio",
            value := own[one] / own[other],
            "x",
            low=value / 1.01,
            high=value * 1.01,
            of=f"{one} / {other}",
        )
        for one, other in itertools.permutations(own, 2)
    ]
    spec = {"kind": "speed", "machine": "a box", "threads": 1, "batch": 1}
    floor = Measurement("noise_floor", 1.25, "%")
    return Record(KEY, spec, (*latencies, *ratios, floor), env={})


def report_of(wanted: list[Wanted], record: Record) -> ReportContents:
    return ReportContents(judge_all(wanted, lambda spec: record), [], [], {KEY: record})


def test_ratios_and_orders_of_a_machine_that_agrees_and_of_one_that_does_not() -> None:
    wanted = printed_speeds()
    (race,) = speed_plots.races(report_of(wanted, timing(wanted, 1.0)))
    assert (race.column.heading, race.reference) == ("FPS(CPU)", "ShuffleNetV2")
    assert race.facts == "a box · 1 thread · batch 1 · eager · equal networks 1.2 % apart (A/A)"
    assert all(one.value == pytest.approx(one.printed) for one in race.entrants)
    assert [one.name for one in race.entrants if one.own] == ["Ours"]
    gpu, cpu, here = race.orders
    assert (gpu.heading, cpu.heading, here.heading) == ("FPS(GPU)", "FPS(CPU)", "here")
    assert here.ranks == cpu.ranks != gpu.ranks
    (race,) = speed_plots.races(report_of(wanted, timing(wanted, 10.0)))
    ours = next(one for one in race.entrants if one.name == "Ours")
    assert ours.value == pytest.approx(10 * ours.printed) and ours.verdict == "off"
    assert race.orders[-1].ranks["Ours"] == len(race.entrants)


def test_all_that_is_drawn_lies_in_the_drawing() -> None:
    wanted = printed_speeds()
    (race,) = speed_plots.races(report_of(wanted, timing(wanted, 30.0)))
    for place, one in enumerate(race.entrants, 1):
        for ratio in (one.printed, one.low, one.value, one.high):
            assert speed_plots.LEFT <= race.scale(ratio) <= speed_plots.WIDTH - speed_plots.RIGHT
        assert 0 < race.row(place) < race.height - speed_plots.BOTTOM
    places = [race.across(number) for number in (1, 2, 3)]
    assert (
        places == sorted(places)
        and places[0] >= speed_plots.LEFT
        and places[-1] < speed_plots.WIDTH
    )


def test_what_was_not_timed_together_is_not_drawn() -> None:
    wanted = printed_speeds()
    record = timing(wanted, 1.0)
    bare = tuple(replace(one, low=None) for one in record.measurements if one.metric == "ratio")
    latencies = tuple(one for one in record.measurements if one.metric == "latency")
    assert (
        speed_plots.races(report_of(wanted, replace(record, measurements=latencies + bare))) == []
    )
    assert speed_plots.races(ReportContents(judge_all(wanted, lambda spec: None), [], [], {})) == []
