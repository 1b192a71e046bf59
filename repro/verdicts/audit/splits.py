"""Rows that print another split's accuracy, and captions that name another split."""

import re
from collections.abc import Iterator, Sequence

from repro.papers.datasets import DATASETS
from repro.verdicts.audit.check import AuditCheck, Quote
from repro.verdicts.audit.evidence import Evidence, PrintedLine, quotes
from repro.verdicts.audit.span import overlap

ENOUGH = 3
"""figures that do not agree by chance"""
SPLITS = (
    ("test-dev", r"test[- ]?dev"),
    ("val", r"\bval(?:idation)?(?:20\d\d)?\b"),
    ("test", r"\btest\b(?![- ]?dev)"),
)
"""how captions name splits"""


def check(evidence: Evidence) -> Iterator[AuditCheck]:
    """Each row against the rows of its network on other splits; each caption against its rows."""
    borrowed: dict[tuple[str, str], list[PrintedLine]] = {}
    genuine: dict[tuple[str, str], list[PrintedLine]] = {}
    for line, lender, others in _compared(evidence):
        if others:
            yield _borrowed(line, lender, others)
        if lender or any(_same_split(one, line) and _alike(one, line) for one in others):
            (borrowed if lender else genuine).setdefault(line.source, []).append(line)
    for place, rows in borrowed.items():
        if place in genuine:
            yield _mixed(rows, genuine[place])
    yield from _captions(evidence)


def lent(evidence: Evidence) -> Iterator[tuple[PrintedLine, PrintedLine]]:
    """Each row that prints another split's figures, and the row that has them rightly."""
    for line, lender, _ in _compared(evidence):
        if lender is not None:
            yield line, lender


def _compared(
    evidence: Evidence,
) -> Iterator[tuple[PrintedLine, PrintedLine | None, list[PrintedLine]]]:
    """Each row with accuracies, the one whose figures it has, and those of its network."""
    alike: dict[tuple[object, ...], list[PrintedLine]] = {}
    for line in evidence.lines:
        if len(line.accuracy) >= ENOUGH:
            alike.setdefault(_setting(line), []).append(line)
    for lines in alike.values():
        for line in lines:
            others = [one for one in lines if one.table is not line.table]
            lender = next((one for one in others if _lends(evidence, one, line, lines)), None)
            yield line, lender, others


def _setting(line: PrintedLine) -> tuple[object, ...]:
    return line.network, line.input, line.protocol.dataset, line.row.variant


def _same_split(line: PrintedLine, other: PrintedLine) -> bool:
    return line.protocol.split == other.protocol.split


def _lends(
    evidence: Evidence, lender: PrintedLine, line: PrintedLine, lines: Sequence[PrintedLine]
) -> bool:
    """Whether a row of another split prints the same, and is the one whose split is right."""
    if _same_split(lender, line) or not _alike(lender, line):
        return False
    doubts = [_doubts(evidence, one, lines) for one in (lender, line)]
    years = [evidence.studies[one.table.study].year for one in (lender, line)]
    return (doubts[0], years[0], lender.place) < (doubts[1], years[1], line.place)


def _doubts(evidence: Evidence, line: PrintedLine, lines: Sequence[PrintedLine]) -> int:
    """How many figures printed elsewhere for the row's own split are other ones."""
    rows = sum(_same_split(one, line) and not _alike(one, line) for one in lines)
    elsewhere = sum(
        not overlap((theirs.figure.printed, line.figures[theirs.third.metric].printed))
        for theirs in evidence.third_party
        if theirs.third.model == line.network
        and (theirs.third.on, theirs.third.input) == (line.protocol.on, line.input)
        and theirs.third.metric in line.accuracy
    )
    return rows + elsewhere


def _alike(line: PrintedLine, other: PrintedLine) -> bool:
    common = set(line.accuracy) & set(other.accuracy)
    return len(common) >= ENOUGH and all(
        overlap((line.figures[name].printed, other.figures[name].printed)) for name in common
    )


def _borrowed(
    line: PrintedLine, lender: PrintedLine | None, others: Sequence[PrintedLine]
) -> AuditCheck:
    pair = (line, lender) if lender else (line,)
    figures = [one for each in pair for one in each.accuracy.values()]
    places = ", ".join(dict.fromkeys(f"{one.place} ({one.protocol.split})" for one in others))
    finding = ""
    if lender is not None:
        common = len(set(line.accuracy) & set(lender.accuracy))
        finding = (
            f"All {common} figures are those of {lender.place} for the network on "
            f"{lender.protocol.split}, though this table is of {line.protocol.split}; two splits "
            "do not agree to the last digit."
        )
    compared = f"{_texts(line)} on {line.protocol.split}, beside {places}"
    return AuditCheck("splits", "implausible", quotes(figures), compared, finding)


def _mixed(borrowed: Sequence[PrintedLine], genuine: Sequence[PrintedLine]) -> AuditCheck:
    split = genuine[0].protocol.split
    return AuditCheck(
        "splits",
        "implausible",
        quotes(next(iter(one.accuracy.values())) for one in (*borrowed, *genuine)),
        f"{len(borrowed)} rows of another split, {len(genuine)} of {split}",
        f"The table mixes splits: {_rows(borrowed)} print another split's figures, "
        f"{_rows(genuine)} those of {split}; its rows cannot be compared.",
    )


def _rows(lines: Sequence[PrintedLine]) -> str:
    return ", ".join(one.row.label for one in lines)


def _texts(line: PrintedLine) -> str:
    return " ".join(one.printed.text for one in line.accuracy.values())


def _told_split(caption: str) -> str | None:
    names = [name for name, pattern in SPLITS if re.search(pattern, caption, re.IGNORECASE)]
    return names[0] if len(names) == 1 else None


def _captions(evidence: Evidence) -> Iterator[AuditCheck]:
    """The data set and split that a caption names against the protocol of each row."""
    for table in evidence.tables:
        lines = [line for line in evidence.lines if line.table is table]
        split = _told_split(table.caption)
        lowered = table.caption.lower()
        names = {name for name in DATASETS if re.search(rf"\b{name}\b", lowered)}
        if not lines or not (split or names):
            continue
        wrong = [
            line
            for line in lines
            if (split and not line.protocol.split.startswith(split))
            or (split == "test" and line.protocol.split.startswith("test-dev"))
            or (names and line.protocol.dataset not in names)
        ]
        place = Quote(
            table.study, f"Table {table.number}", "", "caption", table.caption, table.name
        )
        on = ", ".join(dict.fromkeys(line.protocol.on for line in lines))
        rows = ", ".join(dict.fromkeys(line.row.label for line in wrong))
        yield AuditCheck(
            "splits",
            "contradiction",
            (place,),
            f"the rows are of {on}",
            f"The caption names another data set or split than the protocol of {rows}."
            if wrong
            else "",
        )
