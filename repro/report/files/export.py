"""The judged cells for other programs: CSV, LaTeX with the differences, JSON."""

import json
import re
from collections.abc import Sequence

import pandas as pd

from repro.evidence import checks
from repro.papers import study
from repro.records.plain_form import written
from repro.report import audit_lines, inert
from repro.report.contents import ReportContents
from repro.report.grid import Grid, GridEntry, grid
from repro.verdicts import ablation_steps, judge
from repro.verdicts.audit.check import audit_summary
from repro.verdicts.claims import judging
from repro.verdicts.judge import Cell, by_table

LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",
    "]": "{]}",
    "×": r"$\times$",
    **{sign: f"$^{digit}$" for sign, digit in zip("⁰²³⁶ˣ", "0236x", strict=True)},
    "Δ": r"$\Delta$",
    "β": r"$\beta$",
    "τ": r"$\tau$",
    "→": r"$\to$",
    "−": "$-$",
    "✓": r"\checkmark{}",
    "≈": r"$\approx$",
    "✗": r"$\otimes$",
    "∅": r"$\emptyset$",
    "“": "``",
    "–": "--",
}
"""what LaTeX gives a meaning of its own, and signs that its fonts lack"""
_LATEX = re.compile("|".join(map(re.escape, LATEX)))
HEAD = """% Written by repro report from tables/ and records/.
% It needs the packages amssymb, booktabs and longtable.
"""
BEYOND = "% It needs xelatex or lualatex, and a font with {}: pdflatex may lack them.\n"


def as_json(report: ReportContents) -> str:
    """Everything that was judged, as one JSON object."""
    return (
        json.dumps(
            {
                "schema": 1,
                "cells": [judge.described(cell) for cell in report.cells],
                "ladder": [
                    ablation_steps.described(step) for step in ablation_steps.steps(report.cells)
                ],
                "claims": [judging.described(one) for one in report.claims],
                "evidence": [checks.described(one) for one in report.evidence],
                "checks": [audit_lines.described(one) for one in report.checks if one.finding],
                "quantised": [written(record) for record in report.quantised],
                "summary": {
                    "cells": judge.summary(report.cells),
                    "claims": judging.summary(report.claims),
                    "checks": audit_summary(report.checks),
                },
            },
            indent=1,
        )
        + "\n"
    )


def as_csv(cells: Sequence[Cell]) -> str:
    """A line for each cell; values in printed units.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    frame = pd.DataFrame([_line(cell) for cell in cells])
    words = frame.select_dtypes(exclude="number").columns
    frame[words] = frame[words].map(_harmless)
    return frame.to_csv(index=False, lineterminator="\n")


def _line(cell: Cell) -> dict[str, str | float | None]:
    wanted, published, measured = cell.wanted, cell.published, cell.measured
    column = wanted.column
    scale = study.scale(wanted.row, column)
    return {
        "study": wanted.table.study,
        "table": wanted.table.name,
        "row": wanted.row.label,
        "column": column.key,
        "metric": column.metric,
        "unit": column.unit,
        "published": published.text,
        "low": float(published.low / scale),
        "high": float(published.high / scale),
        "ours": None if measured is None else float(measured.value / scale),
        "delta": None if cell.delta is None else float(cell.delta / scale),
        "convention": measured.convention if measured else None,
        "verdict": cell.verdict.kind,
        "reason": cell.verdict.reason,
        "record": measured.record if measured else None,
    }


def _harmless(value: object) -> object:
    return inert.formula(value) if isinstance(value, str) else value


def as_latex(cells: Sequence[Cell]) -> str:
    """Each table in the paper's layout with ours, the difference and the sign of the verdict."""
    parts = []
    for (paper, name), group in by_table(cells).items():
        parts.append(_table(grid(study.load_table(paper, name), group)))
    beyond = sorted({sign for part in parts for sign in part if not sign.isascii()})
    head = HEAD + (BEYOND.format(" ".join(beyond)) if beyond else "")
    return "\n".join([head, *parts])


def _table(layout: Grid) -> str:
    table = layout.table
    headings = [
        (latex(column.heading), latex(part)) for column in layout.columns for part in column.parts
    ]
    rows = [[value for entry in line.entries for value in _values(entry)] for line in layout.lines]
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(headings))
    letters = (
        "l" if column.metric is None else "r" * len(column.parts) for column in layout.columns
    )
    caption = f"{table.study} Table {table.number}. {table.caption}"
    return frame.to_latex(
        index=False,
        escape=False,  # `latex` did
        longtable=True,
        column_format="".join(letters),
        multicolumn_format="c",
        caption=latex(caption),
        label=f"tab:{re.sub('[^A-Za-z0-9]', '-', layout.slug)}",
    )


def _values(entry: GridEntry) -> list[str]:
    sign = f" {latex(entry.sign)}" if entry.sign else ""
    printed = latex(entry.cited)
    if not entry.column.measured:
        return [printed + sign]
    return [printed, (latex(entry.ours) + sign).strip(), latex(entry.delta)]


def latex(words: str) -> str:
    """Text that LaTeX sets as it stands."""
    return _LATEX.sub(lambda found: LATEX[found[0]], inert.visible(words))
