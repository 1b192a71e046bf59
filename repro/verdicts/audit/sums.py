"""Gains against the cells that they are differences of; switches alone against all together."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from repro.papers.metrics import COST
from repro.papers.published import Published
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes
from repro.verdicts.audit.span import balance, between, short, span, total

GAIN = "AP_gain"
MIXED = "That fits only if some of these figures are rounded and others cut."


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """Gain columns, and rows that name their `parts`."""
    ladders: dict[tuple[object, ...], list[PrintedLine]] = {}
    rows: dict[tuple[tuple[str, str], str], PrintedLine] = {}
    for line in evidence.lines:
        key = line.source, line.network, line.input, line.protocol.decode
        ladders.setdefault(key, []).append(line)
        rows.setdefault((line.source, line.row.label), line)
    for lines in ladders.values():
        if any(GAIN in line.figures for line in lines):
            yield from _gains(lines)
    for line in rows.values():
        parts = [rows[line.source, name] for name in line.row.parts if (line.source, name) in rows]
        base = rows.get((line.source, parts[0].row.after or "")) if parts else None
        if base is not None and len(parts) == len(line.row.parts):
            for name in (*COST, "AP"):
                if all(name in one.figures for one in (line, base, *parts)):
                    yield _together(name, line, base, parts)


def _gains(lines: Sequence[PrintedLine]) -> Iterator[AuditCheck]:
    """Each gain is the difference to the row before; one without an AP, to the first row."""
    steps = [line for line in lines if "AP" in line.figures]
    for before, after in pairwise(steps):
        if GAIN in after.figures:
            yield _gain(after.figures[GAIN], before.figures["AP"], after.figures["AP"], steps)
    for line in lines:
        if GAIN in line.figures and "AP" not in line.figures and len(steps) > 1:
            yield _gain(line.figures[GAIN], steps[0].figures["AP"], steps[-1].figures["AP"], steps)


def _gain(
    gain: PrintedFigure, before: PrintedFigure, after: PrintedFigure, steps: Sequence[PrintedLine]
) -> AuditCheck:
    fits = _difference(gain, before, after)
    gap = short(after.printed.value - before.printed.value)
    rows = [line for line in steps if _difference(gain, before, line.figures["AP"]) != "no"]
    other = f" It is that of {rows[0].row.label}." if rows and fits == "no" else ""
    return AuditCheck(
        "sums",
        "contradiction",
        quotes((gain, after, before)),
        f"{after.printed.text} - {before.printed.text} = {gap}, printed {gain.printed.text}",
        f"{after.printed.text} - {before.printed.text} is {gap}, not {gain.printed.text}.{other}"
        if fits == "no"
        else "",
    )


def _difference(gain: PrintedFigure, before: PrintedFigure, after: PrintedFigure) -> str:
    return balance([(1, after.printed), (-1, before.printed), (-1, gain.printed)])


def _together(
    name: str, line: PrintedLine, base: PrintedLine, parts: Sequence[PrintedLine]
) -> AuditCheck:
    """What the parts add one by one against what they add together."""
    start, end = base.figures[name], line.figures[name]
    single = [part.figures[name] for part in parts]
    terms: list[tuple[int, Published]] = [(1, one.printed) for one in single]
    terms += [(1 - len(single), start.printed)] if len(single) > 1 else []
    fits = balance([*terms, (-1, end.printed)])
    scale = end.scale
    alone = [one.printed.value - start.printed.value for one in single]
    sum_alone = " + ".join(short(value / scale) for value in alone)
    added = short(sum(alone, Fraction(0)) / scale)
    together = short((end.printed.value - start.printed.value) / scale)
    compared = f"{name}: {sum_alone} = {added} one by one, {together} together"
    expected = f"{between(total(terms), scale)}, printed {between(span(end.printed), scale)}"
    additive = name in COST
    if fits == "yes":
        finding = ""
    elif not additive:
        finding = (
            f"The gains add up to {added} one by one and to {together} together; accuracies need "
            "not add up."
        )
    else:
        finding = (
            f"What each switch adds does not depend on the others, so the sum is {expected}."
            f"{' ' + MIXED if fits == 'mixed' else ''}"
        )
    severity = "note" if not additive else "implausible" if fits == "mixed" else "contradiction"
    return AuditCheck("sums", severity, quotes((end, start, *single)), compared, finding)
