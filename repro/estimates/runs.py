"""What a run will take: as such runs took before, as measured here, else by the network's cost.

Each estimate says which of them it is.
"""

import functools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

from repro.estimates.calibrations import Calibrations
from repro.estimates.portions import Portion, made_of
from repro.papers import conventions
from repro.papers.datasets import DATASETS
from repro.papers.values import Size
from repro.plans.planned import CACHED, Estimate, PlannedRun, RunSettings
from repro.records.record import Record
from repro.records.requirements import AccuracyRequirement
from repro.records.runs import CountRun, EvaluationRun, Run, TimingRun, TrainingRun
from repro.records.store import Store

COUNT_SECONDS = 1.0
"""roughly, where no count was ever made here: most are done in a third of that"""
NEWEST = 1000
"""records of a kind, beyond which nobody looks into the past"""
SHARE = 0.25
"""of the machine's peak that a network reaches, roughly; light ones reach less, heavy ones more"""
PASSES = 3
"""a step of a training costs as much as three forward passes"""
MEMORY = 2**30
"""bytes of an evaluation, roughly: the libraries, a network and a few batches"""
POSE_BYTES = 400
"""of the compressed poses of one person"""
WEIGHT_BYTES = 4
UNCOUNTED = "a network that is not counted yet"


def estimated(store: Store, settings: RunSettings) -> Callable[[PlannedRun], Estimate | None]:
    """What estimates the runs of a plan; nothing is to be done for those that are there."""

    @functools.cache
    def past(kind: str) -> list[Record]:
        outlines = store.outlines(kind, NEWEST)
        return [stored.record for stored in outlines if stored.record.made is not None]

    @functools.cache
    def calibrations() -> Calibrations:
        return Calibrations(store.folder)

    @functools.cache
    def rate() -> float:
        return SHARE * peak()

    def estimate(planned: PlannedRun) -> Estimate | None:
        if planned.state == CACHED:
            return None
        run = planned.run
        if run is None:
            return None if planned.asks is None else _asked(planned.asks, store)
        if isinstance(run, TimingRun):
            return Estimate(settings.budget, None, None, "the budget of a timing")
        known = _past(past(run.kind), run) or _calibrated(planned, calibrations())
        if known is not None:
            return known
        if isinstance(run, CountRun):
            return _counted(past(run.kind))
        if isinstance(run, TrainingRun):
            return _trained(run, store, rate)
        assert isinstance(run, EvaluationRun)
        passes = _passes(int(run.data.get("instances", run.data["images"])), run.protocol)
        return _evaluated(run.model, run.input, run.keypoints, run.options, passes, store, rate)

    return estimate


def peak() -> float:
    """Multiply-accumulates a second of this machine, by a matrix product of a few milliseconds."""
    import numpy as np

    side = 768
    square = np.ones((side, side), np.float32)
    square @ square
    shortest = 1.0
    for _ in range(3):
        begun = time.perf_counter()
        square @ square
        shortest = min(shortest, time.perf_counter() - begun)
    return side**3 / shortest


def _past(past: Sequence[Record], run: Run) -> Estimate | None:
    """What the same thing took before, by whatever code: the median."""
    alike = [
        record.made
        for record in past
        if record.made is not None
        and record.made.seconds is not None
        and _same(record.spec, run.plain)
    ]
    seconds = [made.seconds for made in alike if made.seconds is not None]
    if not seconds:
        return None
    memory = [made.memory for made in alike if made.memory is not None]
    count = f"{len(seconds)} such run{'' if len(seconds) == 1 else 's'} in the store"
    return Estimate(
        round(statistics.median(seconds), 2), max(memory, default=None), None, f"{count}, median"
    )


def _same(spec: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    """Whether two runs take the same time: the same network and the same amount of data."""
    names = ("kind", "model", "input", "options", "networks", "backends", "budget", "threads")
    if any(spec.get(name) != wanted.get(name) for name in names):
        return False
    amounts = ("dataset", "split", "images", "instances", "samples")
    data, wanted_data = spec.get("data"), wanted.get("data")
    if isinstance(data, Mapping) and isinstance(wanted_data, Mapping):
        if any(data.get(name) != wanted_data.get(name) for name in amounts):
            return False
        return spec.get("execution") == wanted.get("execution")
    return True


def _calibrated(planned: PlannedRun, calibrations: Calibrations) -> Estimate | None:
    """By what was measured here of everything that the run is made of."""
    portions = made_of(planned).portions
    seconds = [seconds_of(portion, calibrations) for portion in portions]
    known = [one for one in seconds if one is not None]
    if not known or len(known) < len(seconds):
        return None
    (samples, *_) = (portion.samples for portion in portions)
    return Estimate(round(sum(known), 2), None, None, f"{samples:,} samples at the speed here")


def seconds_of(portion: Portion, calibrations: Calibrations) -> float | None:
    """Seconds of a portion on this machine; None where its speed was not measured."""
    figures = calibrations.find(portion.key)
    if figures is None:
        return None
    return portion.times * figures["begin"] + portion.samples * figures["sample"]


def _counted(past: Sequence[Record]) -> Estimate:
    counts = [
        record.made.seconds
        for record in past
        if record.spec.get("kind") == CountRun.kind and record.made and record.made.seconds
    ]
    if not counts:
        return Estimate(COUNT_SECONDS, None, None, "no count was made here; most take a second")
    text = f"the median of {len(counts)} counts in the store"
    return Estimate(round(statistics.median(counts), 2), None, None, text)


def _asked(asked: AccuracyRequirement, store: Store) -> Estimate | None:
    """Of an evaluation that is not possible here: how much work it would be."""
    rules = asked.protocol
    facts = DATASETS[rules.dataset].facts(rules.split)
    if facts is None:
        return None
    one_by_one = rules.bottom_up
    many = facts.images if one_by_one else facts.boxes or facts.labelled or facts.people
    if many is None:
        return None
    passes = _passes(many, rules.described())
    return _evaluated(asked.model, asked.input, asked.keypoints, asked.options, passes, store, None)


def _passes(many: int, rules: Mapping[str, object]) -> int:
    return many * (2 if rules.get("flip") else 1)


def _evaluated(
    model: str,
    size: Size,
    keypoints: int,
    options: Mapping[str, object],
    passes: int,
    store: Store,
    rate: Callable[[], float] | None,
) -> Estimate:
    """By the network's cost, if it was counted, and this machine's peak."""
    record = store.find(CountRun(model, size, keypoints, dict(options)))  # type: ignore[arg-type]
    macs = record.value("macs", conventions.TRUE) if record else None
    cost = UNCOUNTED if macs is None else f"{macs / 1e9:.2f} G MACs"
    work = f"{passes:,} passes of {cost}"
    if macs is None or rate is None:
        return Estimate(None, MEMORY, passes * POSE_BYTES, work)
    source = f"{work} at {rate() / 1e9:.0f} G a second, a quarter of this machine's peak"
    return Estimate(round(passes * macs / rate(), 1), MEMORY, passes * POSE_BYTES, source)


def _trained(run: TrainingRun, store: Store, rate: Callable[[], float]) -> Estimate:
    record = store.find(CountRun(run.model, run.input, run.keypoints, dict(run.options)))
    macs = record.value("macs", conventions.TRUE) if record else None
    params = record.value("params") if record else None
    epochs, batch = run.recipe.get("epochs"), run.recipe.get("batch")
    assert isinstance(epochs, int) and isinstance(batch, int)
    samples = int(run.data["samples"]) * epochs
    if "steps" in run.execution:
        samples = min(samples, int(run.execution["steps"]) * batch)
    work = f"{samples:,} samples, {PASSES} passes each of"
    if macs is None or params is None:
        return Estimate(None, 2 * MEMORY, None, f"{work} {UNCOUNTED}")
    seconds = PASSES * samples * macs / rate()
    return Estimate(
        round(seconds, 1),
        2 * MEMORY,
        int(WEIGHT_BYTES * params),
        f"{work} {macs / 1e9:.2f} G MACs at {rate() / 1e9:.0f} G a second, a quarter of this "
        "machine's peak",
    )
