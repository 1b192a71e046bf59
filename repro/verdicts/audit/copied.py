"""Which printed cells are somebody else's figure, of another split, size or set-up."""

from collections.abc import Iterable, Mapping

from repro.papers.study import Table
from repro.verdicts.audit import borrowed, splits
from repro.verdicts.audit.evidence import gather

CellKey = tuple[str, str, str, str]
"""study, table, row and column, as a cell's place has them"""


def copied_cells(tables: Iterable[Table]) -> Mapping[CellKey, str]:
    """The cells of some tables that look copied -> where the figure stands, and what it is of.

    `paper1 Table II (COCO test-dev2017)`. A cell that quotes rightly is not among them.
    """
    tables = tuple(tables)
    keys = {
        (table.study, table.name, column.heading): column.key
        for table in tables
        for column in table.columns
    }
    evidence = gather(tables, lambda spec: None)
    found = {
        figure.quote: f"{lender.place} ({lender.protocol.on})"
        for line, lender in splits.lent(evidence)
        for figure in line.accuracy.values()
    }
    found |= borrowed.sources(evidence)
    return {
        (quote.paper, quote.table, quote.row, keys[quote.paper, quote.table, quote.column]): source
        for quote, source in found.items()
    }
