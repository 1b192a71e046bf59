"""The one layout that every medium writes: columns, rows, entries, and the steps of an ablation."""

from dataclasses import replace
from fractions import Fraction

from repro.papers.study import Column, Row, Table
from repro.records.requirements import Wanted
from repro.report.grid import grid
from repro.verdicts.judge import Cell, MeasuredValue, Verdict

LABEL = Column("model", "Model")
PARAMS = Column("params", "#Params", "params", "M")
AP = Column("ap", "AP", "AP", "%")
ROWS = (
    Row("a", {"model": "A", "params": "2.7", "ap": "58.0"}, {"model": "4"}, model="a", group="one"),
    Row("b", {"model": "B", "params": "3.3"}, model="b", group="one", after="a"),
    Row("c", {"model": "C"}, model="c", group="two"),
)
TABLE = Table("VI", "", "", "", (LABEL, PARAMS, AP), ROWS)


def cell(row: Row, column: Column, kind: str, value: int | None = None) -> Cell:
    """One judged cell."""
    published = TABLE.published(row, column)
    assert published is not None
    measured = None if value is None else MeasuredValue(Fraction(value), "parameters", None, "key")
    return Cell(Wanted(TABLE, row, column, None), published, measured, Verdict(kind, "Why."))


CELLS = (
    cell(ROWS[0], PARAMS, "match", 2_731_240),
    cell(ROWS[0], AP, "missing"),
    cell(ROWS[1], PARAMS, "off", 3_327_000),
)


def test_a_column_has_three_parts_where_ours_stands_beside_the_print() -> None:
    layout = grid(TABLE, CELLS)
    assert [column.parts for column in layout.columns] == [("",), ("paper", "ours", "Δ"), ("",)]
    assert [column.judged for column in layout.columns] == [False, True, True]
    assert layout.width == 5


def test_a_row_has_an_entry_for_each_column_and_begins_its_group() -> None:
    layout = grid(TABLE, CELLS, first=7)
    assert [line.heading for line in layout.lines] == ["one", "", "two"]
    assert [line.judged for line in layout.lines] == [True, True, False]
    label, params, ap = layout.lines[0].entries
    assert (label.cited, label.sign, label.number) == ("A [4]", "", -1)
    assert (params.printed, params.ours, params.delta, params.sign) == ("2.7", "2.73", "+0.03", "✓")
    assert (ap.printed, ap.ours, ap.delta, ap.sign, ap.number) == ("58.0", "", "", "–", 8)


def test_a_step_is_blank_where_a_column_prints_none() -> None:
    other = Column("macs", "#MACs", "macs", "G", "conv")
    rows = (
        replace(ROWS[0], cells={**ROWS[0].cells, "macs": "1.0"}),
        replace(ROWS[1], cells={**ROWS[1].cells, "macs": "1.5"}),
        Row("d", {"model": "D", "params": "3.4"}, model="d", after="b"),
    )
    table = replace(TABLE, columns=(LABEL, PARAMS, other), rows=rows)
    cells = [
        Cell(Wanted(table, row, column, None), number, None, Verdict("missing", ""))
        for row in rows
        for column in (PARAMS, other)
        for number in [table.published(row, column)]
        if number is not None
    ]
    first, second = grid(table, cells).ladder
    assert first == {
        **{"from": "a", "to": "b", "#Params": "+0.6", "#Params ours": "–"},
        **{"#MACs": "+0.5", "#MACs ours": "–"},
    }
    assert second == {
        **{"from": "b", "to": "d", "#Params": "+0.1", "#Params ours": "–"},
        **{"#MACs": "", "#MACs ours": ""},
    }
