"""What one switch of an ablation changes."""

from fractions import Fraction

from repro.papers.study import Column, Row, Table
from repro.records.requirements import Wanted
from repro.report.grid import grid
from repro.verdicts.ablation_steps import steps
from repro.verdicts.judge import Cell, MeasuredValue, Verdict

PARAMS = Column("params", "#Params", "params", "M")
AP = Column("ap", "AP", "AP", "%")
ROWS = (
    Row("base", {"params": "2.7", "ap": "58.0"}, model="a"),
    Row("one switch", {"params": "3.3", "ap": "58.7"}, model="b", after="base"),
    Row("two switches", {"params": "3.6"}, model="c", after="one switch"),
)
TABLE = Table("VI", "", "", "", (PARAMS, AP), ROWS)


def cell(row: Row, value: int | None, column: Column = PARAMS) -> Cell:
    """One judged cell."""
    published = TABLE.published(row, column)
    assert published is not None
    measured = None if value is None else MeasuredValue(Fraction(value), "parameters", None, "key")
    return Cell(Wanted(TABLE, row, column, None), published, measured, Verdict("match", ""))


def test_a_step_is_the_change_from_the_row_before() -> None:
    found = steps([cell(ROWS[0], 2_731_240), cell(ROWS[1], 3_327_000), cell(ROWS[2], 3_332_000)])
    assert [(one.before.wanted.row.label, one.after.wanted.row.label) for one in found] == [
        ("base", "one switch"),
        ("one switch", "two switches"),
    ]
    dfc, deconv = found
    assert (dfc.published, dfc.measured, dfc.fits) == (600_000, 595_760, True)
    assert (deconv.published, deconv.measured, deconv.fits) == (300_000, 5_000, False)


def test_the_printed_digits_bound_the_change() -> None:
    """2.7 is 2.65 to 2.8 and 3.3 is 3.25 to 3.4, rounded or cut."""
    edges = {449_999: False, 450_000: True, 750_000: True, 750_001: False}
    for change, fits in edges.items():
        (step,) = steps([cell(ROWS[0], 2_700_000), cell(ROWS[1], 2_700_000 + change)])
        assert step.fits is fits


def test_what_is_not_measured_or_no_cost_has_no_verdict() -> None:
    (step,) = steps([cell(ROWS[0], 2_731_240), cell(ROWS[1], None)])
    assert step.measured is None and step.fits is None
    assert grid(TABLE, [step.before, step.after]).ladder == [
        {"from": "base", "to": "one switch", "#Params": "+0.6", "#Params ours": "–"}
    ]
    assert steps([cell(ROWS[0], None, AP), cell(ROWS[1], None, AP)]) == []
    assert steps([cell(ROWS[1], 1)]) == []
