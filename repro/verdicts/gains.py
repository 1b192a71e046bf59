"""What the switches of an ablation change in accuracy, as printed, beside the noise of images."""

from collections.abc import Iterator
from dataclasses import dataclass

from repro.papers.metrics import ACCURACY, METRICS
from repro.papers.study import Column, Row, Table
from repro.plans import selection
from repro.verdicts import noise
from repro.verdicts.noise import SamplingNoise


@dataclass(frozen=True, slots=True)
class PrintedGain:
    """The difference of an accuracy to the row before, or that of a column of differences."""

    row: Row
    column: Column
    points: float
    noise: SamplingNoise

    @property
    def call(self) -> str:
        """Whether images alone may make it, see `repro.verdicts.noise`."""
        return self.noise.call(self.points)


def printed_gains(table: Table) -> Iterator[PrintedGain]:
    """Those of a table of which the noise is known, column by column."""
    rows = {row.label: row for row in table.rows}
    for column in table.columns:
        for row in table.rows:
            known = noise_of(table, row, column)
            points = _points(table, row, rows.get(row.after or ""), column) if known else None
            if points is not None and known is not None:
                yield PrintedGain(row, column, points, known)


def noise_of(table: Table, row: Row, column: Column) -> SamplingNoise | None:
    """The noise of an accuracy where it is printed; None for anything else, or where unknown."""
    metric = (column.metric or "").removesuffix("_gain")
    if metric not in ACCURACY:
        return None
    rules = selection.protocol(table, row, column)
    return noise.on_split(metric, rules.dataset, rules.split)


def _points(table: Table, row: Row, before: Row | None, column: Column) -> float | None:
    printed = table.published(row, column)
    if printed is None:
        return None
    if METRICS[column.metric or ""].difference:
        return float(printed.value)
    base = None if before is None else table.published(before, column)
    return None if base is None else float(printed.value - base.value)


def of_cell(table: Table, row: Row, column: Column) -> str:
    """What the images may do to an accuracy, and to its difference; empty where it is unknown."""
    known = noise_of(table, row, column)
    if known is None:
        return ""
    said = [
        f"{one.points:+.2f} after `{row.after}`: {one.call}." if row.after else f"It is {one.call}."
        for one in printed_gains(table)
        if one.row is row and one.column is column
    ]
    return " ".join([*said, noise.explained(known), noise.source(known)])
