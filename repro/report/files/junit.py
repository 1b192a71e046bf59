"""Judged cells as JUnit XML, for whatever shows the results of tests."""

from collections.abc import Iterable

from repro.report.files.gates import Suite
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS


def cells(judged: Iterable[Cell]) -> str:
    """One test case a cell: what is off fails, what was not judged is skipped, for its reason."""
    suite = Suite("repro")
    for cell in judged:
        table, verdict = cell.wanted.table, cell.verdict
        name = f"{cell.wanted.row.label}.{cell.wanted.column.key}"
        message = f"{verdict.kind}: {verdict.reason}"
        state = KINDS[verdict.kind].test
        failure = message if state == "failed" else ""
        skipped = message if state == "skipped" else ""
        suite.add(f"{table.study}.{table.name}", name, failure, skipped)
    return suite.text()
