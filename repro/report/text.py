"""How numbers, differences and verdicts are written, on every medium."""

from collections.abc import Iterable, Sequence

from repro.papers.study import COST, Column
from repro.verdicts import digits
from repro.verdicts.ablation_steps import AblationStep
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


def changes(step: AblationStep) -> tuple[str, str]:
    """The printed and our change of a step of an ablation, in the printed unit, with a sign."""
    printed = digits.signed(digits.written(step.after, step.published, more=0))
    if step.measured is None:
        return printed, SIGNS["missing"]
    sign = SIGNS["match" if step.fits else "off"]
    return printed, f"{digits.signed(digits.written(step.after, step.measured))} {sign}"


def ladder(steps: Iterable[AblationStep]) -> list[dict[str, str]]:
    """The rows of the table of an ablation's steps, one for each switch."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for step in steps:
        labels = (step.before.wanted.row.label, step.after.wanted.row.label)
        row = rows.setdefault(labels, {"from": labels[0], "to": labels[1]})
        heading = step.after.wanted.column.heading
        row[heading], row[f"{heading} ours"] = changes(step)
    return list(rows.values())


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
