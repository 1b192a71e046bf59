"""Measured values in the unit of a printed cell, a digit more than is printed."""

from fractions import Fraction

from repro.papers import study
from repro.verdicts.judge import Cell


def ours(cell: Cell) -> str:
    """The measured value in the printed unit, one digit more than printed; empty if missing."""
    if cell.shown is None:
        return ""
    stale = " stale" if cell.stale else ""
    return written(cell, cell.shown.value) + _suffix(cell) + stale


def delta(cell: Cell) -> str:
    """Measured minus published, in the printed unit; empty if nothing was measured."""
    if cell.delta is None:
        return ""
    return signed(written(cell, cell.delta))


def written(cell: Cell, value: Fraction, more: int = 1) -> str:
    """A value in the unit of a cell, with so many digits more than are printed."""
    unit = study.scale(cell.wanted.row, cell.wanted.column)
    step = cell.published.step / unit
    decimals = (len(str(step.denominator)) - 1 if step < 1 else 0) + more
    return f"{float(value / unit):.{decimals}f}"


def signed(text: str) -> str:
    """A number with its sign, unless it is zero."""
    zero = not any(digit in "123456789" for digit in text)
    return text.lstrip("-") if zero else text if text.startswith("-") else f"+{text}"


def _suffix(cell: Cell) -> str:
    last = cell.published.text[-1]
    return last if last in "MG" else ""
