"""What a rehearsal asks for: the printed numbers of a table, of its own figures alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import zoo
from repro.errors import ReproError
from repro.papers.datasets import DATASETS
from repro.papers.metrics import ACCURACY, SPEED
from repro.papers.protocol import SERVER
from repro.plans import selection
from repro.plans.planned import Plan
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted

UNFINISHED = "The rehearsal has not come so far."


def rehearsed(wanted: Iterable[Wanted], share: float) -> list[Wanted]:
    """The same numbers, to be filled by a rehearsal of that share and by nothing else.

    A count is a count. A speed is timed on this machine, whatever device the paper names.
    """
    return [_rehearsed(cell, share) for cell in wanted]


def _rehearsed(cell: Wanted, share: float) -> Wanted:
    spec = cell.spec
    if spec is None and cell.column.metric in SPEED and _of_the_zoo(cell):
        spec = selection.speed(cell.table, cell.row, cell.column)
    if isinstance(spec, AccuracyRequirement | SpeedRequirement):
        return replace(cell, spec=replace(spec, rehearsal=share), lacking=UNFINISHED)
    return cell


def _of_the_zoo(cell: Wanted) -> bool:
    row, column = cell.row, cell.column
    return row.cited is None and row.model in zoo.MODELS and (row.input or column.input) is not None


def splits(wanted: Iterable[Wanted]) -> dict[str, list[str]]:
    """Data set -> the splits that stand-ins are needed for: what is trained and evaluated on."""
    needed: dict[str, dict[str, None]] = {}
    for cell in wanted:
        model = cell.row.model or cell.column.model
        if cell.column.metric not in ACCURACY or cell.row.cited or model not in zoo.MODELS:
            continue
        rules = selection.protocol(cell.table, cell.row, cell.column)
        entry = DATASETS[rules.dataset]
        evaluated = entry.compared_on if rules.evaluator == SERVER else rules.split
        needed.setdefault(entry.name, {}).update({entry.trained_on[0]: None, evaluated: None})
    return {name: list(names) for name, names in needed.items()}


def explained(
    wanted: Sequence[Wanted], plan: Plan, failed: Mapping[str, ReproError]
) -> list[Wanted]:
    """The same numbers, each with why its run gave nothing, if that is known."""
    why = {
        f"{row.table.study} {row.table.name} {row.label} {key}": row.why
        for row in plan.trained
        for key in row.printed
        if row.why and row.training is None
    }
    for planned in plan.runs:
        error = None if planned.run is None else failed.get(planned.run.key)
        if error is not None:
            reason = str(error.__cause__ or error)
            why |= dict.fromkeys(planned.cells, f"Its rehearsal failed: {reason}")
    return [replace(cell, lacking=why.get(cell.place, cell.lacking)) for cell in wanted]
