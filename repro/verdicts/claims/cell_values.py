"""What a cell's value is: as printed, as measured, or as counted under another convention."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from repro.papers import published, study
from repro.papers.conventions import CONVENTIONS
from repro.papers.metrics import COST, METRICS, SPEED
from repro.plans import selection
from repro.records.runs import CountRun
from repro.records.store import Store
from repro.verdicts import elsewhere, judge
from repro.verdicts.audit.copied import CellKey, copied_cells
from repro.verdicts.claims.places import CellPlace
from repro.verdicts.claims.quantities import Quantity, exact
from repro.verdicts.elsewhere import ElsewhereTime
from repro.verdicts.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a cell has no value."""

    why: str


CellValues = Callable[[CellPlace], Quantity | Missing]


def unit(place: CellPlace) -> str:
    """The unit of a cell's value; none for a number in a column of text."""
    if place.column.metric is None:
        return ""
    name = METRICS[place.column.metric].unit
    return "points" if name == "%" else name


def printed(place: CellPlace) -> Quantity | Missing:
    """The printed number, with the interval that prints so.

    A cost may be rounded or cut, anything else is rounded. A number in a column of text is exact.
    """
    number = published.parse(place.row.cells[place.column.key])
    if number is None:
        return Missing("no number")
    if place.column.metric is None:
        return exact(number.value, "", number.step)
    half = number.step / 2
    low, high = number.low, number.high
    if place.column.metric not in COST:
        low, high = number.value - half, number.value + half
    return Quantity(number.value, low, high, unit(place), number.step)


class MeasuredCells:
    """Our own values, from the records of a store. Each cell is judged once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cells: dict[tuple[str, str, str, str], judge.Cell] = {}
        self.values: dict[tuple[str, str, str, str], Quantity | Missing] = {}

    @functools.cached_property
    def elsewhere(self) -> list[tuple[ElsewhereTime, ...]]:
        """What others have timed, see `repro.verdicts.elsewhere`."""
        return elsewhere.timings(self.store)

    @functools.cached_property
    def copied(self) -> Mapping[CellKey, str]:
        """Which printed cells look copied, and from where."""
        return copied_cells(selection.tables())

    def own(self, place: CellPlace) -> Quantity | Missing:
        """Our value under the cell's own convention, in the printed unit."""
        if place.key not in self.values:
            self.values[place.key] = self._own(place)
        return self.values[place.key]

    def _own(self, place: CellPlace) -> Quantity | Missing:
        if place.column.metric is None:
            return printed(place)
        cell = self._cell(place)
        if cell.measured is None or KINDS[cell.verdict.kind].test == "skipped":
            return Missing(cell.verdict.reason)
        return self._value(place, cell.measured.value / study.scale(place.row, place.column))

    def under(self, convention: str) -> CellValues:
        """Our values, all multiply-accumulates by one convention, in its own G."""

        def counted(place: CellPlace) -> Quantity | Missing:
            usual = self.own(place)
            if place.column.metric != "macs" or isinstance(usual, Missing):
                return usual
            return self._counted(place, convention)

        return counted

    def timing(self, place: CellPlace) -> str | None:
        """Where and how our value of a speed was measured; None for anything else."""
        requirement = self._cell(place).wanted.spec if place.column.metric in SPEED else None
        record = self.store.find(requirement) if requirement else None
        if record is None:
            return None
        spec = record.spec
        return f"{spec.get('machine')}, threads: {spec.get('threads')}, batch {spec.get('batch')}"

    def _counted(self, place: CellPlace, convention: str) -> Quantity | Missing:
        spec = self._cell(place).wanted.spec
        record = self.store.current(spec) if isinstance(spec, CountRun) else None
        unknown = record.uncounted.get(convention, ()) if record else ()
        count = record.value("macs", convention) if record and not unknown else None
        if count is None:
            return Missing(f"`{convention}` gives no count of it.")
        giga = CONVENTIONS[convention].unit(study.scale(place.row, place.column))
        return self._value(place, Fraction(count) / giga)

    def _value(self, place: CellPlace, value: Fraction) -> Quantity:
        text = published.parse(place.row.cells[place.column.key])
        return exact(value, unit(place), text.step if text else None)

    def _cell(self, place: CellPlace) -> judge.Cell:
        if place.key not in self.cells:
            wanted = selection.cell(place.table, place.row, place.column)
            self.cells[place.key] = judge.judge(wanted, self.store.find)
        return self.cells[place.key]
