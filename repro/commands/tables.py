"""Look at the tables: list, show, explain."""

from typing import Annotated

import typer

import zoo
from repro.commands.common import (
    RECORDS,
    Json,
    Paper,
    StoreDir,
    TableName,
    console,
    emit,
    warn,
)

STATES = {
    "measured": "numbers measured",
    "runnable": "to run here",
    "needs_data": "take data and weights",
    "not_rerun": "cited or not re-run",
}
"""of the numbers of a table, in words"""


def list_(
    paper: Annotated[str | None, typer.Argument(help="One paper: its tables.")] = None,
    models: Annotated[bool, typer.Option("--models", help="The models of the zoo.")] = False,
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """List papers, tables or models; of tables also what is measured and what runs here.

    Example: repro list paper1
    """
    from repro.papers import lookup, study
    from repro.plans import selection
    from repro.records.store import Store

    if models:
        names = zoo.list_models()
        emit("list", models=names) if as_json else print("\n".join(names))
    elif paper is None:
        found = [study.load_study(name) for name in study.study_names()]
        if as_json:
            rows = [
                {"name": one.name, "slugs": one.slugs, "title": one.title, "year": one.year}
                | {"tables": study.table_names(one.name)}
                for one in found
            ]
            emit("list", studies=rows)
            return
        for one in found:
            count = len(study.table_names(one.name))
            print(f"{' · '.join((one.name, *one.slugs))}: {one.title} ({one.year}), {count} tables")
    else:
        one = lookup.find_study(paper)
        tables = [study.load_table(one.name, name) for name in study.table_names(one.name)]
        kept = Store(store)
        cells = [selection.select([table]) for table in tables]
        tallies = [selection.tally(wanted, kept) for wanted in cells]
        warn(kept)
        if as_json:
            rows = [
                {"name": table.name, "number": table.number, "caption": table.caption}
                | {"rows": [row.label for row in table.rows], "numbers": tally}
                for table, tally in zip(tables, tallies, strict=True)
            ]
            emit("list", study=one.name, tables=rows)
            return
        for table, tally in zip(tables, tallies, strict=True):
            states = [f"{count} {STATES[state]}" for state, count in tally.items() if count]
            print(f"{table.name:8} {len(table.rows):2} rows  {table.caption}")
            print(f"{'':18}{', '.join(states)}")


def show(paper: Paper, table: TableName, as_json: Json = False) -> None:
    """Show a table as printed.

    Example: repro show paper2 table3
    """
    from repro.papers import lookup

    found = lookup.find_table(lookup.find_study(paper), table)
    if not as_json:
        from repro.report import printed_table

        console().print(printed_table.printed(found))
        return
    columns = [{"key": column.key, "label": column.label} for column in found.columns]
    rows = [
        {"label": row.label, "model": row.model, "input": row.input}
        | {"cells": {column.key: row.cells.get(column.key) for column in found.columns}}
        | {"cites": row.cites, "notes": row.notes}
        for row in found.rows
    ]
    emit("show", study=found.study, table=found.name, columns=columns, rows=rows)


def explain(
    paper: Paper,
    table: TableName,
    row: Annotated[str, typer.Argument(help="The row's label, or its beginning.")],
    column: Annotated[str, typer.Argument(help="The column's key, label or metric.")],
    store: StoreDir = RECORDS,
    as_json: Json = False,
) -> None:
    """Explain the verdict on one cell.

    Example: repro explain paper2 table1 "LPN-50" flops
    """
    from repro.papers import lookup
    from repro.plans import selection
    from repro.records.store import Store
    from repro.report.terminal import cell_chain
    from repro.verdicts import judge

    found = lookup.find_table(lookup.find_study(paper), table)
    wanted = selection.cell(found, lookup.find_row(found, row), lookup.find_column(found, column))
    kept = Store(store)
    cell = judge.judge(wanted, kept.find)
    warn(kept)
    record = kept.find(wanted.spec) if wanted.spec else None
    if as_json:
        emit("explain", **judge.described(cell), **cell_chain.described(cell, record))
    else:
        console().print(cell_chain.chain(cell, record))
