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
from repro.report.evidence_table import EvidenceLine
from repro.report.grid import Grid, GridEntry, GridLine, grid
from repro.verdicts.judge import Cell, by_table, summary
from repro.verdicts.kinds import KINDS

MARK = "<!-- Written by `repro run` from tables/ and records/; edits are lost. -->"
REHEARSED = "<!-- Written by `repro rehearse`: no results; edits are lost. -->"


def results(cells: Sequence[Cell], checks: Sequence[NetworkCheck] = ()) -> str:
    """The whole document, for the judged cells of every table and the networks on real images.

    No HTML gets into it.
    """
    groups = by_table(cells)
    studies = list(dict.fromkeys(name for name, _ in groups))
    parts = ["# Results", _introduction(cells), _matrix(cells), _conventions()]
    parts += _evidence(checks)
    for name in studies:
        paper = study.load_study(name)
        parts.append(f"## {name}: {paper.title}")
        parts.append(f"{', '.join(paper.authors) or 'No authors are printed'} ({paper.year})")
        parts.append(overview.sentence([one for one in cells if one.wanted.table.study == name]))
        for (owner, table), group in groups.items():
            if owner == name:
                parts += _table(grid(study.load_table(name, table), group))
    links = _links(cells, checks)
    document = "\n\n".join([*parts, links] if links else parts)
    return f"{MARK}\n\n{document.replace('<', '&lt;')}\n"


def rehearsal(cells: Sequence[Cell], title: str, said: str) -> str:
    """The judged cells of a rehearsal as a document that nobody takes for results."""
    parts = [f"# {title}", f"**{said}**"]
    for (owner, table), group in by_table(cells).items():
        parts += _table(grid(study.load_table(owner, table), group))
    document = "\n\n".join([*parts, _links(cells)])
    return f"{REHEARSED}\n\n{document.replace('<', '&lt;')}\n"


def _introduction(cells: Sequence[Cell]) -> str:
    papers = text.papers(len(study.study_names()))
    return (
        f"{len(cells):,} printed numbers of {papers}. Beside each: what we measured, the "
        "difference in the printed unit, and a sign.\n\n"
        + "\n".join(
            f"- {KINDS[kind].sign} **{kind}**: {KINDS[kind].meaning}" for kind in summary(cells)
        )
        + "\n\nA cost matches if it prints as the paper's digits, rounded or cut, under the "
        "counting convention of its cell. What the papers call FLOPs are multiply-accumulates "
        "(MACs). Accuracy and speed are never estimated: a cell that was not run says what would "
        "supply it."
    )


def verdict_table() -> str:
    """Every sign with its verdict and its meaning, as README.md has them."""
    rows = [
        f"| {kind.sign} | `{name}` | {', '.join(filter(None, (kind.meaning, kind.says)))} |"
        for name, kind in KINDS.items()
    ]
    return "\n".join(("| sign | verdict | meaning |", "|:--|:--|:--|", *rows))


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
        parts.append(f"The images are {table.images.chosen} Their ids: {table.ids}.")
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


def _table(layout: Grid) -> list[str]:
    table = layout.table
    facts = text.facts(table, "{} counted by `{}`, {}")
    parts = [f"### {table.study} Table {table.number}: {table.caption}", " · ".join(facts)]
    parts.append(_markdown(pd.DataFrame([_row(line) for line in layout.lines])))
    if layout.changes:
        parts += [text.LADDER, _markdown(pd.DataFrame(layout.ladder))]
    remarks = [
        f"- {KINDS[kind].sign} {kind}, {where}: {reason}" for kind, where, reason in layout.remarks
    ]
    notes = text.notes(table, "{row} ({column} printed {printed}): {note}")
    gains = (f"- noise: {gain}" for gain in layout.gains)
    lines = [*remarks, *gains, *(f"- note: {note}" for note in notes)]
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
    escaped = frame.map(lambda value: str(value).replace("|", "\\|"))
    return str(escaped.to_markdown(index=False, disable_numparse=True))
