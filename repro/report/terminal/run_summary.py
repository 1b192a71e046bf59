"""What `run` prints: the judged tables, and what was trained here beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from repro.errors import ReproError
from repro.papers import study
from repro.papers.metrics import MAIN
from repro.papers.study import Table
from repro.plans.planned import IMPOSSIBLE, Plan, TrainedRow
from repro.records.record import Record
from repro.records.requirements import Requirement
from repro.records.store import Store
from repro.report.terminal import judged_tables, training_view
from repro.verdicts import ablation_steps, judge
from repro.verdicts.judge import Cell

Rows = Sequence[Mapping[str, object]]


def report(out: Console, cells: Sequence[Cell], quiet: bool) -> None:
    """Print the judged tables and their totals; only those if `quiet`."""
    if not quiet:
        for (paper, name), group in judge.by_table(cells).items():
            judged_tables.judged(out, study.load_table(paper, name), group)
            out.print()
    out.print(judged_tables.totals(cells))


def trained(out: Console, plan: Plan, rows: Rows, mode: str) -> None:
    """Print what the networks that were trained here reach, table by table."""
    for table, of_table in _by_table(plan, rows):
        out.print()
        out.print(training_view.networks(table, of_table, mode))
        for line in words(table, of_table, mode):
            out.print(Text(line))


def words(table: Table, rows: Rows, mode: str) -> list[str]:
    """Of which data the trained networks' figures are, and why some are not there."""
    printed = study.load_study(table.study).protocols[table.protocol].on
    return training_view.networks_words(rows, mode, printed)


def _by_table(plan: Plan, rows: Rows) -> Iterator[tuple[Table, Rows]]:
    for table in {id(one.table): one.table for one in plan.trained}.values():
        pairs = zip(rows, plan.trained, strict=True)
        yield table, [row for row, one in pairs if one.table is table]


def reached(
    trained: Sequence[TrainedRow], store: Store, failed: Mapping[str, ReproError]
) -> list[dict[str, object]]:
    """For --json: every row with what is printed, and what its network reaches where on what.

    `failed` has the runs that gave nothing, as an outcome has them.
    """
    networks = []
    for row in trained:
        records = {key: store.current(run) for key, run in row.evaluations.items()}
        figures = {}
        for key, record in records.items():
            metric = row.table.column(key).metric or ""
            figure = record.measurement(metric) if record else None
            if figure is not None:
                figures[key] = asdict(figure)
        record = next((one for one in records.values() if one), None)
        primary = (record.measurement(name) for name in MAIN) if record else iter(())
        best = next((one for one in primary if one), None)
        training = row.training
        networks.append(
            {
                "study": row.table.study,
                "table": row.table.name,
                "label": row.label,
                "model": row.model,
                "seed": row.seed,
                "network": training.name if training else None,
                "recipe": training.recipe["name"] if training else None,
                "deviations": list(training.deviations) if training else [],
                "training": training.key if training else None,
                "folder": str(store.artifacts(training.key)) if training else None,
                "printed": dict(row.printed),
                "reached": figures,
                "best": asdict(best) if best else None,
                "on": record.spec["data"] if record else None,
                "why": row.why or _failure(row, failed),
            }
        )
    return networks


def records_behind(
    cells: Sequence[Cell], trained: Sequence[TrainedRow], store: Store
) -> list[Record]:
    """The records that measured cells and trained rows rest on, each once."""
    wanted = [cell.wanted for cell in cells if cell.measured is not None]
    asked: list[Requirement | None] = [
        requirement for cell in wanted for requirement in (cell.spec, cell.other)
    ]
    asked += [run for row in trained for run in (row.training, *row.evaluations.values())]
    records = [store.current(requirement) for requirement in asked if requirement is not None]
    return list({record.key: record for record in records if record is not None}.values())


def _failure(row: TrainedRow, failed: Mapping[str, ReproError]) -> str | None:
    """Why the training of a row, or one of its evaluations, gave nothing."""
    runs = (row.training, *row.evaluations.values())
    error = next((failed[run.key] for run in runs if run and run.key in failed), None)
    return None if error is None else str(error.__cause__ or error)


def not_made(plan: Plan, data: bool) -> Iterator[str]:
    """Why evaluations were not possible, where data were given for them."""
    for run in plan.runs if data else ():
        if run.state == IMPOSSIBLE and run.asks is not None and not run.aside:
            yield f"not evaluated: {run.name}. {run.why}"


def described(cells: Sequence[Cell], plan: Plan, rows: Rows, mode: str) -> dict[str, object]:
    """For --json."""
    data: dict[str, object] = {
        "cells": [judge.described(cell) for cell in cells],
        "ladder": [ablation_steps.described(step) for step in ablation_steps.steps(cells)],
        "summary": judge.summary(cells),
    }
    if plan.trained:
        tables = dict.fromkeys((one.table.study, one.table.name) for one in plan.trained)
        data |= {
            "train": mode,
            "trained": [f"{paper} {name}" for paper, name in tables],
            "rows": list(rows),
            "words": [
                line if len(tables) == 1 else f"{table.study} {table.name}: {line}"
                for table, own in _by_table(plan, rows)
                for line in words(table, own, mode)
            ],
        }
    return data
