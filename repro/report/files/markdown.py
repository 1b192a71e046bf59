"""RESULTS.md: every table with the paper's value, ours, the difference and the verdict.

A pure function of the tables and the records: the same inputs give the same bytes.
"""

from collections.abc import Mapping, Sequence, Set

import pandas as pd

from repro.papers import study
from repro.papers.conventions import CONVENTIONS, GIGA
from repro.papers.study import COST, SPEED, Column, Row, Table
from repro.records.record import file_of
from repro.report import overview, text
from repro.verdicts import ablation_steps, digits
from repro.verdicts.judge import KINDS, Cell, by_table, summary

SHORT = 7
"""letters of a record's key in the text"""
MARK = "<!-- Written by `repro run` from tables/ and records/; edits are lost. -->"


def results(cells: Sequence[Cell]) -> str:
    """The whole document, for the judged cells of every table; no HTML gets into it."""
    groups = by_table(cells)
    studies = list(dict.fromkeys(name for name, _ in groups))
    parts = ["# Results", _introduction(cells), _matrix(cells), _conventions()]
    for name in studies:
        paper = study.load_study(name)
        parts.append(f"## {name}: {paper.title}")
        parts.append(f"{', '.join(paper.authors) or 'No authors are printed'} ({paper.year})")
        parts.append(overview.sentence([one for one in cells if one.wanted.table.study == name]))
        for (owner, table), found in groups.items():
            if owner == name:
                parts += _table(study.load_table(name, table), found)
    links = _links(cells)
    document = "\n\n".join([*parts, links] if links else parts)
    return f"{MARK}\n\n{document.replace('<', '&lt;')}\n"


def _introduction(cells: Sequence[Cell]) -> str:
    return (
        f"{len(cells):,} printed numbers of four papers. Beside each: what we measured, the "
        "difference in the printed unit, and a sign.\n\n"
        + "\n".join(f"- {text.SIGNS[kind]} **{kind}**: {KINDS[kind]}" for kind in summary(cells))
        + "\n\nA cost matches if it prints as the paper's digits, rounded or cut, under the "
        "counting convention of its cell. What the papers call FLOPs are multiply-accumulates "
        "(MACs). Accuracy and speed are never estimated: a cell that was not run says what would "
        "supply it."
    )


def _kind_of_metric(column: Column) -> str:
    if column.metric in COST:
        return "parameters" if column.metric == "params" else "MACs"
    return "speed" if column.metric in SPEED else "accuracy"


def _matrix(cells: Sequence[Cell]) -> str:
    frame = pd.DataFrame(
        {
            "study": [cell.wanted.table.study for cell in cells],
            "cells of": [_kind_of_metric(cell.wanted.column) for cell in cells],
            "verdict": [cell.verdict.kind for cell in cells],
        }
    )
    matrix = pd.crosstab([frame["study"], frame["cells of"]], frame["verdict"])
    kinds = [kind for kind in KINDS if kind in matrix.columns]
    matrix = matrix.reindex(("parameters", "MACs", "accuracy", "speed"), level=1)
    matrix = matrix[kinds].rename(columns={kind: f"{text.SIGNS[kind]} {kind}" for kind in kinds})
    return _markdown(matrix.reset_index().astype(str))


def _conventions() -> str:
    rows = [{"convention": c.name, "tool": c.tool, "counts": c.rules} for c in CONVENTIONS.values()]
    return "Counting conventions:\n\n" + _markdown(pd.DataFrame(rows))


def _table(table: Table, cells: Sequence[Cell]) -> list[str]:
    parts = [f"### {table.study} Table {table.number}: {table.caption}", _caption(table)]
    parts.append(_markdown(pd.DataFrame(_rows(table, cells))))
    steps = text.ladder(ablation_steps.steps(cells))
    if steps:
        parts += [text.LADDER, _markdown(pd.DataFrame(steps).fillna(""))]
    notes = [*_reasons(cells), *_notes(table)]
    return [*parts, "\n".join(f"- {note}" for note in notes)] if notes else parts


def _caption(table: Table) -> str:
    protocol = study.load_study(table.study).protocols[table.protocol]
    counted = [
        f"{column.heading} counted by `{column.convention}`, {GIGA[column.giga]}"
        for column in table.columns
        if column.metric == "macs"
    ]
    accuracy = f"{protocol.metric} on {protocol.on}, {protocol.decode}"
    return " · ".join((table.where, accuracy, *counted))


def _rows(table: Table, cells: Sequence[Cell]) -> list[dict[str, str]]:
    found = {(cell.wanted.row.label, cell.wanted.column.key): cell for cell in cells}
    measured = text.measured(cells)
    return [_row(table, row, found, measured) for row in table.rows]


def _row(
    table: Table, row: Row, cells: Mapping[tuple[str, str], Cell], measured: Set[str]
) -> dict[str, str]:
    values: dict[str, str] = {}
    for column in table.columns:
        title = column.heading
        cell = cells.get((row.label, column.key))
        printed = row.cells.get(column.key, "")
        if column.metric is None:
            cite = row.cites.get(column.key)
            values[title] = f"{printed} [{cite}]" if cite else printed
        elif column.key in measured:
            values[title] = printed
            values[f"{title} ours"] = _ours(cell) if cell else ""
            values[f"{title} Δ"] = digits.delta(cell) if cell else ""
        else:
            values[title] = f"{printed} {_sign(cell)}" if cell else printed
    return values


def _ours(cell: Cell) -> str:
    """Our value, linked to its record, and the sign."""
    if cell.shown is None:
        return _sign(cell)
    key = cell.shown.record
    return f"[{digits.ours(cell)}][{key[:SHORT]}] {_sign(cell)}"


def _links(cells: Sequence[Cell]) -> str:
    """Where the records are that the tables link to."""
    shown = [cell.shown for cell in cells if cell.shown is not None]
    files = {one.record: file_of(one.record, one.number) for one in shown}
    return "\n".join(f"[{key[:SHORT]}]: records/{files[key]}" for key in sorted(files))


def _sign(cell: Cell) -> str:
    return text.SIGNS[cell.verdict.kind]


def _reasons(cells: Sequence[Cell]) -> list[str]:
    return [
        f"{text.SIGNS[kind]} {kind}, {where}: {reason}"
        for kind, where, reason in text.reasons(cells)
    ]


def _notes(table: Table) -> list[str]:
    cell_notes = [
        f"{row.label} ({table.column(key).heading} printed {row.cells.get(key, 'blank')}): {note}"
        for row in table.rows
        for key, note in row.notes.items()
    ]
    return [f"note: {note}" for note in (*table.notes, *cell_notes)]


def _markdown(frame: pd.DataFrame) -> str:
    escaped = frame.map(lambda value: str(value).replace("|", "\\|"))
    return str(escaped.to_markdown(index=False, disable_numparse=True))
