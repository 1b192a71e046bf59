"""Imported times beside every printed column that has their networks: ratios, and no verdict."""

from collections.abc import Iterator
from dataclasses import dataclass

from repro.plans import printed_speeds
from repro.records.record import Record
from repro.records.runs import network_name


@dataclass(frozen=True, slots=True)
class ImportedBeside:
    """One printed speed beside an imported one."""

    column: str
    row: str
    network: str
    printed: str
    ms: float
    """as printed"""
    imported_ms: float

    @property
    def ratio(self) -> float:
        """How many times as long the imported one takes."""
        return self.imported_ms / self.ms


def beside(record: Record, paper: str) -> Iterator[ImportedBeside]:
    """Every printed speed of a paper whose network is among the imported ones, at its input."""
    times = {one.of: one.value for one in record.measurements if one.metric == "latency"}
    for column in printed_speeds.printed(paper):
        for row, run in column.networks.items():
            name = network_name(run)
            if name in times:
                ms = 1000 * float(column.seconds(row))
                yield ImportedBeside(
                    column.title, row, name, column.text(row), ms, float(times[name])
                )
