"""What the papers print against what was measured, by the rules of the verdicts."""

import json
from collections.abc import Iterator

from repro import judge, plan
from repro.comparing.change import Change
from repro.comparing.side import Side
from repro.report.text import ours
from repro.spec import Accuracy, Spec, Speed
from repro.store import Record
from repro.study import COST, SPEED

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


def changes(one: Side, other: Side) -> Iterator[Change]:
    """Every printed number of which one side is `published`; what a paper cites is left out."""
    side = other if one.published else one
    for cell in judge.judge_all(plan.select(plan.tables()), _finder(side)):
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
    return Change(kind, place, call, cell.published.text, ours(cell), reason=reason)


def _turned(found: Change) -> Change:
    """The same with ours as A and the paper as B."""
    calls = {"better": "worse", "worse": "better"}
    call = calls.get(found.call, found.call)
    return Change(found.kind, found.cell, call, found.b, found.a, reason=found.reason)


def _finder(side: Side) -> judge.Find:
    """The newest record of a run, of whatever code."""
    counts: dict[str, Record] = {}
    for record in side.records:
        if record.spec.get("kind") == "count":
            counts[_canonical(record.spec)] = record
    others = [one for one in reversed(side.records) if one.spec.get("kind") != "count"]

    def find(spec: Spec | Accuracy | Speed) -> Record | None:
        if isinstance(spec, Spec):
            return counts.get(_canonical(spec.described()))
        return next((one for one in others if spec.fits(one.spec)), None)

    return find


def _canonical(spec: object) -> str:
    return json.dumps(spec, sort_keys=True)
