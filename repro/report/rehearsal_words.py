"""What is said of a rehearsal, on every medium."""

from collections.abc import Sequence

from repro.papers.study import Table
from repro.report.text import counted
from repro.verdicts.judge import Cell

MEANING = (
    "Figures of a rehearsal on generated pictures: they say that the chain works, and nothing "
    "about the paper."
)


def title(table: Table) -> str:
    """`Rehearsal of paper1 Table I: no results`."""
    return f"Rehearsal of {table.study} Table {table.number}: no results"


def said(share: float) -> str:
    """What the figures beside the printed ones are."""
    return (
        f"{MEANING} Accuracies are of {share:g} of the official number of pictures and of networks "
        "trained for a few steps, speeds of some seconds on this machine. A count is a count."
    )


def ending(cells: Sequence[Cell]) -> list[str]:
    """How many printed numbers have a figure beside them, and why the others have none."""
    filled = sum(cell.measured is not None for cell in cells)
    lines = [f"{filled:,} of {counted(len(cells), 'printed number')} filled. {MEANING}"]
    for reason, count in empty(cells).items():
        lines.append(f"{counted(count, 'number')} without a figure: {reason}")
    return lines


def empty(cells: Sequence[Cell]) -> dict[str, int]:
    """Why numbers have no figure -> how many."""
    reasons: dict[str, int] = {}
    for cell in cells:
        if cell.measured is None:
            reasons[cell.verdict.reason] = reasons.get(cell.verdict.reason, 0) + 1
    return reasons
