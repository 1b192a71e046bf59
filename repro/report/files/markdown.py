"""RESULTS.md: every table with the paper's value, ours, the difference and the verdict.

A pure function of the tables and the records: the same inputs give the same bytes.
"""

from collections.abc import Sequence

import pandas as pd

from repro.evidence.checks import NetworkCheck
from repro.papers import study
from repro.papers.conventions import CONVENTIONS
from repro.papers.metrics import FIELDS
from repro.records.record import file_of
from repro.report import evidence_table, overview, text
from repro.report.contents import ReportContents
from repro.report.evidence_table import EvidenceLine
from repro.report.front import PaperFront, front
from repro.report.grid import Grid, GridEntry, GridLine, grid
from repro.verdicts.judge import Cell, by_table, summary
from repro.verdicts.kinds import KINDS

MARK = "<!-- Written by `repro run` from tables/ and records/; edits are lost. -->"
SHORT = 80
"""characters of a reason that is said again below each table"""
REHEARSED = "<!-- Written by `repro rehearse`: no results; edits are lost. -->"


def results(report: ReportContents) -> str:
    """The whole document: each paper in short, then its tables. No HTML gets into it."""
    groups = by_table(report.cells)
    studies = {name: study.load_study(name) for name, _ in groups}
    parts = ["# Results", _introduction(report.cells)]
    for name, paper in studies.items():
        parts.append(f"## In short: {name}, {paper.title}")
        parts += _front(front(report, name))
    parts += ["## How to read the tables", *_legend(report.cells), *_evidence(report.evidence)]
    for name, paper in studies.items():
        parts.append(f"## {name}: {paper.title}")
        parts.append(f"{', '.join(paper.authors) or 'No authors are printed'} ({paper.year})")
        told: dict[str, str] = {}
        for (owner, table), group in groups.items():
            if owner == name:
                parts += _table(grid(study.load_table(name, table), group), told)
    links = _links(report.cells, report.evidence)
    document = "\n\n".join([*parts, links] if links else parts)
    return f"{MARK}\n\n{document.replace('<', '&lt;')}\n"


def rehearsal(cells: Sequence[Cell], title: str, said: str) -> str:
    """The judged cells of a rehearsal as a document that nobody takes for results."""
    parts = [f"# {title}", f"**{said}**"]
    for (owner, table), group in by_table(cells).items():
        parts += _table(grid(study.load_table(owner, table), group), {})
    document = "\n\n".join([*parts, _links(cells)])
    return f"{REHEARSED}\n\n{document.replace('<', '&lt;')}\n"


def _introduction(cells: Sequence[Cell]) -> str:
    papers = text.papers(len(study.study_names()))
    return (
        f"{len(cells):,} printed numbers of {papers}, each beside what we measured: first each "
        "paper in short, then its tables cell by cell. Accuracy and speed are never estimated: a "
        "cell that was not run says what would supply it."
    )


def _front(short: PaperFront) -> list[str]:
    """A paper in short."""
    parts = []
    for heading, lines in short.parts:
        told = [f"- {line.said}" + "".join(f"\n  - {one}" for one in line.parts) for line in lines]
        parts += [f"**{heading}**", "\n".join(told)]
    return parts


def _legend(cells: Sequence[Cell]) -> list[str]:
    """The signs, how often each was given, and the ways of counting."""
    signs = "\n".join(
        f"- {KINDS[kind].sign} **{kind}**: {KINDS[kind].meaning}" for kind in summary(cells)
    )
    return [
        signs,
        "A cost matches if it prints as the paper's digits, rounded or cut, under the counting "
        "convention of its cell. What the papers call FLOPs are multiply-accumulates (MACs). A "
        "reason that stands below an earlier table of a paper is not repeated.",
        *(f"Noise, where an ablation changes an accuracy: {one}" for one in _noises(cells)),
        _matrix(cells),
        _conventions(),
    ]


def _noises(cells: Sequence[Cell]) -> list[str]:
    tables = {
        (cell.wanted.table.study, cell.wanted.table.name): cell.wanted.table for cell in cells
    }
    return text.noises(tables.values())


def verdict_table() -> str:
    """Every sign with its verdict and its meaning, as README.md has them."""
    rows = [
        {
            "sign": kind.sign,
            "verdict": f"`{name}`",
            "meaning": ", ".join(filter(None, (kind.meaning, kind.says))),
        }
        for name, kind in KINDS.items()
    ]
    return _markdown(pd.DataFrame(rows))


def _matrix(cells: Sequence[Cell]) -> str:
    frame = pd.DataFrame(
        {
            "study": [cell.wanted.table.study for cell in cells],
            "cells of": [overview.field(cell.wanted.column) for cell in cells],
            "verdict": [cell.verdict.kind for cell in cells],
        }
    )
    matrix = pd.crosstab([frame["study"], frame["cells of"]], frame["verdict"])
    kinds = [kind for kind in KINDS if kind in matrix.columns]
    matrix = matrix.reindex(FIELDS, level=1)
    matrix = matrix[kinds].rename(columns={kind: f"{KINDS[kind].sign} {kind}" for kind in kinds})
    return _markdown(matrix.reset_index().astype(str))


def _evidence(checks: Sequence[NetworkCheck]) -> list[str]:
    """Networks with published weights on real images; nothing where none are known."""
    if not checks:
        return []
    parts = [f"## {evidence_table.TITLE}", evidence_table.LEAD, evidence_table.LIMITS]
    for table in evidence_table.tables(checks):
        parts += [f"### {table.images.name}: {table.images.title}", table.facts]
        parts.append(_markdown(pd.DataFrame([_checked(line) for line in table.lines])))
        parts += [table.spread] if table.spread else []
        if table.lacking:
            parts.append(_listed(table.lacking))
        parts.append(
            f"The images are {table.images.chosen} Their ids are in `tables/evidence.toml`."
        )
    return [*parts, "Where the figures are published:", _listed(evidence_table.sources(checks))]


def _listed(said: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- {what}: {text}" for what, text in said)


def _checked(line: EvidenceLine) -> dict[str, str]:
    ours = f"[{line.ours}][{line.record}]" if line.record else line.ours
    values = (
        line.network,
        line.rules,
        line.published,
        ours,
        line.interval,
        line.delta,
        line.inside,
    )
    return dict(zip(evidence_table.HEADINGS, values, strict=True))


def _conventions() -> str:
    rows = [{"convention": c.name, "tool": c.tool, "counts": c.rules} for c in CONVENTIONS.values()]
    return "Counting conventions:\n\n" + _markdown(pd.DataFrame(rows))


def _table(layout: Grid, told: dict[str, str]) -> list[str]:
    """A judged table and what is said of it; `told` is what was said below earlier ones, where."""
    table = layout.table
    facts = text.facts(table, "{} counted by `{}`, {}")
    parts = [f"### {table.study} Table {table.number}: {table.caption}", " · ".join(facts)]
    parts.append(_markdown(pd.DataFrame([_row(line) for line in layout.lines])))
    if layout.changes:
        parts += [text.LADDER, _markdown(pd.DataFrame(layout.ladder))]
    said = [
        *(
            (f"{KINDS[kind].sign} {kind}, {where}", reason)
            for kind, where, reason in layout.remarks
        ),
        *(("noise", gain) for gain in layout.gains),
        *(
            ("note", note)
            for note in text.notes(table, "{row} ({column} printed {printed}): {note}")
        ),
    ]
    lines = []
    for head, reason in said:
        before = told.setdefault(reason, table.number) if len(reason) > SHORT else table.number
        known = "" if before == table.number else f"as below Table {before}."
        if not known or head != "note":
            lines.append(f"- {head}: {known or reason}")
    return [*parts, "\n".join(lines)] if lines else parts


def _row(line: GridLine) -> dict[str, str]:
    values: dict[str, str] = {}
    for entry in line.entries:
        title = entry.column.heading
        if entry.column.metric is None:
            values[title] = entry.cited
        elif entry.column.measured:
            values[title] = entry.printed
            values[f"{title} ours"] = _ours(entry)
            values[f"{title} Δ"] = entry.delta
        else:
            values[title] = f"{entry.printed} {entry.sign}".rstrip()
    return values


def _ours(entry: GridEntry) -> str:
    """Our value, linked to its record, and the sign."""
    if entry.cell is None or entry.cell.shown is None:
        return entry.sign
    return f"[{entry.ours}][{entry.cell.shown.record[: text.SHORT]}] {entry.sign}"


def _links(cells: Sequence[Cell], checks: Sequence[NetworkCheck] = ()) -> str:
    """Where the records are that the tables link to."""
    values = [cell.shown for cell in cells if cell.shown is not None]
    files = {value.record: file_of(value.record, value.number) for value in values}
    records = [check.record for check in checks if check.record is not None and check.shown]
    files |= {record.key: file_of(record.key, record.number) for record in records}
    return "\n".join(f"[{key[: text.SHORT]}]: records/{files[key]}" for key in sorted(files))


def _markdown(frame: pd.DataFrame) -> str:
    """A table without padding, of which only the size of the file would tell."""
    escaped = frame.map(lambda value: str(value).replace("|", "\\|"))
    rows = [list(map(str, escaped.columns)), *escaped.to_numpy().tolist()]
    heading, *lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((heading, f"|{':--|' * len(escaped.columns)}", *lines))
