"""The tasks of a plan that has still to be carried out: what an estimate adds up.

Where the data are not here a plan is made on a few generated pictures in the official layout, so
that every run of it can be described and its speed be measured; its samples are counted as in the
official data.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from repro.data import stand_ins
from repro.data.layout import find
from repro.errors import ReproError
from repro.estimates import portions
from repro.estimates.calibrations import data_of
from repro.estimates.portions import Made, Trial, made_of, network_of
from repro.papers.datasets import DATASETS, REAL
from repro.plans.planned import CACHED, IMPOSSIBLE, TO_RUN, Plan, PlannedRun
from repro.records.requirements import AccuracyRequirement
from repro.records.runs import CountRun, EvaluationRun, TrainingRun

PICTURES = 48
"""of each split of the generated ones"""
SHARE = 1e-4
"""that they are marked with, so that nobody takes them for official"""


@dataclass(frozen=True)
class Task:
    """A run with what it is made of."""

    kind: str
    paper: str
    name: str
    chain: str
    """what comes one after another has the same: a training and its evaluations"""
    network: CountRun | None = None
    made: Made = field(default_factory=Made)
    seconds: float = 0.0
    """beside the portions, whatever the device"""


@dataclass
class Tasks:
    """The tasks of a plan, and what is not among them."""

    tasks: list[Task] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    """why cells or rows are in no task -> how many"""

    @property
    def trials(self) -> dict[str, Trial]:
        """Key of a calibration -> what measures it."""
        return {key: trial for task in self.tasks for key, trial in task.made.trials.items()}

    def leave_out(self, why: str, count: int = 1) -> None:
        """So many are in no task."""
        self.left_out[why] = self.left_out.get(why, 0) + count


def write(folder: Path) -> None:
    """Write the few generated pictures that a plan without data is made on."""
    for name in REAL:
        dataset = DATASETS[name]
        splits = [split for split in dataset.splits if not split.startswith("test-dev")]
        stand_ins.write(folder / dataset.folder, dataset, dict.fromkeys(splits, PICTURES), SHARE)


def of_plan(plan: Plan, pictures: Path | None = None) -> Tasks:
    """The runs that are still to be made, and why others are not.

    `pictures` is the folder of what was written for the plan, where its data are not here.
    """
    known = Tasks()
    official = pictures is not None
    filled = {cell for one in plan.runs if one.state == CACHED for cell in one.cells}
    for planned in plan.runs:
        if planned.state == TO_RUN and not (planned.cells and filled.issuperset(planned.cells)):
            known.tasks.append(_task(planned, made_of(planned, official)))
    filled |= {cell for one in plan.runs if one.state == TO_RUN for cell in one.cells}
    for planned in plan.runs:
        if planned.state == IMPOSSIBLE and not filled.issuperset(planned.cells):
            task = None if pictures is None else _asked(planned, pictures)
            if task is not None:
                known.tasks.append(task)
            else:
                known.leave_out(planned.why, len(planned.cells))
    for why in _not_trained(plan):
        known.leave_out(why)
    return known


def _not_trained(plan: Plan) -> Iterator[str]:
    """Why rows are not trained, those that a paper cites together."""
    for row in plan.trained:
        if row.training is None and not row.why.startswith("Cited"):
            yield f"A row of {row.table.study} is not trained: {row.why}"


def _task(planned: PlannedRun, made: Made) -> Task:
    run = planned.run
    paper = next(iter(planned.cells), "").partition(" ")[0]
    seconds = 0.0
    if not made.portions and planned.estimate is not None:
        seconds = planned.estimate.seconds or 0.0
    network, chain = None, planned.name if run is None else run.key
    if isinstance(run, TrainingRun | EvaluationRun) and made.portions:
        network = network_of(run)
    if isinstance(run, TrainingRun):
        paper = str(run.recipe["name"]).partition("/")[0]
    if isinstance(run, EvaluationRun):
        chain = next(iter(run.needs), chain)
    return Task(planned.kind, paper, planned.name, chain, network, made, seconds)


def _asked(planned: PlannedRun, pictures: Path) -> Task | None:
    """An evaluation that lacks data and weights here; None where it is not to be had at all."""
    from repro.evaluation import preparing
    from repro.evaluation.request import EvaluationRequest

    asked = planned.asks
    if not isinstance(asked, AccuracyRequirement):
        return None
    rules = asked.protocol
    request = EvaluationRequest(asked.model, None, rules, asked.input, dict(asked.options))
    try:
        source = find(pictures, rules.dataset, rules.split)
        prepared = preparing.prepare(request, source)
    except ReproError:
        return None
    own = data_of({"dataset": rules.dataset, "annotations": prepared.annotations.sha256})
    network = CountRun(asked.model, asked.input, asked.keypoints, dict(asked.options))
    made = portions.evaluation(network, request, source, (own, 0, 0), official=True)
    return _task(planned, made) if made.portions else None
