"""A timing beside every published column of speeds, and beside the networks' costs."""

from collections.abc import Iterator
from dataclasses import dataclass

from repro import study
from repro.runners import count
from repro.spec import spec_of
from repro.study import SPEED, Column, Table
from repro.timing import ranks
from repro.timing.analysis import Analysis
from repro.timing.procedures import TWIN
from repro.timing.ranks import Correlation

LEAST = 3
"""networks in common, below which an order says nothing"""
COST = "conv"
"""the counting convention of the cost: true multiply-adds"""


@dataclass(frozen=True)
class Standing:
    """How the order of a run's networks, in one backend, agrees with another order."""

    beside: str
    """a published column, or the cost"""
    measure: str
    """Kendall's tau or Spearman's rho"""
    backend: str
    agreement: Correlation


def standings(found: Analysis) -> list[Standing]:
    """The order of the networks in each backend, beside print and beside cost."""
    run = found.run
    backends = dict.fromkeys(run.subjects[place].backend for place in found.subjects)
    return [one for backend in backends for one in _of_backend(found, backend)]


def _of_backend(found: Analysis, backend: str) -> Iterator[Standing]:
    subjects = found.run.subjects
    own = {
        place: (subjects[place].model, subjects[place].input)
        for place in found.subjects
        if subjects[place].backend == backend and subjects[place].alias != TWIN
    }
    for table, column in _columns():
        printed = {
            (row.model, row.input): float(value.value)
            for row in table.rows
            if row.model and (value := table.published(row, column)) is not None
        }
        common = {place: printed[key] for place, key in own.items() if key in printed}
        if len(common) >= LEAST:
            title = f"{table.study} Table {table.number} {column.heading}"
            tau = ranks.kendall(found, common, fps=column.metric == "fps")
            yield Standing(title, "Kendall's tau", backend, tau)
    if len(own) >= LEAST:
        costs = {place: _macs(found, place) for place in own}
        rho = ranks.spearman(found, costs)
        yield Standing(f"MACs ({COST})", "Spearman's rho", backend, rho)


def _columns() -> Iterator[tuple[Table, Column]]:
    for paper in study.study_names():
        for name in study.table_names(paper):
            table = study.load_table(paper, name)
            for column in table.columns:
                if column.metric in SPEED:
                    yield table, column


def _macs(found: Analysis, place: int) -> float:
    one = found.run.subjects[place]
    spec = spec_of(one.model, one.input, one.keypoints, one.options)
    return float(count.run(spec, (COST,)).macs[COST])
