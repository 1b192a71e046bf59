"""Ablation ladders: what one switch changes, in print and as measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from repro.papers.metrics import COST
from repro.verdicts.judge import Cell


@dataclass(frozen=True, slots=True)
class AblationStep:
    """The difference between two rows of one table that are one switch apart."""

    before: Cell
    after: Cell

    @property
    def published(self) -> Fraction:
        """The printed change, in base units."""
        return self.after.published.value - self.before.published.value

    @property
    def low(self) -> Fraction:
        """The smallest change that the printed digits allow, each rounded or cut."""
        return self.after.published.low - self.before.published.high

    @property
    def high(self) -> Fraction:
        """The largest change that the printed digits allow."""
        return self.after.published.high - self.before.published.low

    @property
    def measured(self) -> Fraction | None:
        """Our change, in base units; None unless both cells were measured."""
        if self.after.measured is None or self.before.measured is None:
            return None
        return self.after.measured.value - self.before.measured.value

    @property
    def fits(self) -> bool | None:
        """Whether the printed digits allow our change."""
        return None if self.measured is None else self.low <= self.measured <= self.high


def steps(cells: Iterable[Cell]) -> list[AblationStep]:
    """The steps between the judged cost cells, in the order of the rows."""
    costs = {
        (*_place(cell), cell.wanted.row.label): cell
        for cell in cells
        if cell.wanted.column.metric in COST
    }
    pairs = [
        (costs.get((*_place(cell), cell.wanted.row.after)), cell)
        for cell in costs.values()
        if cell.wanted.row.after
    ]
    return [AblationStep(before, after) for before, after in pairs if before]


def _place(cell: Cell) -> tuple[str, str, str]:
    wanted = cell.wanted
    return wanted.table.study, wanted.table.name, wanted.column.key


def described(step: AblationStep) -> dict[str, object]:
    """A step as plain data; changes in base units."""
    wanted, measured = step.after.wanted, step.measured
    return {
        "study": wanted.table.study,
        "table": wanted.table.name,
        "column": wanted.column.key,
        "before": step.before.wanted.row.label,
        "after": wanted.row.label,
        "published": {
            "value": float(step.published),
            "low": float(step.low),
            "high": float(step.high),
        },
        "measured": None if measured is None else float(measured),
        "fits": step.fits,
    }
