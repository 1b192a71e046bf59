"""How it was measured, and what was not: the end of the page."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repro.papers import study
from repro.papers.protocol import Protocol
from repro.papers.study import TimingProcedure
from repro.records.record import Record
from repro.report.overview import field
from repro.verdicts.judge import Cell


@dataclass(frozen=True, slots=True)
class Absent:
    """What was not run here, and why."""

    count: int
    what: str
    tables: str
    reason: str


def absent(cells: Iterable[Cell]) -> list[Absent]:
    """The missing cells by reason, the most first."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.verdict.kind == "missing":
            groups.setdefault(cell.verdict.reason, []).append(cell)
    lines = [
        Absent(
            len(group), _each(field(cell.wanted.column) for cell in group), _tables(group), reason
        )
        for reason, group in groups.items()
    ]
    return sorted(lines, key=lambda line: -line.count)


def protocols(papers: Iterable[str]) -> list[tuple[str, str, Protocol]]:
    """Paper, name and rules of every evaluation."""
    return [
        (paper, name, rules)
        for paper in papers
        for name, rules in study.load_study(paper).protocols.items()
    ]


def timings(papers: Iterable[str]) -> list[tuple[str, str, TimingProcedure]]:
    """Paper, name and way of every timing."""
    return [
        (paper, name, one)
        for paper in papers
        for name, one in study.load_study(paper).timings.items()
    ]


def machines(records: Iterable[Record]) -> list[tuple[str, int]]:
    """Each machine with its libraries, and how many records come from it."""
    return Counter(described(record.env) for record in records).most_common()


def described(env: Mapping[str, object]) -> str:
    """A machine and its libraries in a line, the commit left out."""
    parts = []
    for name, value in env.items():
        if isinstance(value, Mapping):
            parts.append(", ".join(f"{key} {number}" for key, number in value.items()))
        elif name != "commit":
            text = value if isinstance(value, str) else json.dumps(value)
            parts.append(f"{name.replace('_gib', ', GiB')} {text}")
    return " · ".join(parts)


def _each(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _tables(cells: Iterable[Cell]) -> str:
    """`paper1 I, II; paper4 III`."""
    papers: dict[str, dict[str, None]] = {}
    for cell in cells:
        table = cell.wanted.table
        papers.setdefault(table.study, {})[table.number] = None
    return "; ".join(f"{paper} {', '.join(numbers)}" for paper, numbers in papers.items())
