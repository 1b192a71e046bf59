"""How numbers, differences and verdicts are written, on every medium."""

from collections.abc import Iterable, Sequence

from repro.papers import study
from repro.papers.conventions import GIGA
from repro.papers.metrics import COST, METRICS
from repro.papers.study import Table
from repro.report.inert import visible
from repro.verdicts import digits, noise
from repro.verdicts.ablation_steps import AblationStep
from repro.verdicts.gains import PrintedGain, printed_gains
from repro.verdicts.judge import Cell
from repro.verdicts.kinds import KINDS
from repro.verdicts.noise import CALLS

RESULTS_MARK = "<!-- Written by `repro run` from tables/ and records/; edits are lost. -->"
"""the first line of RESULTS.md and of its pages: what has another is somebody's own"""
SHORT = 7
"""letters of a record's key in the text"""
LADDER = (
    "What one switch changes, as printed and as measured; ✓ if the printed digits allow our change."
)


def legend(cells: Iterable[Cell]) -> str:
    """The signs that occur, explained."""
    kinds = {cell.verdict.kind for cell in cells}
    return "   ".join(f"{one.sign} {one.meaning}" for name, one in KINDS.items() if name in kinds)


def changes(step: AblationStep) -> tuple[str, str]:
    """The printed and our change of a step of an ablation, in the printed unit, with a sign."""
    printed = digits.signed(digits.written(step.after, step.published, more=0))
    if step.measured is None:
        return printed, KINDS["missing"].sign
    sign = KINDS["match" if step.fits else "off"].sign
    return printed, f"{digits.signed(digits.written(step.after, step.measured))} {sign}"


def reasons(cells: Iterable[Cell]) -> list[tuple[str, str, str]]:
    """Verdict, cells and reason, equal reasons together, where the reason says more than usual."""
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.verdict.noteworthy:
            grouped.setdefault((cell.verdict.kind, cell.verdict.reason), []).append(cell)
    order = sorted(grouped, key=lambda key: list(KINDS).index(key[0]))
    return [
        (kind, visible(_where(grouped[kind, reason])), visible(reason)) for kind, reason in order
    ]


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


def facts(table: Table, counted: str) -> tuple[str, ...]:
    """Where a table is printed, on what its accuracies are, and how its MACs are counted.

    `counted` takes a column's heading, its convention and what its G is.
    """
    protocol = study.load_study(table.study).protocols[table.protocol]
    accuracy = f"{protocol.metric} on {protocol.on}, {protocol.decode}"
    said = (table.where, accuracy, *conventions(table, counted))
    return tuple(map(visible, said))


def conventions(table: Table, counted: str) -> list[str]:
    """How the MACs of each column are counted."""
    return [
        counted.format(column.heading, column.convention, GIGA[column.giga])
        for column in table.columns
        if column.metric == "macs"
    ]


def notes(table: Table, words: str) -> tuple[str, ...]:
    """The notes on a table and on its cells; `words` takes row, column, printed and note."""
    cells = (
        words.format(
            row=row.label,
            column=table.column(key).heading,
            printed=row.cells.get(key, "blank"),
            note=note,
        )
        for row in table.rows
        for key, note in row.notes.items()
    )
    return tuple(map(visible, (*table.notes, *cells)))


def gains(table: Table) -> list[str]:
    """What the switches of a table change in its main accuracy, and what of it may be noise."""
    groups: dict[tuple[str, str], dict[str, list[PrintedGain]]] = {}
    for gain in printed_gains(table):
        if METRICS[gain.noise.metric].main:
            columns = groups.setdefault((gain.noise.metric, gain.noise.on), {})
            columns.setdefault(gain.column.heading, []).append(gain)
    return [
        f"{'. '.join(_called(name, found) for name, found in columns.items())}. "
        f"{noise.explained(next(iter(columns.values()))[0].noise)}"
        for columns in groups.values()
    ]


def _called(heading: str, found: Sequence[PrintedGain]) -> str:
    """`AP: within noise +0.03 (F(x)=2x); perhaps noise +0.27 (F(x)=x)`."""
    calls: dict[str, list[str]] = {}
    for gain in found:
        decimals = len(gain.row.cells[gain.column.key].partition(".")[2])
        points = digits.signed(f"{gain.points:.{decimals}f}")
        calls.setdefault(gain.call, []).append(f"{points} ({gain.row.label})")
    said = "; ".join(f"{call} {', '.join(calls[call])}" for call in CALLS if call in calls)
    return visible(f"{heading}: {said}")


def noises(tables: Iterable[Table]) -> list[str]:
    """What the noise of those differences was simulated from, each source once."""
    found = (gain.noise for table in tables for gain in printed_gains(table))
    return list(dict.fromkeys(noise.source(one) for one in found))


NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def papers(count: int) -> str:
    """`one paper`, `four papers`, `12 papers`."""
    number = NUMBERS[count] if count < len(NUMBERS) else str(count)
    return f"{number} paper{'' if count == 1 else 's'}"


def counted(count: int, thing: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
