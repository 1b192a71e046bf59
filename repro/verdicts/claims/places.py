"""From the parts of an expression to the cells that they name."""

import fnmatch
import functools
from collections.abc import Iterable
from dataclasses import dataclass

from repro.errors import ReproError
from repro.papers import folders, lookup, study
from repro.papers.study import Column, Row, Study, Table
from repro.verdicts.claims.facts import KnownFacts
from repro.verdicts.claims.syntax import Cells, Relation, Term, inside, mistake


@dataclass(frozen=True)
class CellPlace:
    """A printed cell."""

    table: Table
    row: Row
    column: Column

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Study, table, row and column."""
        return self.table.study, self.table.name, self.row.label, self.column.key

    def __str__(self) -> str:
        return f"{self.table.study} {self.table.name}[{self.row.label}].{self.column.key}"


class PaperNames:
    """A paper, as its expressions name things; every name is looked up once."""

    def __init__(self, paper: str) -> None:
        self.paper = paper
        self.known: dict[tuple[object, ...], tuple[CellPlace, ...]] = {}
        self.tables: dict[tuple[str, str], Table] = {}

    @functools.cached_property
    def facts(self) -> KnownFacts:
        """What its expressions can name beside cells."""
        return KnownFacts(self.paper)

    def cells(self, cells: Cells) -> tuple[CellPlace, ...]:
        """The cells of one column that are meant; raise ReproError if there is none."""
        meant = (cells.paper, cells.table, cells.rows, cells.column)
        if meant not in self.known:
            try:
                self.known[meant] = self._found(cells)
            except ReproError as error:
                raise mistake(cells.at, str(error), error.hint) from error
        return self.known[meant]

    def used(self, relation: Relation) -> tuple[CellPlace, ...]:
        """Every cell that a comparison uses, once, in order."""
        sides = (part for side in (relation.left, relation.right) for part in inside(side))
        places = {
            place.key: place
            for part in sides
            if isinstance(part, Cells)
            for place in self.cells(part)
        }
        return tuple(places.values())

    def _found(self, cells: Cells) -> tuple[CellPlace, ...]:
        table = self._table(cells.paper or self.paper, cells.table)
        column = lookup.find_column(table, cells.column)
        rows = _rows(table, cells)
        places = tuple(CellPlace(table, row, column) for row in rows if column.key in row.cells)
        if not places:
            where = f"{table.study} {table.name}, column `{column.key}`"
            raise ReproError(f"Nothing is printed there: {where}.")
        return places

    def _table(self, paper: str, name: str) -> Table:
        if (paper, name) not in self.tables:
            self.tables[paper, name] = _table(lookup.find_study(paper), name)
        return self.tables[paper, name]


def _table(paper: Study, name: str) -> Table:
    """A table, or what the text and a figure state beside the tables, `figureK.toml`."""
    if name.startswith("figure") and (folders.study_folder(paper.name) / f"{name}.toml").is_file():
        return study.load_table(paper.name, name)
    return lookup.find_table(paper, name)


def _rows(table: Table, cells: Cells) -> list[Row]:
    if cells.single and cells.rows[0].kind == "label":
        return [lookup.find_row(table, cells.rows[0].text)]
    wanted = [term for term in cells.rows if not term.excluded]
    chosen = _meant(table, wanted) if wanted else {row.label for row in table.rows}
    chosen -= _meant(table, [term for term in cells.rows if term.excluded])
    return [row for row in table.rows if row.label in chosen]


def _meant(table: Table, terms: Iterable[Term]) -> set[str]:
    return {row.label for term in terms for row in _matching(table, term)}


def _matching(table: Table, term: Term) -> list[Row]:
    if term.kind == "number":
        place = int(term.text)
        if not 1 <= place <= len(table.rows):
            count = len(table.rows)
            raise ReproError(f"{table.study} {table.name} has {count} rows, no row #{place}.")
        return [table.rows[place - 1]]
    if term.kind == "group":
        groups = {row.group or "" for row in table.rows} - {""}
        rows = [row for row in table.rows if _fits(row.group or "", term.text)]
        if not rows:
            known = ", ".join(sorted(groups)) or "none"
            raise ReproError(
                f"{table.study} {table.name} has no group like `{term.text}`.",
                f"Groups there: {known}.",
            )
        return rows
    if term.kind == "label":
        return [lookup.find_row(table, term.text)]
    return lookup.find_rows(table, term.text)


def _fits(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name.lower(), pattern.lower())
