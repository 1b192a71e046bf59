"""Rows of a paper's own networks that another network beats in everything that is printed."""

from collections.abc import Iterator

from repro.papers.metrics import LOWER
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes

ENOUGH = 2
"""figures without which nothing is said of everything"""


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """Each row of a paper's own networks against the other rows of its table."""
    for line in evidence.lines:
        if evidence.own(line) and len(line.figures) >= ENOUGH:
            rivals = [
                one
                for one in evidence.lines
                if one.table is line.table and not evidence.own(one) and one.row is not line.row
            ]
            if rivals:
                yield _against(line, [one for one in rivals if _beats(one, line)], len(rivals))


def _beats(rival: PrintedLine, line: PrintedLine) -> bool:
    """Whether a row is better in each figure of another, whatever lies behind the print."""
    return all(
        name in rival.figures and _better(rival.figures[name], figure)
        for name, figure in line.figures.items()
    )


def _better(rival: PrintedFigure, figure: PrintedFigure) -> bool:
    if rival.metric.split()[0] in LOWER:
        return rival.printed.high <= figure.printed.low
    return rival.printed.low >= figure.printed.high


def _against(line: PrintedLine, better: list[PrintedLine], rivals: int) -> AuditCheck:
    names = ", ".join(one.row.label for one in better)
    figures = [one for each in (line, *better[:1]) for one in each.figures.values()]
    return AuditCheck(
        "dominated",
        "note",
        quotes(figures),
        f"{line.row.label} against {rivals} rows of other networks",
        f"{names} {'is' if len(better) == 1 else 'are'} better in each of its "
        f"{len(line.figures)} figures."
        if better
        else "",
    )
