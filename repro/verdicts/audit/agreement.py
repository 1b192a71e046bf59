"""What is printed twice must print the same: in one paper, in two, and where others publish it."""

import functools
from collections.abc import Iterator, Mapping, Sequence

from repro.errors import listed
from repro.papers.metrics import COST, METRICS, SPEED
from repro.papers.protocol import Protocol
from repro.papers.study import load_study
from repro.verdicts.audit.check import AuditCheck
from repro.verdicts.audit.evidence import (
    Evidence,
    PrintedFigure,
    PrintedLine,
    ThirdPartyFigure,
    quotes,
)
from repro.verdicts.audit.span import overlap, short

MOST = 3
"""places that a finding names at most"""
APART = 1
"""points by which two trainings of one network seldom differ"""
Group = dict[str, list[PrintedFigure]]
"""metric -> the figures of one thing"""
Pair = tuple[PrintedFigure, PrintedFigure]
"""a printed figure and the one that somebody else published"""


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """Each network's cost, speed and accuracy wherever they are printed."""
    groups: dict[tuple[object, ...], Group] = {}
    for line in evidence.lines:
        for name, figure in line.figures.items():
            key = _identity(line, name, figure)
            if key is not None:
                groups.setdefault(key, {}).setdefault(name, []).append(figure)
    for key, group in groups.items():
        if any(len(found) > 1 for found in group.values()):
            yield _same(evidence, key, group)
    yield from _told(evidence)


def _identity(line: PrintedLine, name: str, figure: PrintedFigure) -> tuple[object, ...] | None:
    """What a figure is of; None if it is a difference."""
    keypoints = line.protocol.keypoints
    if name == "params":
        return name, line.network, keypoints
    if name == "macs":
        return name, line.network, line.input, keypoints, figure.convention
    if name.split()[0] in SPEED:
        timing = load_study(line.table.study).timings[line.table.timing or ""]
        return name, line.network, line.input, timing.hardware
    if METRICS[name.split()[0]].difference:
        return None
    return (
        *("accuracy", line.network, line.input, line.row.variant),
        *(_rules(line.protocol), line.protocol.on),
    )


@functools.cache
def _rules(protocol: Protocol) -> str:
    return str(sorted(protocol.described().items()))


def _same(
    evidence: Evidence, key: tuple[object, ...], group: Mapping[str, Sequence[PrintedFigure]]
) -> AuditCheck:
    repeated = {name: found for name, found in group.items() if len(found) > 1}
    wrong = [name for name, found in repeated.items() if not _agree(found)]
    figures = [one for name in wrong or repeated for one in repeated[name]]
    texts = "; ".join(
        f"{name} {' / '.join(dict.fromkeys(one.printed.text for one in found))}"
        for name, found in repeated.items()
    )
    return AuditCheck(
        "agreement",
        "contradiction",
        quotes(figures),
        texts,
        f"One network under the same conditions has one {_listed(wrong)}; no value prints "
        f"as all of these.{_as_well(evidence, key, figures)}"
        if wrong
        else "",
    )


def _as_well(evidence: Evidence, key: tuple[object, ...], figures: Sequence[PrintedFigure]) -> str:
    """The other conditions under which a paper prints these figures for the network."""
    texts: dict[str, set[str]] = {}
    for figure in figures if key[0] == "accuracy" else ():
        texts.setdefault(figure.metric, set()).add(figure.printed.text)
    elsewhere = []
    for line in evidence.lines:
        common = texts.keys() & line.figures.keys() if line.network == key[1] else ()
        if common and all(
            line.figures[name].printed.text in texts[name]
            and _identity(line, name, line.figures[name]) != key
            for name in common
        ):
            rules = f" on {line.protocol.on}" if line.protocol.on != key[-1] else ""
            elsewhere.append(f"{line.place}, {line.row.label}{rules}")
    places = "; ".join(list(dict.fromkeys(elsewhere))[:MOST])
    return f" Printed under other conditions as well: {places}." if elsewhere else ""


def _agree(figures: Sequence[PrintedFigure]) -> bool:
    return overlap(figure.printed for figure in figures)


def _listed(names: Sequence[str]) -> str:
    return f"value each of {listed(names)}" if len(names) > 1 else names[0]


def _told(evidence: Evidence) -> Iterator[AuditCheck]:
    """What one source published of a network, beside all rows that print the same of it."""
    rows: dict[tuple[object, ...], list[tuple[PrintedLine, list[Pair]]]] = {}
    for line in evidence.lines:
        sources: dict[str, list[Pair]] = {}
        for theirs in evidence.third_party:
            figure = line.figures.get(theirs.third.metric)
            if figure is not None and _fits(line, figure, theirs):
                sources.setdefault(theirs.third.source, []).append((figure, theirs.figure))
        for source, pairs in sources.items():
            texts = tuple((one.metric, one.printed.text) for one, _ in pairs)
            rows.setdefault((line.network, source, texts), []).append((line, pairs))
    for same in rows.values():
        yield _beside(evidence, same)


def _fits(line: PrintedLine, figure: PrintedFigure, theirs: ThirdPartyFigure) -> bool:
    third = theirs.third
    if third.model != line.network or line.row.variant:
        return False
    if third.metric == "params":
        return True
    if third.input not in (None, line.input):
        return False
    if third.metric == "macs":
        return third.convention is not None and third.convention == figure.convention
    return third.on == line.protocol.on and third.decode in (None, line.protocol.decode)


def _beside(evidence: Evidence, rows: Sequence[tuple[PrintedLine, list[Pair]]]) -> AuditCheck:
    line, pairs = rows[0]
    wrong = [pair for pair in pairs if not _agree(pair)]
    cost = any(one.metric in COST for one, _ in wrong)
    far = any(abs(one.printed.value - other.printed.value) >= APART for one, other in wrong)
    source = pairs[0][1].quote.where
    texts = "; ".join(f"{one.metric} {one.printed.text} / {two.printed.text}" for one, two in pairs)
    why = (
        "A network has one cost by one way of counting."
        if cost
        else "Two trainings of one network seldom differ by a point."
        if far
        else "It is another training, or another figure."
    )
    names = {one.metric for one, _ in wrong or pairs}
    printed = [one for _, each in rows for one, _ in each if one.metric in names]
    return AuditCheck(
        "agreement",
        "contradiction" if cost else "implausible" if far else "note",
        quotes((*printed, *(two for _, two in wrong or pairs))),
        f"{texts} ({source})",
        f"{source}: {_differences(wrong)}. {why}{_elsewhere(evidence, line, wrong)}"
        if wrong
        else "",
    )


def _differences(pairs: Sequence[Pair]) -> str:
    return ", ".join(
        f"{two.metric} {two.printed.text}, here {one.printed.text} ({_sign(one, two)})"
        for one, two in pairs
    )


def _sign(figure: PrintedFigure, other: PrintedFigure) -> str:
    apart = (figure.printed.value - other.printed.value) / figure.scale
    return f"{'+' if apart > 0 else '-' if apart < 0 else ''}{short(abs(apart))}"


def _elsewhere(evidence: Evidence, line: PrintedLine, wrong: Sequence[Pair]) -> str:
    """The other conditions under which the same source, or another, publishes what is printed."""
    sources = [
        theirs.third.source
        for theirs in evidence.third_party
        for one, _ in wrong
        if theirs.third.model == line.network
        and theirs.third.metric == one.metric
        and one.printed.text == theirs.figure.printed.text
        and (theirs.third.on, theirs.third.input) != (line.protocol.on, line.input)
    ]
    return (
        f" The printed figure is that of: {'; '.join(dict.fromkeys(sources))}." if sources else ""
    )
