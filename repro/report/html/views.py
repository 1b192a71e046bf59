"""What the page shows of a cell when its reader chooses otherwise: every answer is computed here.

A view is the cell as it is judged under a counting convention; the empty name is its table's own.
"""

from collections.abc import Callable, Mapping

from repro.papers import study
from repro.papers.conventions import CONVENTIONS
from repro.papers.metrics import COST, SPEED
from repro.report import text
from repro.report.contents import ReportContents
from repro.verdicts import digits
from repro.verdicts.ablation_steps import AblationStep
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS
from repro.verdicts.recounting import ratio_kind, recounted

Keep = Callable[[str], int]
"""puts a text among those of the page and gives its place there"""
Views = Mapping[str, Cell]
Place = tuple[str, str, str, str]
"""study, table, row and column"""


def place(cell: Cell, row: str | None = None) -> Place:
    """Where a cell stands, or the one of another row in its column."""
    wanted = cell.wanted
    return wanted.table.study, wanted.table.name, row or wanted.row.label, wanted.column.key


def views(report: ReportContents) -> dict[Place, Views]:
    """Every cell under each convention."""
    return {place(cell): _views(cell, report) for cell in report.cells}


def _views(cell: Cell, report: ReportContents) -> Views:
    if cell.measured is None or cell.wanted.column.metric != "macs":
        return {"": cell}
    record = report.records[cell.measured.record]
    return {"": cell} | {name: recounted(cell, record, name) for name in CONVENTIONS}


def described(cell: Cell, known: Mapping[Place, Views], keep: Keep) -> dict[str, object]:
    """What a choice changes of a cell, as plain data."""
    own_views = known[place(cell)]
    others = {name: _judged(view, keep) for name, view in own_views.items() if view is not cell}
    data: dict[str, object] = {"views": others} if others else {}
    if cell.wanted.column.metric in (*COST, *SPEED):
        bases = [known.get(place(cell, row.label), {}) for row in cell.wanted.table.rows]
        data["ratios"] = {
            name: keep("".join(_ratio_sign(name, view, base) for base in bases))
            for name, view in own_views.items()
        }
    before = known.get(place(cell, cell.wanted.row.after)) if cell.wanted.row.after else None
    if before and others:
        data["steps"] = {
            name: text.changes(AblationStep(before.get(name, before[""]), view))[1]
            for name, view in own_views.items()
            if name
        }
    return data


def _judged(cell: Cell, keep: Keep) -> dict[str, object]:
    verdict: dict[str, object] = {"kind": cell.verdict.kind, "reason": keep(cell.verdict.reason)}
    if cell.measured is None:
        return verdict
    scale = study.scale(cell.wanted.row, cell.wanted.column)
    return verdict | {
        "ours": digits.ours(cell),
        "delta": digits.delta(cell),
        "value": float(cell.measured.value / scale),
    }


def _ratio_sign(name: str, view: Cell, base: Views) -> str:
    return KINDS[ratio_kind(view, base.get(name) or base.get(""))].sign
