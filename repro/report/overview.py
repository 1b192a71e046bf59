"""What holds, at a glance: counts of verdicts, and a sentence in plain words for each paper."""

from collections.abc import Iterable, Mapping, Sequence

from repro.errors import listed
from repro.papers.study import COST, SPEED, Column
from repro.report.text import counted
from repro.verdicts.judge import Cell, summary

FIELDS = ("parameters", "MACs", "accuracy", "speed")
"""what cells are numbers of"""
SAID = {
    "match": ("print", "as published"),
    "convention": ("print", "so under another convention or a named condition"),
    "near": ("print", "almost so"),
    "off": ("print", "otherwise"),
    "unreproducible": ("follow", "from no public definition"),
    "missing": ("lack", "a count"),
}
"""what costs do, by verdict"""


def field(column: Column) -> str:
    """One of FIELDS."""
    if column.metric in COST:
        return "parameters" if column.metric == "params" else "MACs"
    return "speed" if column.metric in SPEED else "accuracy"


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
    own = [cell for cell in cells if cell.verdict.kind != "cited"]
    costs = [cell for cell in own if cell.wanted.column.metric in COST]
    others = {
        "accuracy": [cell for cell in own if field(cell.wanted.column) == "accuracy"],
        "speed": [cell for cell in own if field(cell.wanted.column) == "speed"],
    }
    parts = [_of_costs(costs)] if costs else []
    run = {what: [one for one in found if _run(one)] for what, found in others.items()}
    parts += [_of_run(what, run[what], len(others[what])) for what in run if run[what]]
    idle = [_plural(what, len(others[what])) for what in run if others[what] and not run[what]]
    if idle:
        parts.append(f"{'' if parts else 'its '}{listed(idle)} were not run here")
    text = "; ".join(parts) or "all its numbers are copied from elsewhere"
    copied = len(cells) - len(own)
    tail = f" ({counted(copied, 'number')} copied from other papers left out)" if copied else ""
    return f"{text[0].upper()}{text[1:]}{tail}."


def _of_costs(cells: Sequence[Cell]) -> str:
    counts = summary(cells)
    if list(counts) == ["match"]:
        return f"all its {len(cells):,} parameter and MAC counts print as published"
    said = [
        f"{counts[kind]:,} {_verb(counts[kind], verb)} {how}"
        for kind, (verb, how) in SAID.items()
        if kind in counts
    ]
    return f"of its {len(cells):,} parameter and MAC counts {listed(said)}"


def _of_run(what: str, cells: Sequence[Cell], total: int) -> str:
    words = {"match": "as published", "near": "close", "off": "off", "rank": "in the same order"}
    counts = summary(cells)
    said = [f"{number:,} {words.get(kind, kind)}" for kind, number in counts.items()]
    return f"of {total:,} {_noun(what)} {len(cells):,} were run: {listed(said)}"


def _run(cell: Cell) -> bool:
    return cell.verdict.kind not in ("missing", "unreproducible")


def _verb(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb


def _plural(what: str, count: int) -> str:
    return f"{count:,} {_noun(what)}"


def _noun(what: str) -> str:
    return {"accuracy": "accuracies", "speed": "speeds"}[what]
