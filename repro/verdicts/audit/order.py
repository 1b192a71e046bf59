"""Accuracies of one row bound each other."""

from collections.abc import Iterator
from fractions import Fraction

from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes
from repro.verdicts.audit.span import between, short, span

RECALLS = 101
"""points at which precision is read"""
PACE = Fraction(3, 10)
"""points by which AP may rise and AR fall"""
STRICT = (
    "AP is the mean over ten thresholds: five from 0.50 to 0.70 cannot exceed AP50, "
    "five from 0.75 to 0.95 cannot exceed AP75"
)


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """AP, AP50, AP75, AR, APM and APL of each row, and whether they are per cent at all."""
    for line in evidence.lines:
        figures = line.figures
        yield from _share(line)
        for name in ("AP", "AP75"):
            if name in figures and "AP50" in figures:
                yield _no_more(figures[name], figures["AP50"])
        if {"AP", "AP50", "AP75"} <= figures.keys():
            yield _mean(figures["AP"], figures["AP50"], figures["AP75"])
        if {"AP", "AR"} <= figures.keys():
            yield _recall(figures["AP"], figures["AR"])
        if {"AP", "APM", "APL"} <= figures.keys():
            yield _sizes(figures["AP"], figures["APM"], figures["APL"])
    yield from _pace(evidence)


def _share(line: PrintedLine) -> Iterator[AuditCheck]:
    figures = list(line.accuracy.values())
    wrong = [
        figure for figure in figures if not (figure.printed.high > 0 and figure.printed.low <= 100)
    ]
    if figures:
        low, high = (pick(figure.printed.value for figure in figures) for pick in (min, max))
        yield AuditCheck(
            "order",
            "contradiction",
            quotes(wrong or figures),
            f"{short(low)} to {short(high)} per cent",
            "A share lies between 0 and 100 per cent." if wrong else "",
        )


def _no_more(less: PrintedFigure, more: PrintedFigure) -> AuditCheck:
    wrong = less.printed.low >= more.printed.high
    return AuditCheck(
        "order",
        "contradiction",
        quotes((less, more)),
        f"{less.metric} {less.printed.text} <= {more.metric} {more.printed.text}",
        f"{less.metric} asks for a higher OKS than AP50 and cannot exceed it." if wrong else "",
    )


def _mean(ap: PrintedFigure, ap50: PrintedFigure, ap75: PrintedFigure) -> AuditCheck:
    low = (span(ap50.printed).low + 5 * span(ap75.printed).low) / 10
    high = (span(ap50.printed).high + span(ap75.printed).high) / 2
    wrong = ap.printed.low >= high or ap.printed.high <= low
    return AuditCheck(
        "order",
        "contradiction",
        quotes((ap, ap50, ap75)),
        f"AP {ap.printed.text} within {short(low)} to {short(high)}",
        f"{STRICT}; that leaves {short(low)} to {short(high)}." if wrong else "",
    )


def _recall(ap: PrintedFigure, ar: PrintedFigure) -> AuditCheck:
    high = span(ar.printed).high
    most = high + (100 - high) / Fraction(RECALLS)
    wrong = ap.printed.low >= most
    return AuditCheck(
        "order",
        "contradiction",
        quotes((ap, ar)),
        f"AP {ap.printed.text} <= {short(most)} by AR {ar.printed.text}",
        "Beyond the recall that is reached precision counts as 0, so AP cannot exceed "
        f"{short(most)} at this AR."
        if wrong
        else "",
    )


def _sizes(ap: PrintedFigure, medium: PrintedFigure, large: PrintedFigure) -> AuditCheck:
    low = min(medium.printed.low, large.printed.low)
    high = max(medium.printed.high, large.printed.high)
    wrong = ap.printed.low >= high or ap.printed.high <= low
    return AuditCheck(
        "order",
        "implausible",
        quotes((ap, medium, large)),
        f"AP {ap.printed.text} between APM {medium.printed.text} and APL {large.printed.text}",
        "Every person with joints is medium or large, and AP of both together lies between "
        f"the two, {between(span(medium.printed))} and {between(span(large.printed))}."
        if wrong
        else "",
    )


def _pace(evidence: Evidence) -> Iterator[AuditCheck]:
    """Among the rows of one ablation AR goes with AP."""
    ablations: dict[tuple[object, ...], list[PrintedLine]] = {}
    for line in evidence.lines:
        if evidence.own(line) and {"AP", "AR"} <= set(line.figures):
            key = line.source, line.input, line.protocol.on, line.protocol.decode
            ablations.setdefault(key, []).append(line)
    for lines in ablations.values():
        for line in lines if len(lines) > 1 else ():
            ahead = [one for one in lines if _apart(line, one, "AP") and _apart(one, line, "AR")]
            other = ahead[0] if ahead else line
            figures = [each.figures[name] for name in ("AR", "AP") for each in (line, other)]
            texts = ", ".join(f"{one.metric} {one.printed.text}" for one in figures[::2])
            yield AuditCheck(
                "order",
                "note",
                quotes(figures if ahead else figures[::2]),
                f"{texts} beside {len(lines) - 1} rows of the ablation",
                f"Its AP is {_points(line, other, 'AP')} points above that of {other.row.label}, "
                f"its AR {_points(other, line, 'AR')} below; in no other ablation do they part so."
                if ahead
                else "",
            )


def _apart(line: PrintedLine, other: PrintedLine, name: str) -> bool:
    return line.figures[name].printed.low - other.figures[name].printed.high >= PACE


def _points(line: PrintedLine, other: PrintedLine, name: str) -> str:
    return short(line.figures[name].printed.value - other.figures[name].printed.value)
