"""What the papers print against what was measured, by the rules of the verdicts."""

from collections.abc import Iterator
from dataclasses import replace

from repro.comparing.change import Change
from repro.comparing.side import Side
from repro.papers.metrics import METRICS
from repro.plans import selection
from repro.records.record import Record
from repro.records.requirements import Requirement
from repro.verdicts import digits, judge
from repro.verdicts.kinds import KINDS


def changes(a: Side, b: Side, paper: str = "all") -> Iterator[Change]:
    """Every printed number of which one side is `published`; what a paper cites is left out."""
    side = b if a.published else a
    for cell in judge.judge_all(selection.select(selection.tables(paper)), _finder(side)):
        if KINDS[cell.verdict.kind].call:
            change = _change(cell)
            yield change if a.published else _turned(change)


def _change(cell: judge.Cell) -> Change:
    wanted, verdict, delta = cell.wanted, cell.verdict, cell.delta
    family = METRICS[wanted.column.metric or ""].family
    kind = "exact" if family == "cost" else family
    place = f"{wanted.table.study} {wanted.table.name} {wanted.row.label} {wanted.column.key}"
    if cell.measured is None:
        return Change(kind, place, "missing", cell.published.text, reason=verdict.reason)
    call = KINDS[verdict.kind].call
    if kind == "accuracy" and call == "changed" and delta is not None:
        call = "better" if delta > 0 else "worse"
    reason = f"{verdict.kind}: {verdict.reason}"
    return Change(kind, place, call, cell.published.text, digits.ours(cell), reason=reason)


def _turned(change: Change) -> Change:
    """The same with ours as A and the paper as B."""
    calls = {"better": "worse", "worse": "better"}
    call = calls.get(change.call, change.call)
    return replace(change, call=call, a=change.b, b=change.a)


def _finder(side: Side) -> judge.Find:
    """The record of a side that counts."""

    def find(wanted: Requirement) -> Record | None:
        return next((record for record in reversed(side.records) if wanted.fits(record.spec)), None)

    return find
