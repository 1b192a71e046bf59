"""What the runs of a plan are made of: portions, each of a speed of its own that is measured once.

The steps of a training, its evaluations on the way, the network of an evaluation, its scoring.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.data.layout import Source
from repro.estimates import amounts
from repro.estimates.calibrations import SCORE, data_of, key_of
from repro.papers.datasets import DATASETS
from repro.plans.planned import PlannedRun
from repro.records.runs import CountRun, EvaluationRun, TrainingRun

if TYPE_CHECKING:
    from repro.evaluation.request import EvaluationRequest
    from repro.training.request import TrainingRequest

STEP = 3
"""forward passes that a step of a training is worth: one forward, two for the gradients"""


@dataclass(frozen=True)
class Trial:
    """A piece of work by which a speed can be measured here."""

    request: "TrainingRequest | EvaluationRequest"
    source: Source | None = None
    """of an evaluation"""
    scoring: bool = False
    """whether the scoring is meant, not the network"""


@dataclass(frozen=True, slots=True)
class Portion:
    """Samples of one speed."""

    key: str
    """of the calibration"""
    samples: int
    times: int = 1
    """how often it begins"""
    batch: int = 1
    passes: int = 0
    """forward passes that a sample is worth; 0 where no network runs"""


@dataclass(frozen=True)
class Made:
    """What a run is made of."""

    portions: tuple[Portion, ...] = ()
    trials: Mapping[str, Trial] = field(default_factory=dict)
    """key of a calibration -> what measures it"""
    data: frozenset[tuple[str, str]] = frozenset()
    """data sets and splits"""


def made_of(planned: PlannedRun, official: bool = False) -> Made:
    """The portions of a run; none where its time is not a network's.

    With `official` as many samples as the official data have, whatever it was planned on.
    """
    run, work = planned.run, planned.work
    if isinstance(run, TrainingRun):
        from repro.training.request import TrainingRequest

        if isinstance(work, TrainingRequest):
            return _training(run, work, official)
    if isinstance(run, EvaluationRun) and isinstance(work, tuple):
        from repro.evaluation.request import FILES, TRUTH, EvaluationRequest

        request, source = work
        if isinstance(request, EvaluationRequest) and run.model not in (*FILES, TRUTH):
            many = int(run.data.get("instances", run.data["images"]))
            own = data_of(run.data), many, int(run.data["images"])
            return evaluation(network_of(run), request, source, own, official)
    return Made()


def network_of(run: TrainingRun | EvaluationRun) -> CountRun:
    """The network of a run, as its count names it."""
    return CountRun(run.model, run.input, run.keypoints, dict(run.options))


def _training(run: TrainingRun, request: "TrainingRequest", official: bool) -> Made:
    recipe, train = request.resolved.recipe, request.train
    batch, samples = run.recipe["batch"], int(run.data["samples"])
    assert isinstance(batch, int)
    if official:
        batch = recipe.batch
        samples = amounts.samples(DATASETS[train.dataset], train.split, recipe.whole) or batch
    steps, evaluations = course(request, batch, samples)
    device = str(run.execution["device"])
    key = key_of(run.kind, network_of(run), batch, data_of(run.data), device=device)
    portions = (Portion(key, steps * batch, 1, batch, STEP),)
    beside = _on_the_way(run, request, device, evaluations, official) if evaluations else Made()
    return Made(
        (*portions, *beside.portions),
        {key: Trial(request), **beside.trials},
        beside.data | {(train.dataset, train.split)},
    )


def course(request: "TrainingRequest", batch: int, samples: int) -> tuple[int, int]:
    """Steps of a training on so many samples, all stages together, and how often it evaluates."""
    from repro.training.schedule import Schedule

    steps = min(samples // batch, request.epoch_steps or samples)
    schedule = Schedule(request.resolved.recipe, steps)
    total = min(schedule.total, request.steps or schedule.total)
    if request.evaluated is None:
        return total, 0
    return total, sum(map(schedule.evaluates, range(steps, total + 1, steps)))


def _on_the_way(
    run: TrainingRun, request: "TrainingRequest", device: str, times: int, official: bool
) -> Made:
    """The evaluations of a training's weights, as `repro.training.validation` does them."""
    from repro.evaluation import preparing
    from repro.evaluation.request import EvaluationRequest, Execution
    from repro.training.request import evaluation_rules

    source = request.evaluated
    assert source is not None
    rules = evaluation_rules(request.protocol, source)
    asked = EvaluationRequest(
        request.model, None, rules, request.size, request.options, execution=Execution(device)
    )
    prepared = preparing.prepare(asked, source)
    data = data_of({"dataset": rules.dataset, "annotations": prepared.annotations.sha256})
    own = data, prepared.total, len(prepared.annotations.images)
    return evaluation(network_of(run), asked, source, own, official, times)


def evaluation(
    network: CountRun,
    request: "EvaluationRequest",
    source: Source,
    own: tuple[str, int, int],
    official: bool,
    times: int = 1,
) -> Made:
    """What an evaluation is made of that is done so many times.

    `own` tells its data apart, and has their numbers of crops or images, and of images.
    """
    rules, execution = request.protocol, request.execution
    data, many, images = own
    if official:
        many, images = amounts.looked_at(rules) or 0, amounts.images(rules)
    batch = 1 if rules.bottom_up else execution.batch
    key = key_of(EvaluationRun.kind, network, batch, data, rules.flip, execution.device)
    score = f"{SCORE} of {data} {'images' if rules.bottom_up else 'crops'}"
    passes = 2 if rules.flip else 1
    portions = (
        Portion(key, times * many, times, batch, passes),
        Portion(score, times * images, times),
    )
    trials = {key: Trial(request, source), score: Trial(request, source, scoring=True)}
    return Made(portions, trials, frozenset({(rules.dataset, rules.split)}))
