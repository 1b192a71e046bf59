"""The search over a grid of readings: what it keeps, of all that it tried."""

from itertools import product
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers.readings import NamedReading, load_readings, shown
from repro.readings import grid_search
from repro.readings.figures import figures
from repro.readings.outcome import outcome
from repro.readings.pricing import Prices
from support.outside import STUDY, module

SMALL = {"order": "first", "norms": 3, "second": False, "firsts": True, "middle": 12}
SMALL |= {"reduction": 16, "strided": "dw", "expansion": 8}


def test_it_finds_what_trying_one_by_one_finds() -> None:
    readings = load_readings("paper4")
    printed, prices = figures(readings), Prices()
    fixed = {**SMALL, "mixing": "matrix", "head": "litepose"}
    best: dict[tuple[str, int], tuple[int, int]] = {}
    reached = [0] * len(printed)
    values = list(product(*grid_search.narrowed(readings, fixed).values()))
    for one, rules in product(values, readings.conventions):
        choices = dict(zip((each.option for each in readings.dimensions), one, strict=True))
        found = outcome(readings, NamedReading("", "", choices, rules), printed, prices)
        kind = rules, len(found.breaks)
        best[kind] = max(best.get(kind, (0, 0)), (found.cells, found.distinct))
        reached = [
            count + (figure.prints is not None)
            for count, figure in zip(reached, found.figures, strict=True)
        ]
    result = grid_search.search(readings, printed, prices, fixed=fixed)
    assert result.tried == len(values) * len(readings.conventions) == 16
    assert list(result.reached) == reached
    for rules in readings.conventions:
        most, front = -1, []
        for number in sorted(number for name, number in best if name == rules):
            if best[rules, number][0] > most:
                most = best[rules, number][0]
                front.append((number, *best[rules, number]))
        assert front == [
            (len(one.breaks), one.cells, one.distinct)
            for one in result.front
            if one.reading.convention == rules
        ]


def test_the_front_rises_and_the_best_that_breaks_nothing_is_found() -> None:
    readings = load_readings("paper4")
    fixed = {"order": "first", "expansion": 10, "mixing": "conv3", "norms": 0, "head": "shortened"}
    told: list[int] = []
    result = grid_search.search(
        readings, figures(readings), Prices(), fixed=fixed, tell=told.append
    )
    assert result.tried == sum(told) == grid_search.size(readings, fixed)
    for rules in readings.conventions:
        front = [one for one in result.front if one.reading.convention == rules]
        assert [len(one.breaks) for one in front] == sorted({len(one.breaks) for one in front})
        assert [one.cells for one in front] == sorted({one.cells for one in front})
    nothing = {one.reading.convention: one.cells for one in result.front if not one.breaks}
    assert (nothing["hrnet"], nothing["ptflops"]) == (13, 11)


@pytest.mark.parametrize("name", ["strict", "own-head", "most"])
def test_a_reading_that_is_said_to_print_most_does_so_with_its_head(name: str) -> None:
    readings = load_readings("paper4")
    printed, prices = figures(readings), Prices()
    named = outcome(readings, readings.reading(name), printed, prices)
    fixed = {"head": named.choices["head"]}
    front = grid_search.search(readings, printed, prices, fixed=fixed).front
    rivals = [one for one in front if name != "strict" or not one.breaks]
    assert max(one.cells for one in rivals) == named.cells


def test_a_limit_keeps_whole_parts_and_at_least_one() -> None:
    readings = load_readings("paper4")
    fixed = {**SMALL, "pooled": True, "weighs": "input"}
    heads = len(grid_search.narrowed(readings, fixed)["head"])
    whole = grid_search.size(readings, fixed)
    result = grid_search.search(readings, figures(readings), Prices(), fixed=fixed, limit=1)
    assert result.tried == whole // heads


@pytest.mark.parametrize(
    ("fixed", "said"),
    [({"depth": 3}, "no dimension `depth`"), ({"order": "last"}, "no value of `order` `last`")],
)
def test_what_is_held_must_be_there(fixed: dict[str, str | int], said: str) -> None:
    with pytest.raises(ReproError, match=said):
        grid_search.narrowed(load_readings("paper4"), fixed)


TABLE = """
number = "1"
caption = "Costs"
where = "Section 1"
protocol = "coco"
[[columns]]
key = "params"
label = "#Params"
metric = "params"
unit = "M"
[[columns]]
key = "macs"
label = "GMACs"
metric = "macs"
unit = "G"
convention = "conv"
[[rows]]
label = "Tiny"
model = "tinypose"
input = [64, 48]
cells = { params = "0.003", macs = "0.001" }
"""
READINGS = """
[networks]
tinypose = "tinypose"
[sentences.narrow]
where = "Section 1"
printed = "half the parameters"
says = "not half"
[[bounds]]
sentence = "narrow"
model = "tinypose"
input = [64, 48]
of = "tinypose"
of_input = [64, 48]
keypoints = 17
below = 0.5
[[dimensions]]
option = "width"
says = "not stated"
values = [64, 16, 8]
[[named]]
name = "full"
says = "as the table has it"
"""


def test_a_network_without_closed_form_is_counted(
    papers_anew: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tables" / "paper5"
    module(folder)
    for name, text in (("study", STUDY), ("table1", TABLE), ("readings", READINGS)):
        (folder / f"{name}.toml").write_text(text)
    monkeypatch.setenv("REPRO_TABLES", str(folder.parent))
    readings = load_readings("paper5")
    printed, prices = figures(readings), Prices()
    full = outcome(readings, readings.reading("full"), printed, prices)
    assert [one.value for one in full.figures] == [2897, 16 * 12 * (3 * 9 * 64 + 64 * 17)]
    assert full.distinct == full.cells == 2 and full.breaks == ("narrow",)
    result = grid_search.search(readings, printed, prices, fixed={})
    assert result.tried == 3 and result.reached == (1, 1)
    front = {shown(one.choices["width"]): (one.cells, one.breaks) for one in result.front}
    assert front == {"16": (0, ()), "64": (2, ("narrow",))}
