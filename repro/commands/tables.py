"""Look at the tables: list, show, explain."""

from pathlib import Path

import zoo
from repro.commands import options
from repro.commands.common import console, emit, warn
from repro.report.terminal.console import put

STATES = {
    "measured": "numbers measured",
    "runnable": "to run here",
    "needs_data": "take data and weights",
    "not_rerun": "cited or not re-run",
}
"""of the numbers of a table, in words"""


def list_(
    paper: options.ListedPaper = None,
    models: options.ListModels = False,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """List papers, tables or models; of tables also what is measured and what runs here.

    Example: repro list paper1
    """
    if models:
        names = zoo.list_models()
        emit("list", models=names) if as_json else put(*names)
    elif paper is None:
        list_papers(as_json)
    else:
        list_tables(paper, store, as_json)


def list_papers(as_json: bool) -> None:
    """Print the papers."""
    from repro.papers import study
    from repro.report.text import counted

    papers = [study.load_study(name) for name in study.study_names()]
    if as_json:
        rows = [
            {"name": paper.name, "slugs": paper.slugs, "title": paper.title, "year": paper.year}
            | {"tables": study.table_names(paper.name)}
            for paper in papers
        ]
        emit("list", studies=rows)
        return
    for paper in papers:
        names, count = (paper.name, *paper.slugs), len(study.table_names(paper.name))
        put(f"{' · '.join(names)}: {paper.title} ({paper.year}), {counted(count, 'table')}")


def list_tables(paper: str, store: Path, as_json: bool) -> None:
    """Print the tables of a paper, and how many of their numbers are measured."""
    from repro.papers import lookup, study
    from repro.plans import selection
    from repro.records.store import Store

    name = lookup.find_study(paper).name
    tables = [study.load_table(name, table) for table in study.table_names(name)]
    records = Store(store)
    tallies = [selection.tally(selection.select([table]), records) for table in tables]
    warn(records)
    if as_json:
        rows = [
            {"name": table.name, "number": table.number, "caption": table.caption}
            | {"rows": [row.label for row in table.rows], "numbers": tally}
            for table, tally in zip(tables, tallies, strict=True)
        ]
        emit("list", study=name, tables=rows)
        return
    for table, tally in zip(tables, tallies, strict=True):
        states = [f"{count} {STATES[state]}" for state, count in tally.items() if count]
        put(f"{table.name:8} {len(table.rows):2} rows  {table.caption}")
        put(f"{'':18}{', '.join(states)}")


def show(paper: options.Paper, table: options.Table, as_json: options.Json = False) -> None:
    """Show a table as printed.

    Example: repro show paper2 table3
    """
    from repro.papers import lookup

    published = lookup.find_table(lookup.find_study(paper), table)
    if not as_json:
        from repro.report import printed_table

        console().print(printed_table.printed(published))
        return
    columns = [{"key": column.key, "label": column.label} for column in published.columns]
    rows = [
        {"label": row.label, "model": row.model, "input": row.input}
        | {"cells": {column.key: row.cells.get(column.key) for column in published.columns}}
        | {"cites": row.cites, "notes": row.notes}
        for row in published.rows
    ]
    emit("show", study=published.study, table=published.name, columns=columns, rows=rows)


def explain(
    paper: options.Paper,
    table: options.Table,
    row: options.Row,
    column: options.Column,
    store: options.StoreDir = options.RECORDS,
    as_json: options.Json = False,
) -> None:
    """Explain the verdict on one cell.

    Example: repro explain paper2 table1 "LPN-50" flops
    """
    from repro.evidence.estimates import estimates
    from repro.papers import lookup
    from repro.plans import selection
    from repro.records import setting_rows
    from repro.records.store import Store
    from repro.report.terminal import explanation, subset_estimate
    from repro.verdicts import elsewhere, judge

    published = lookup.find_table(lookup.find_study(paper), table)
    place = lookup.find_row(published, row), lookup.find_column(published, column)
    wanted, records = selection.cell(published, *place), Store(store)
    cell = judge.judge(wanted, records.find)
    warn(records)
    record = records.find(wanted.spec) if wanted.spec else None
    tried = None if record is None else setting_rows.read(records.artifacts(record.key))
    beside = tried, elsewhere.of_row(records, *place)
    suggested = estimates(wanted, records.find)
    if as_json:
        facts = explanation.described(cell, record, *beside)
        facts |= subset_estimate.described(suggested)
        emit("explain", **judge.described(cell), **facts)
        return
    console().print(explanation.chain(cell, record, *beside))
    if suggested:
        console().print(subset_estimate.shown(suggested))
