"""Figures that somebody else has published for other images, another size or another set-up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repro.errors import listed
from repro.papers import published_elsewhere
from repro.papers.metrics import ACCURACY, METRICS
from repro.papers.published_elsewhere import ElsewhereFigure, ElsewhereSource
from repro.verdicts.audit.check import AuditCheck, Quote
from repro.verdicts.audit.evidence import Evidence, PrintedFigure, PrintedLine, quotes
from repro.verdicts.audit.span import overlap

ENOUGH = 3
"""networks that do not all agree by chance"""


@dataclass(frozen=True, slots=True)
class ElsewherePair:
    """A printed figure beside the one that a source has of the same network."""

    line: PrintedLine
    figure: PrintedFigure
    source: ElsewhereSource
    theirs: ElsewhereFigure
    here: str
    """what the printed one is of"""
    there: str
    """what the source's is of"""
    other: str
    """what somebody has published of what the printed one is of; empty unless it is another"""

    @property
    def same(self) -> bool:
        """Whether the source has what is printed, for something else."""
        ours, theirs = self.figure.printed, self.theirs.printed
        return self.here != self.there and (ours.value, ours.step) == (theirs.value, theirs.step)


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """What each paper prints of the networks of each source, metric by metric."""
    for pairs in _pairs(evidence):
        copies = _copies(pairs)
        shown = copies or pairs
        yield AuditCheck(
            "elsewhere",
            "implausible",
            quotes(pair.figure for pair in shown) + _theirs(shown),
            _compared(pairs),
            _finding(evidence, copies) if copies else "",
        )


def sources(evidence: Evidence) -> Mapping[Quote, str]:
    """Each printed figure that is found to be a source's -> the source, and what it is of."""
    return {
        pair.figure.quote: f"{pair.source.source} ({pair.there})"
        + (f", while {pair.here} has {pair.other}" if pair.other else "")
        for pairs in _pairs(evidence)
        for pair in _copies(pairs)
    }


def _copies(pairs: Sequence[ElsewherePair]) -> list[ElsewherePair]:
    """The figures that are a source's: of several networks, or where the right one is another."""
    same = [pair for pair in pairs if pair.same]
    many = len({pair.theirs.network for pair in same}) >= ENOUGH
    return [pair for pair in same if many or pair.other]


def _pairs(evidence: Evidence) -> Iterator[list[ElsewherePair]]:
    """All that a paper prints of the networks of a source, metric by metric."""
    groups: dict[tuple[str, str, str], list[ElsewherePair]] = {}
    for source in published_elsewhere.sources():
        for theirs in source.figures:
            for line in evidence.lines:
                for name, figure in line.figures.items():
                    if theirs.fits(line.network, name.split()[0]):
                        key = source.source, line.table.study, theirs.metric
                        pair = _pair(evidence, line, figure, source, theirs)
                        groups.setdefault(key, []).append(pair)
    yield from groups.values()


def _pair(
    evidence: Evidence,
    line: PrintedLine,
    figure: PrintedFigure,
    source: ElsewhereSource,
    theirs: ElsewhereFigure,
) -> ElsewherePair:
    if theirs.metric in ACCURACY:
        here, there = line.protocol.on, source.on or ""
    else:
        paper = evidence.studies[line.table.study]
        here, there = paper.timings[line.table.timing or ""].hardware, source.device or ""
    if None not in (line.input, theirs.input) and line.input != theirs.input:
        height, width = theirs.input or (0, 0)
        here, there = f"{here} at {line.size}", f"{there} at {height}x{width}"
    return ElsewherePair(line, figure, source, theirs, here, there, _other(evidence, line, figure))


def _other(evidence: Evidence, line: PrintedLine, figure: PrintedFigure) -> str:
    """`40 (Lightweight OpenPose repository, COCO val2017)`; empty where none is known."""
    wanted = line.network, figure.metric, line.protocol.on
    for known in evidence.third_party:
        third = known.third
        fits = (third.model, third.metric, third.on) == wanted and third.input in (None, line.input)
        if fits and not overlap((known.figure.printed, figure.printed)):
            return f"{third.value} ({third.source})"
    return ""


def _theirs(pairs: Sequence[ElsewherePair]) -> tuple[Quote, ...]:
    """The source's own figures, once each."""
    source, paper = pairs[0].source.source, pairs[0].line.table.study
    figures = dict.fromkeys(pair.theirs for pair in pairs)
    return tuple(Quote(paper, source, one.network, one.metric, one.value) for one in figures)


def _compared(pairs: Sequence[ElsewherePair]) -> str:
    texts = dict.fromkeys(f"{pair.figure.printed.text} / {pair.theirs.value}" for pair in pairs)
    return f"{pairs[0].theirs.metric} {'; '.join(texts)} ({pairs[0].source.source})"


def _finding(evidence: Evidence, copies: Sequence[ElsewherePair]) -> str:
    first = copies[0]
    metric, unit = first.theirs.metric, METRICS[first.theirs.metric].unit
    rows = {pair.theirs: f"{pair.line.row.label} {pair.theirs.value}" for pair in copies[::-1]}
    here = listed(list(dict.fromkeys(pair.here for pair in copies)))
    there = listed(list(dict.fromkeys(pair.there for pair in copies)))
    others = listed(list(dict.fromkeys(pair.other for pair in copies if pair.other)))
    chance = (
        "figures on two sets of images seldom agree to the last digit"
        if metric in ACCURACY
        else "times of two set-ups, of one device too, seldom agree to the last digit, so that the "
        "paper's own networks are held against another set-up"
    )
    return (
        f"{metric} ({unit}) of {listed(list(rows.values())[::-1])}, printed for {here}, is that "
        f"of {first.source.source}, for {there}: {chance}."
        f"{f' For {here} others have {others}.' if others else ''}{_blank(evidence, first)}"
    )


def _blank(evidence: Evidence, pair: ElsewherePair) -> str:
    """The source's figures of networks that the paper prints without one."""
    metric, paper = pair.theirs.metric, pair.line.table.study
    lines = [line for line in evidence.lines if line.table.study == paper]
    blank: dict[str, None] = {}
    for theirs in pair.source.figures:
        rows = [line for line in lines if theirs.fits(line.network, metric)]
        asked = [line for line in rows if metric in {one.metric for one in line.table.columns}]
        if asked and not any(name.split()[0] == metric for line in rows for name in line.figures):
            blank[f"{asked[0].row.label} {theirs.value}"] = None
    return f" It also has {listed(list(blank))}, where the tables have a dash." if blank else ""
