"""Counts and parity: whole numbers, which are the same or not."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from repro.comparing.change import Change
from repro.comparing.side import Side, code, newest
from repro.errors import ReproError
from repro.records.record import Record
from repro.records.runs import CountRun

Figure = tuple[str, str | None]
"""metric and counting convention"""
COUNTER = "repro/counting/counter.py"


def changes(a: Side, b: Side) -> Iterator[Change]:
    """Every exact figure of two sets."""
    before, after = _named(a), _named(b)
    keys = [(before[name].key, after[name].key) for name in before if name in after]
    counter = not any(former == latter for former, latter in keys if former)
    for name in dict.fromkeys((*before, *after)):
        if name not in before or name not in after:
            gone = name in before
            figures = f"{len(_figures(before[name] if gone else after[name]))} figures"
            yield Change("exact", name, "missing" if gone else "new", reason=figures)
            continue
        why = _code(before[name], after[name], counter)
        for change in _compared(name, before[name], after[name]):
            reason = change.reason or ("" if change.call == "same" else why)
            yield replace(change, reason=reason)


def _named(side: Side) -> Mapping[str, Record]:
    records = newest((_name(record), record) for record in side.records)
    return {str(name): record for name, record in sorted(records.items(), key=str) if name}


def _name(record: Record) -> str:
    """`lpn_50 256x192 17 keypoints`; empty for what is no exact run."""
    if record.spec.get("kind") == "parity":
        return f"{record.spec.get('model')} against its golden"
    if record.spec.get("kind") != "count":
        return ""
    try:
        return str(CountRun.read(record.spec))
    except ReproError:
        return ""


def _figures(record: Record) -> dict[Figure, int | float]:
    """The figures that count: none of a convention that lacks a rule for an operator."""
    return {
        (measured.metric, measured.convention): measured.value
        for measured in record.measurements
        if not record.uncounted.get(measured.convention or "")
    }


def _compared(name: str, a: Record, b: Record) -> Iterator[Change]:
    before, after = _figures(a), _figures(b)
    conventions = [
        [rules for metric, rules in each if metric == "macs"] for each in (before, after)
    ]
    if all(conventions) and not set(conventions[0]) & set(conventions[1]):
        shown = " and ".join(", ".join(map(str, each)) for each in conventions)
        reason = f"counted by other conventions: {shown}"
        yield Change("exact", f"{name} macs", "incomparable", reason=reason)
        before, after = (
            {key: value for key, value in each.items() if key[0] != "macs"}
            for each in (before, after)
        )
    for figure in dict.fromkeys((*before, *after)):
        former, latter = before.get(figure), after.get(figure)
        metric, rules = figure
        lacking = [record.uncounted.get(rules or "", ()) for record in (a, b)]
        call, reason = "same", ""
        if any(lacking):
            operators = ", ".join(lacking[0] or lacking[1])
            call, reason = "incomparable", f"`{rules}` has no rule for {operators}"
        elif former is None or latter is None:
            call = "new" if former is None else "missing"
        elif former != latter:
            call = "changed"
        apart = None if former is None or latter is None else latter - former
        cell = f"{name} {metric}" + (f" [{rules}]" if rules else "")
        yield Change("exact", cell, call, former, latter, apart, reason=reason)


def _code(a: Record, b: Record, counter: bool) -> str:
    """Whose code differs, where both records tell.

    A key is the digest of what was run and of the code that ran: of the same run it differs only
    by the code. The counter is one for all networks: it is the same if any key is.
    """
    if not a.key or not b.key or a.key == b.key:
        return ""
    suspects = " or ".join([code(a), *([COUNTER] if counter else [])])
    return f"{suspects}: fingerprint {a.key[:8]} -> {b.key[:8]}"
