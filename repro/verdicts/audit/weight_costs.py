"""Weights that meet a map cost a multiply-accumulate at each of its pixels."""

from collections.abc import Iterator
from fractions import Fraction

from repro.papers.study import AddedPart
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes
from repro.verdicts.audit.span import between, short, total

PREMISE = "Premise:"
"""in a reason, before what is taken for granted that the paper does not say"""


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """The rows that say what they add to another row."""
    rows: dict[tuple[tuple[str, str], str], PrintedLine] = {}
    for line in evidence.lines:
        rows.setdefault((line.source, line.row.label), line)
    for ((paper, table), _), line in rows.items():
        adds = line.row.adds
        base = rows.get(((paper, adds.table or table), adds.to)) if adds else None
        if adds is None or base is None or "macs" not in line.figures or "macs" not in base.figures:
            continue
        if adds.most is not None:
            yield _most(adds, adds.most, base.figures["macs"], line.figures["macs"])
        elif "params" in line.figures and "params" in base.figures and line.input is not None:
            yield _least(adds, base, line)


def _least(adds: AddedPart, base: PrintedLine, line: PrintedLine) -> AuditCheck:
    """More parameters on maps that fine cost so much at least."""
    height, width = line.input or (0, 0)
    stride = adds.stride or 1
    pixels = (height // stride) * (width // stride)
    before, after = base.figures["params"], line.figures["params"]
    params = total([(1, after.printed), (-1, before.printed)])
    least = max(params.low, Fraction(0)) * pixels - adds.saved
    cheap, dear = base.figures["macs"], line.figures["macs"]
    macs = total([(1, dear.printed), (-1, cheap.printed)])
    wrong = macs.high <= least
    saved = f", {_g(adds.saved)} of what is replaced taken off" if adds.saved else ""
    printed = f"{_g(macs.low)} to {_g(macs.high)}"
    compared = (
        f"{between(params, 10**6)}M more weights, {pixels:,} MACs each: "
        f"{_g(least)} at least{saved}; {printed} printed"
    )
    return AuditCheck(
        "weights",
        _severity(adds),
        quotes((after, before, dear, cheap)),
        compared,
        f"At least {short(params.low / 10**6)}M weights are added, each meets {pixels:,} pixels at "
        f"1/{stride} of {line.size} or finer: {_g(least)} at least{saved}; at most "
        f"{_g(macs.high)} are printed. {adds.why}"
        if wrong
        else "",
    )


def _most(adds: AddedPart, most: int, cheap: PrintedFigure, dear: PrintedFigure) -> AuditCheck:
    macs = total([(1, dear.printed), (-1, cheap.printed)])
    wrong = macs.low >= most
    return AuditCheck(
        "weights",
        _severity(adds),
        quotes((dear, cheap)),
        f"{dear.printed.text} less {cheap.printed.text}: {_g(macs.low)} to {_g(macs.high)}, "
        f"{_g(most)} at most",
        f"The printed change is {_g(macs.low)} to {_g(macs.high)}, possible are "
        f"{_g(most)} at most. {adds.why}"
        if wrong
        else "",
    )


def _severity(adds: AddedPart) -> str:
    """A contradiction, unless something is taken for granted that the paper does not say."""
    return "note" if PREMISE in adds.why else "contradiction"


def _g(macs: Fraction | int) -> str:
    return f"{short(Fraction(macs, 10**9))} GMACs"
