"""What holds, at a glance: counts of verdicts, and a sentence in plain words for each paper."""

from collections.abc import Iterable, Mapping, Sequence

from repro.errors import listed
from repro.papers.metrics import COST, FIELDS, METRICS
from repro.papers.study import Column
from repro.report.text import counted
from repro.verdicts.judge import Cell, summary
from repro.verdicts.kinds import KINDS


def field(column: Column) -> str:
    """What a column's numbers are numbers of, one of FIELDS."""
    return METRICS[column.metric or ""].field


def matrix(cells: Iterable[Cell]) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """Paper -> one of FIELDS -> verdict -> how many cells."""
    groups: dict[str, dict[str, list[Cell]]] = {}
    for cell in cells:
        paper = groups.setdefault(cell.wanted.table.study, {name: [] for name in FIELDS})
        paper[field(cell.wanted.column)].append(cell)
    return {
        name: {what: summary(found) for what, found in paper.items()}
        for name, paper in groups.items()
    }


def sentence(cells: Sequence[Cell]) -> str:
    """What became of a paper's numbers, in plain words.

    `Of its 66 parameter and MAC counts 63 print as published and 3 follow from no public
    definition; 232 accuracies and 12 speeds were not run here.`
    """
    judged = [cell for cell in cells if cell.verdict.kind != "cited"]
    costs = [cell for cell in judged if cell.wanted.column.metric in COST]
    others = {
        "accuracy": [cell for cell in judged if field(cell.wanted.column) == "accuracy"],
        "speed": [cell for cell in judged if field(cell.wanted.column) == "speed"],
    }
    parts = [_of_costs(costs)] if costs else []
    run = {what: [cell for cell in group if _run(cell)] for what, group in others.items()}
    parts += [_of_run(what, run[what], len(others[what])) for what in run if run[what]]
    idle = [_plural(what, len(others[what])) for what in run if others[what] and not run[what]]
    if idle:
        parts.append(f"{'' if parts else 'its '}{listed(idle)} were not run here")
    text = "; ".join(parts) or "all its numbers are copied from elsewhere"
    copied = len(cells) - len(judged)
    tail = f" ({counted(copied, 'number')} copied from other papers left out)" if copied else ""
    return f"{text[0].upper()}{text[1:]}{tail}."


def _of_costs(cells: Sequence[Cell]) -> str:
    counts = summary(cells)
    if list(counts) == ["match"]:
        return f"all its {len(cells):,} parameter and MAC counts print as published"
    parts = [
        f"{count:,} {_verb(count, words[0])} {words[1]}"
        for kind, count in counts.items()
        for words in [KINDS[kind].costs]
        if words
    ]
    return f"of its {len(cells):,} parameter and MAC counts {listed(parts)}"


def _of_run(what: str, cells: Sequence[Cell], total: int) -> str:
    parts = [f"{count:,} {KINDS[kind].run}" for kind, count in summary(cells).items()]
    return f"of {total:,} {_noun(what)} {len(cells):,} were run: {listed(parts)}"


def _run(cell: Cell) -> bool:
    return bool(KINDS[cell.verdict.kind].run)


def _verb(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _plural(what: str, count: int) -> str:
    return f"{count:,} {_noun(what)}"


def _noun(what: str) -> str:
    return {"accuracy": "accuracies", "speed": "speeds"}[what]
