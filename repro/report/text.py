"""How numbers, differences and verdicts are written, on every medium."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from repro.papers import study
from repro.papers.study import COST, Column
from repro.verdicts.ablation_steps import Step
from repro.verdicts.judge import KINDS, Cell

SIGNS = {
    "match": "✓",
    "convention": "c",
    "near": "≈",
    "off": "✗",
    "rank": "~",
    "unstable": "?",
    "cited": "“",
    "unreproducible": "∅",
    "missing": "–",
}
LADDER = (
    "What one switch changes, as printed and as measured; ✓ if the printed digits allow our change."
)


def legend(cells: Iterable[Cell]) -> str:
    """The signs that occur, explained."""
    kinds = {cell.verdict.kind for cell in cells}
    return "   ".join(f"{sign} {KINDS[kind]}" for kind, sign in SIGNS.items() if kind in kinds)


def ours(cell: Cell) -> str:
    """The measured value in the printed unit, one digit more than printed; empty if missing."""
    if cell.shown is None:
        return ""
    stale = " stale" if cell.stale else ""
    return _digits(cell, cell.shown.value) + _suffix(cell) + stale


def delta(cell: Cell) -> str:
    """Measured minus published, in the printed unit; empty if nothing was measured."""
    if cell.delta is None:
        return ""
    return _signed(_digits(cell, cell.delta))


def changes(step: Step) -> tuple[str, str]:
    """The printed and our change of a step of an ablation, in the printed unit, with a sign."""
    printed = _signed(_digits(step.after, step.published, more=0))
    if step.measured is None:
        return printed, SIGNS["missing"]
    sign = SIGNS["match" if step.fits else "off"]
    return printed, f"{_signed(_digits(step.after, step.measured))} {sign}"


def ladder(steps: Iterable[Step]) -> list[dict[str, str]]:
    """The rows of the table of an ablation's steps, one for each switch."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for step in steps:
        labels = (step.before.wanted.row.label, step.after.wanted.row.label)
        row = rows.setdefault(labels, {"from": labels[0], "to": labels[1]})
        heading = step.after.wanted.column.heading
        row[heading], row[f"{heading} ours"] = changes(step)
    return list(rows.values())


def _signed(text: str) -> str:
    zero = not any(digit in "123456789" for digit in text)
    return text.lstrip("-") if zero else text if text.startswith("-") else f"+{text}"


def reasons(cells: Iterable[Cell]) -> list[tuple[str, str, str]]:
    """Verdict, cells and reason, equal reasons together, where the reason says more than usual."""
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.verdict.noteworthy:
            grouped.setdefault((cell.verdict.kind, cell.verdict.reason), []).append(cell)
    order = sorted(grouped, key=lambda key: list(SIGNS).index(key[0]))
    return [(kind, _where(grouped[kind, reason]), reason) for kind, reason in order]


def _where(cells: Sequence[Cell]) -> str:
    rows = list(dict.fromkeys(cell.wanted.row.label for cell in cells))
    columns = ", ".join(dict.fromkeys(cell.wanted.column.heading for cell in cells))
    if len(rows) > 3:
        return f"{counted(len(cells), 'cell')} of {columns}"
    return f"{', '.join(rows)} ({columns})"


def measured(cells: Iterable[Cell]) -> set[str]:
    """The keys of the columns that show our values beside the printed ones."""
    return {
        cell.wanted.column.key
        for cell in cells
        if cell.wanted.column.metric in COST or cell.shown is not None
    }


def unmeasured(cells: Sequence[Cell]) -> list[Column]:
    """The columns of which nothing was measured."""
    found = {cell.wanted.column.key: cell.wanted.column for cell in cells}
    return [column for key, column in found.items() if key not in measured(cells)]


def counted(count: int, thing: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _digits(cell: Cell, value: Fraction, more: int = 1) -> str:
    unit = study.scale(cell.wanted.row, cell.wanted.column)
    step = cell.published.step / unit
    decimals = (len(str(step.denominator)) - 1 if step < 1 else 0) + more
    return f"{float(value / unit):.{decimals}f}"


def _suffix(cell: Cell) -> str:
    last = cell.published.text[-1]
    return last if last in "MG" else ""
