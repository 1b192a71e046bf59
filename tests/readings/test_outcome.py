"""What the named readings of paper4 print and break, and the reasons of its tables."""

import re
from fractions import Fraction

import pytest

from repro.papers.readings import load_readings
from repro.papers.study import load_study, load_table, table_names
from repro.readings.figures import figures
from repro.readings.outcome import FigureOutcome, ReadingOutcome, outcome
from repro.readings.pricing import Prices
from repro.readings.wlitepose import costs

PAPER4 = load_readings("paper4")
PRINTED = figures(PAPER4)
MISSES = re.compile(r"Ours misses it by ([+-][\d.]+)(M| GMACs)")
PRINTS = re.compile(r"another reading, `([\w-]+)`, prints it: ([\d.]+)(M| GMACs)")
SUM = re.compile(
    r"with ([\d.]+)(?:M| GMACs) the four rows add at least ([\d.]+)M?, which makes ([\d.]+)"
)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, ReadingOutcome]:
    """Every named reading."""
    prices = Prices()
    return {one.name: outcome(PAPER4, one, PRINTED, prices) for one in PAPER4.named}


def test_the_paper_prints_30_figures_of_its_own_networks_in_49_cells() -> None:
    assert len(PRINTED) == 30 and sum(len(one.cells) for one in PRINTED) == 49


@pytest.mark.parametrize(
    ("name", "convention", "cells", "distinct", "error", "breaks"),
    [
        ("text", "ptflops", 0, 0, 29.7, set()),
        ("fit", "ptflops", 19, 10, 6.6, {"product", "pooled", "quarter", "channels"}),
        ("strict", "hrnet", 13, 6, 10.5, set()),
        ("own-head", "ptflops", 24, 13, 3.8, {"moved", "pointwise", "quarter", "channels"}),
        ("matrices", "hrnet", 22, 13, 6.7, {"pooled", "quarter", "channels"}),
        (
            *("unmoved", "ptflops", 28, 16, 4.3),
            {"moved", "product", "pooled", "replaced", "quarter", "baseline"},
        ),
        ("wide", "ptflops", 29, 15, 4.1, {"pointwise", "quarter", "baseline"}),
        ("most", "ptflops", 39, 20, 2.1, {"moved", "levels"}),
    ],
)
def test_what_a_named_reading_prints_and_breaks(
    name: str,
    convention: str,
    cells: int,
    distinct: int,
    error: float,
    breaks: set[str],
    outcomes: dict[str, ReadingOutcome],
) -> None:
    found = outcomes[name]
    assert found.reading.convention == convention
    assert (found.cells, found.distinct, set(found.breaks)) == (cells, distinct, breaks)
    assert found.mean_error is not None and round(100 * found.mean_error, 1) == error


def test_some_named_reading_prints_each_figure(outcomes: dict[str, ReadingOutcome]) -> None:
    for place, figure in enumerate(PRINTED):
        assert any(found.figures[place].prints for found in outcomes.values()), figure.cells


def reasons() -> dict[str, str]:
    """Cell -> why ours is not what is printed there, of the paper's own networks."""
    own = load_study("paper4")
    return {
        f"{name} {row.label} {key}": cause
        for name in table_names("paper4")
        for row in load_table("paper4", name).rows
        for key, cause in row.cause.items()
        if own.proposes(row.model)
    }


REASONS = reasons()


def units(one: FigureOutcome) -> Fraction:
    return Fraction(10**6 if one.figure.metric == "params" else 10**9)


def test_each_cell_that_our_reading_misses_has_a_reason(
    outcomes: dict[str, ReadingOutcome],
) -> None:
    missed = {
        cell for one in outcomes["fit"].figures if not one.prints for cell in one.figure.cells
    }
    assert missed == REASONS.keys() and len(missed) == 30


@pytest.mark.parametrize("cell", REASONS)
def test_the_figures_of_a_reason_are_those_of_the_readings(
    cell: str, outcomes: dict[str, ReadingOutcome]
) -> None:
    place = next(index for index, one in enumerate(PRINTED) if cell in one.cells)
    ours = outcomes["fit"].figures[place]
    misses, prints = MISSES.search(REASONS[cell]), PRINTS.search(REASONS[cell])
    assert misses is not None and prints is not None
    apart = float((ours.held - ours.figure.printed.value) / units(ours))
    assert misses[1] == f"{apart:+.2f}"
    other = outcomes[prints[1]].figures[place]
    assert other.prints and prints[2] == f"{float(other.held / units(other)):.3f}"
    assert misses[2] == prints[3] == ("M" if ours.figure.metric == "params" else " GMACs")
    rules = outcomes[prints[1]].reading.convention
    named = rules != "ptflops" and ours.figure.metric == "macs"
    assert (f"by the `{rules}` rules" in REASONS[cell]) == named


@pytest.mark.parametrize("column", ["params", "macs"])
def test_no_network_prints_all_stages_of_table_7_one_by_one_and_together(column: str) -> None:
    table = load_table("paper4", "table7")
    unit = 10**6 if column == "params" else 10**9
    printed = {row.label: table.published(row, table.column(column)) for row in table.rows}
    base = costs((448, 448), 14, scale="s", dfc=(), deconv=False)
    start = Fraction(int(base.params if column == "params" else base.macs["ptflops"]))
    stages = [one for label, one in printed.items() if label.startswith("Stage") and one]
    least = sum((one.low - start for one in stages), Fraction(0))
    whole = printed["All"]
    assert len(stages) == 4 and whole is not None and start + least >= whole.high
    for stage in range(1, 5):
        said = SUM.search(REASONS[f"table7 Stage {stage} {column}"])
        assert said is not None
        numbers = (start / unit, least / unit, (start + least) / unit)
        assert [f"{float(number):.3f}" for number in numbers] == list(said.groups())
    without = [
        sum((one.low - start for one in stages if one is not left), start) for left in stages
    ]
    assert min(without) < whole.high, "three of the rows and All can print"


@pytest.mark.parametrize(
    ("attention", "most", "row"),
    [("se", 0.05, "Exp-1 SE"), ("cbam", 0.04, "Exp-2 CBAM"), ("ca", 0.58, "Exp-3 CA")],
)
def test_no_network_prints_an_attention_of_table_9_and_the_block_without_it(
    attention: str, most: float, row: str
) -> None:
    values = {one.option: one.values for one in PAPER4.dimensions}
    largest = 0
    for reduction in values["reduction"]:
        for order in values["order"]:
            options = {
                **{"scale": "s", "deconv": False, "order": order, "reduction": reduction},
                **{"expansion": max(values["expansion"]), "strided": "pw2", "weighs": "expanded"},  # type: ignore[type-var]
            }
            more, less = (
                costs((448, 448), 14, attention=kind, **options)  # type: ignore[arg-type]
                for kind in (attention, "none")
            )
            largest = max(
                *(int(more.macs[rules] - less.macs[rules]) for rules in ("ptflops", "hrnet")),
                largest,
            )
    assert most - 0.01 < largest / 1e9 <= most
    nine, ten = load_table("paper4", "table9"), load_table("paper4", "table10")
    printed = next(one for one in nine.rows if one.label == row)
    alone = next(one for one in ten.rows if one.label == "move up 7x7")
    with_it = nine.published(printed, nine.column("macs"))
    without = ten.published(alone, ten.column("macs"))
    assert with_it is not None and without is not None
    assert with_it.low - without.high > largest
    assert printed.adds is not None and printed.adds.most == round(most * 1e9)
    for cell in (f"table9 {row} macs", "table10 move up 7x7 macs"):
        assert f"{most:g}" in REASONS[cell] and "No network can print this" in REASONS[cell]


def test_the_7x7_alone_saves_so_much_with_an_expansion_of_6() -> None:
    def moved(kernel_order: str) -> int:
        cost = costs(
            *((448, 448), 14),
            **{"scale": "s", "deconv": False, "attention": "none", "order": kernel_order},  # type: ignore[arg-type]
        )
        return int(cost.macs["hrnet"])

    assert moved("between") - moved("first") >= 740_000_000
    assert "0.74 GMACs or more" in REASONS["table10 move up 7x7 macs"]
    eight = costs((448, 448), 14, scale="s", deconv=False, step="move-up", expansion=8)
    assert f"{int(eight.macs['hrnet']) / 1e9:.3f}" == "4.606"


def test_the_module_is_as_small_as_it_is_said_to_be() -> None:
    sizes = []
    for keypoints in (14, 17):
        for middle in (9, 33):
            more, less = (
                costs(
                    *((448, 448), keypoints),
                    **{"scale": "s", "dfc": (), "head": "litepose"},  # type: ignore[arg-type]
                    middle=middle,
                    deconv=deconv,
                )
                for deconv in (True, False)
            )
            sizes.append(int(more.params - less.params))
    assert min(sizes) > 4_500 and max(sizes) < 9_000
    assert "5 to 9 thousand" in REASONS["table6 Exp-3 deconv params"]
