"""What `run` prints: the judged tables, and what was trained here beside them."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from repro import judge, ladder, study
from repro.judge import Cell
from repro.planned import IMPOSSIBLE, Plan
from repro.records.runs import EvaluationRun
from repro.report import terminal, training

Rows = Sequence[Mapping[str, object]]


def report(out: Console, cells: Sequence[Cell], quiet: bool) -> None:
    """Print the judged tables and their totals; only those if `quiet`."""
    if not quiet:
        for (paper, name), group in judge.by_table(cells).items():
            terminal.judged(out, study.load_table(paper, name), group)
            out.print()
    out.print(terminal.totals(cells))


def trained(out: Console, plan: Plan, rows: Rows, mode: str) -> None:
    """Print what the networks that were trained here reach, table by table."""
    for table in {id(one.table): one.table for one in plan.trained}.values():
        own = [row for row, one in zip(rows, plan.trained, strict=True) if one.table is table]
        out.print(training.networks(table, own, mode))
    for line in words(plan, rows, mode):
        out.print(Text(line))


def words(plan: Plan, rows: Rows, mode: str) -> list[str]:
    """Of which data the trained networks' figures are, and why some are not there."""
    if not plan.trained:
        return []
    table = plan.trained[0].table
    printed = study.load_study(table.study).protocols[table.protocol].on
    return training.networks_words(rows, mode, printed)


def not_made(plan: Plan, data: bool) -> Iterator[str]:
    """Why evaluations were not possible, where data were given for them."""
    for one in plan.runs if data else ():
        if one.kind == EvaluationRun.kind and one.state == IMPOSSIBLE and one.asks is not None:
            yield f"not evaluated: {one.name}. {one.why}"


def described(cells: Sequence[Cell], plan: Plan, rows: Rows, mode: str) -> dict[str, object]:
    """For --json."""
    found: dict[str, object] = {
        "cells": [judge.described(cell) for cell in cells],
        "ladder": [ladder.described(step) for step in ladder.steps(cells)],
        "summary": judge.summary(cells),
    }
    if plan.trained:
        tables = dict.fromkeys((one.table.study, one.table.name) for one in plan.trained)
        found |= {
            "train": mode,
            "trained": [f"{paper} {name}" for paper, name in tables],
            "rows": list(rows),
            "words": words(plan, rows, mode),
        }
    return found
