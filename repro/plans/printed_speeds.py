"""The published columns of speeds, and the networks whose times they print.

What the text or a figure of a paper states, and no table, lies beside the tables as `figureK.toml`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from repro.papers import folders, lookup, study
from repro.papers.metrics import SPEED
from repro.papers.study import Column, Table
from repro.plans import selection
from repro.records.runs import CountRun


@dataclass(frozen=True)
class PrintedSpeeds:
    """One published column of speeds."""

    table: Table
    column: Column
    networks: Mapping[str, CountRun]
    """label of a row -> the network that it is of"""

    @property
    def title(self) -> str:
        """`paper1 Table V FPS(CPU)`."""
        kind = "" if self.table.number.startswith("Figure") else "Table "
        return f"{self.table.study} {kind}{self.table.number} {self.column.heading}"

    def text(self, row: str) -> str:
        """A row's speed as printed."""
        return self._row(row).cells[self.column.key]

    def seconds(self, row: str) -> Fraction:
        """The printed time of an image."""
        value = self.table.published(self._row(row), self.column)
        assert value is not None
        return self.column.seconds(value)

    def _row(self, label: str) -> study.Row:
        return next(row for row in self.table.rows if row.label == label)


def printed(paper: str | None = None) -> list[PrintedSpeeds]:
    """The published columns of speeds, those of one paper alone if it is named.

    Raise ReproError for a paper that does not exist.
    """
    papers = study.study_names() if paper is None else [lookup.find_study(paper).name]
    return [column for name in papers for column in _of_paper(name)]


def networks(paper: str) -> list[CountRun]:
    """The networks whose speed a paper prints, in its order."""
    timed = [network for column in printed(paper) for network in column.networks.values()]
    return [network for place, network in enumerate(timed) if network not in timed[:place]]


def _of_paper(paper: str) -> Iterator[PrintedSpeeds]:
    figures = folders.study_folder(paper).glob("figure[0-9]*.toml")
    for name in (*study.table_names(paper), *sorted(path.stem for path in figures)):
        table = study.load_table(paper, name)
        for column in table.columns:
            if column.metric in SPEED:
                yield PrintedSpeeds(table, column, selection.timed_networks(table, column))
