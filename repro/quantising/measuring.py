"""Both networks at work: on the same images, and against the same clock."""

from dataclasses import dataclass, replace

from repro import env
from repro.comparing import paired
from repro.data.layout import Source
from repro.evaluation import evaluator, preparing
from repro.evaluation.request import EvaluationRequest
from repro.papers.metrics import MAIN
from repro.plan import single
from repro.plans.watch import RunWatch
from repro.quantising.request import QuantisationRequest
from repro.records.record import Record
from repro.records.store import Store
from repro.run import carry_out
from repro.scoring.confidence import RESAMPLES, Difference
from repro.speed import files, requests, sweep
from repro.speed.measure import procedures
from repro.speed.measure.procedures import TimingSettings
from repro.speed.results import recording
from repro.speed.results.analysis import Analysis, TimeRatio

LEAST_BUDGET = 60.0
"""seconds of a timing, where its verdict does not need more"""


@dataclass(frozen=True, slots=True)
class Clock:
    """How both networks are timed; None is all cores, and what a verdict needs."""

    threads: int | None = None
    budget: float | None = None
    """seconds"""


@dataclass(frozen=True)
class PairedAccuracy:
    """Two evaluations on the same images."""

    floats: Record
    int8: Record
    metric: str
    """the figure that decides: AP, or the mean of PCKh"""
    difference: Difference | None
    """of int8 to floats, in points; None where there is no interval, as of a single image"""

    @property
    def values(self) -> tuple[float, float]:
        """That figure in floats and in int8; per cent."""
        return float(self.floats.value(self.metric) or 0), float(self.int8.value(self.metric) or 0)


@dataclass(frozen=True)
class PairedSpeed:
    """A timing of both, interleaved."""

    record: Record
    ratio: TimeRatio
    """how many times as long int8 takes as floats"""


def check_images(request: EvaluationRequest, source: Source) -> None:
    """Raise ReproError for whatever would stop an evaluation."""
    preparing.prepare(request, source).check_images()


def accuracy(
    request: QuantisationRequest, source: Source, store: Store, watch: RunWatch
) -> PairedAccuracy:
    """Evaluate both networks; each is a run of its own, and from the store if it is there."""
    both = request.evaluation, request.of_int8
    records = [_evaluated(one, source, store, watch) for one in both]
    metric = next(name for name in MAIN if records[0].measurement(name) is not None)
    sides = [(record, store) for record in records]
    differences = paired.of_records(sides[0], sides[1], source.annotations, RESAMPLES)
    return PairedAccuracy(records[0], records[1], metric, differences.get(metric))


def speed(request: QuantisationRequest, clock: Clock, store: Store, watch: RunWatch) -> PairedSpeed:
    """Time both networks by ONNX Runtime, interleaved, in fresh processes."""
    paths = request.network, request.output
    networks = [files.timed_file(str(path), request.evaluation.size) for path in paths]
    batch = networks[0].file.image.batch or 1
    subjects = sweep.sweep(networks, (batch,), ways=(files.FIRST,))
    settings = TimingSettings(threads=clock.threads or env.cores())
    needed = max(LEAST_BUDGET, procedures.needed(subjects, settings))
    settings = replace(settings, budget=clock.budget or needed)
    run = requests.run_of(subjects, settings)
    plan = single(run, store, (subjects, settings), served=False)
    record = carry_out(plan, store, watch).only
    analysis = Analysis(recording.kept(store.artifacts(record.key)))
    return PairedSpeed(record, analysis.ratio(1, 0))


def _evaluated(request: EvaluationRequest, source: Source, store: Store, watch: RunWatch) -> Record:
    prepared = preparing.prepare(request, source)
    run = evaluator.run_of(prepared)
    known = store.find(run)
    fresh = known is not None and bool(evaluator.other_pictures(known, prepared))
    return carry_out(single(run, store, (request, source), fresh), store, watch).only
