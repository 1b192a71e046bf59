"""What the papers print against what was measured, by the rules of the verdicts."""

from collections.abc import Iterator

from repro.comparing.change import Change
from repro.comparing.side import Side
from repro.papers.study import COST, SPEED
from repro.plans import selection
from repro.records.record import Record
from repro.records.requirements import Requirement
from repro.verdicts import digits, judge

CALLS = {
    "match": "same",
    "convention": "same",
    "near": "same",
    "rank": "same",
    "unreproducible": "explained",
    "unstable": "unstable",
    "off": "changed",
}
"""verdicts on what was measured -> calls"""


def changes(one: Side, other: Side, paper: str = "all") -> Iterator[Change]:
    """Every printed number of which one side is `published`; what a paper cites is left out."""
    side = other if one.published else one
    for cell in judge.judge_all(selection.select(selection.tables(paper)), _finder(side)):
        if cell.verdict.kind != "cited":
            found = _change(cell)
            yield found if one.published else _turned(found)


def _change(cell: judge.Cell) -> Change:
    wanted, verdict, delta = cell.wanted, cell.verdict, cell.delta
    metric = wanted.column.metric or ""
    kind = "exact" if metric in COST else "speed" if metric in SPEED else "accuracy"
    place = f"{wanted.table.study} {wanted.table.name} {wanted.row.label} {wanted.column.key}"
    if cell.measured is None:
        return Change(kind, place, "missing", cell.published.text, reason=verdict.reason)
    call = CALLS[verdict.kind]
    if kind == "accuracy" and call == "changed" and delta is not None:
        call = "better" if delta > 0 else "worse"
    reason = f"{verdict.kind}: {verdict.reason}"
    return Change(kind, place, call, cell.published.text, digits.ours(cell), reason=reason)


def _turned(found: Change) -> Change:
    """The same with ours as A and the paper as B."""
    calls = {"better": "worse", "worse": "better"}
    call = calls.get(found.call, found.call)
    return Change(found.kind, found.cell, call, found.b, found.a, reason=found.reason)


def _finder(side: Side) -> judge.Find:
    """The record of a side that counts."""

    def find(wanted: Requirement) -> Record | None:
        return next((one for one in reversed(side.records) if wanted.fits(one.spec)), None)

    return find
