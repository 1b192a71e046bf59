"""From a selection of cells to the distinct runs that they need."""

from collections.abc import Iterable, Sequence

import zoo
from repro import study
from repro.errors import ReproError, unknown
from repro.spec import Spec, Wanted, spec_of
from repro.study import COST, METRICS, SPEED, Column, Row, Study, Table

SYNONYMS = {"flops": "macs", "gflops": "macs", "ap": "AP", "pckh": "Mean"}


def tables_of(found: Study, table: str | None) -> list[Table]:
    """One table of a study, or all of them."""
    if table is not None:
        return [study.find_table(found, table)]
    return [study.load_table(found.name, name) for name in study.table_names(found.name)]


def select(
    tables: Sequence[Table], row: str | None = None, metrics: Sequence[str] = ()
) -> list[Wanted]:
    """The printed numbers of some tables, restricted to rows and metrics."""
    chosen = _metrics(tables, metrics)
    found = []
    for table in tables:
        for one in study.find_rows(table, row):
            for column in table.columns:
                if column.metric in chosen and column.key in one.cells:
                    found.append(_wanted(table, one, column))
    return found


def cell(table: Table, row: Row, column: Column) -> Wanted:
    """One printed number; raise ReproError where none is printed."""
    if column.metric is None or column.key not in row.cells:
        what = "holds no number" if column.metric is None else "is blank"
        keys = ", ".join(c.key for c in table.columns if c.metric and c.key in row.cells)
        raise ReproError(
            f"`{column.key}` of `{row.label}` {what} in the paper.", f"Numbers there: {keys}."
        )
    return _wanted(table, row, column)


def specs(wanted: Iterable[Wanted]) -> list[Spec]:
    """The distinct runs that the cells need, in order."""
    return list({spec.key: spec for cell in wanted for spec in cell.specs}.values())


def _metrics(tables: Sequence[Table], names: Sequence[str]) -> set[str]:
    present = {column.metric for table in tables for column in table.columns if column.metric}
    if not names:
        return present
    by_lower = {metric.lower(): metric for metric in METRICS} | SYNONYMS
    chosen = set()
    for name in names:
        metric = by_lower.get(name.lower())
        if metric is None:
            raise unknown("metric", name, METRICS)
        chosen.add(metric)
    if not chosen & present:
        where = ", ".join(f"{table.study} {table.name}" for table in tables[:3])
        raise ReproError(
            f"No column of {where} holds {', '.join(f'`{name}`' for name in names)}.",
            f"Metrics there: {', '.join(metric for metric in METRICS if metric in present)}.",
        )
    return chosen


def _wanted(table: Table, row: Row, column: Column) -> Wanted:
    paper = study.load_study(table.study)
    model, size = row.model or column.model, row.input or column.input
    if row.cited is not None or model is None or size is None:
        return Wanted(table, row, column, None)
    if column.metric in SPEED:
        timing = paper.timings[table.timing or ""]
        return Wanted(table, row, column, None, lacking=f"Needs {timing.supply}.")
    protocol = paper.protocols[table.protocol]
    if column.metric not in COST:
        return Wanted(table, row, column, None, lacking=f"Needs {protocol.supply}.")
    if model not in zoo.MODELS:
        lacking = (
            f"The zoo of this version has no `{model}`; `repro list --models` shows what it has."
        )
        return Wanted(table, row, column, None, lacking=lacking)
    spec = spec_of(model, size, protocol.keypoints, row.options)
    other = (
        spec_of(model, row.also_input, protocol.keypoints, row.options) if row.also_input else None
    )
    return Wanted(table, row, column, spec, other)
