"""Judged cells as JUnit XML, for whatever shows the results of tests."""

from collections.abc import Iterable

from repro.report.files.gates import Suite
from repro.verdicts.judge import Cell

SKIPPED = ("missing", "cited", "unreproducible", "unstable")
"""verdicts that neither fail nor pass"""


def cells(judged: Iterable[Cell]) -> str:
    """One test case a cell: `off` fails with the reason, what was not judged is skipped with it."""
    suite = Suite("repro")
    for cell in judged:
        table, verdict = cell.wanted.table, cell.verdict
        name = f"{cell.wanted.row.label}.{cell.wanted.column.key}"
        said = f"{verdict.kind}: {verdict.reason}"
        failure = said if verdict.kind == "off" else ""
        skipped = said if verdict.kind in SKIPPED else ""
        suite.add(f"{table.study}.{table.name}", name, failure, skipped)
    return suite.text()
