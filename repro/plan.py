"""One graph of the runs that printed cells need: what is there, what is to be made, what cannot be.

Whoever asks what would be run asks here; `repro.run` carries out what this says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.papers.metrics import COST, SPEED
from repro.plans import selection
from repro.plans.planned import (
    CACHED,
    IMPOSSIBLE,
    TO_RUN,
    Plan,
    PlannedRun,
    RunSettings,
    TrainedRow,
    outdated,
    possible,
)
from repro.records.requirements import AccuracyRequirement, SpeedRequirement, Wanted
from repro.records.runs import CountRun, EvaluationRun, Run, TimingRun, run_of
from repro.records.store import Store

if TYPE_CHECKING:
    from repro.training.table_rows import TrainingGraph


def planned(wanted: Sequence[Wanted], store: Store, settings: RunSettings | None = None) -> Plan:
    """The graph of runs that give the wanted numbers, from the store, by the settings.

    Raise ReproError where the settings themselves are wrong; what is absent makes runs impossible.
    """
    from repro.estimates.runs import estimated

    settings = settings or RunSettings()
    _check(settings)
    trained: TrainingGraph | None = None
    if settings.train:
        from repro.training import table_rows

        trained = table_rows.planned(wanted, store, settings)
    runs = [
        *_counts(wanted, store, settings),
        *_accuracies(wanted, trained, store, settings),
        *_timings(wanted, store, settings),
        *_never(wanted),
    ]
    estimate = estimated(store, settings)
    return Plan(
        tuple(wanted),
        tuple(replace(run, estimate=estimate(run)) for run in runs),
        tuple(_served(row, runs) for row in trained.rows) if trained else (),
    )


def single(run: Run, store: Store, work: object, fresh: bool = False, served: bool = True) -> Plan:
    """The plan of one run that was described by hand; from the store only if it may be `served`."""
    record = store.find(run) if served else None
    return Plan((), (possible(run, str(run), (), record, fresh, work),))


def _check(settings: RunSettings) -> None:
    if settings.data is not None and not settings.data.is_dir():
        raise ReproError(f"There is no folder `{settings.data}`.", "See --data.")
    if settings.data is not None:
        from repro.evaluation.devices import device_of
        from repro.evaluation.request import Execution

        device_of(Execution(settings.device, settings.batch, threads=settings.threads))


def _counts(wanted: Sequence[Wanted], store: Store, settings: RunSettings) -> Iterable[PlannedRun]:
    for run in selection.specs(wanted):
        cells = tuple(cell.place for cell in wanted if cell.spec == run)
        record = store.find(run)
        yield possible(run, str(run), cells, record, settings.fresh)


def _accuracies(
    wanted: Sequence[Wanted], trained: "TrainingGraph | None", store: Store, settings: RunSettings
) -> list[PlannedRun]:
    """The trainings and evaluations: what is asked by print, and what was trained beside it."""
    trainings = trained.trainings if trained else []
    evaluations = trained.evaluations if trained else []
    asked: list[PlannedRun] = []
    for requirement in selection.accuracies(wanted):
        cells = [
            cell
            for cell in wanted
            if isinstance(cell.spec, AccuracyRequirement) and requirement.same_evaluation(cell.spec)
        ]
        asked.append(_accuracy(requirement, cells, evaluations, store, settings))
    aside = _once(run for run in evaluations if run.aside)
    return [*_serving(trainings, [*asked, *aside]), *asked, *aside]


def _once(runs: Iterable[PlannedRun]) -> list[PlannedRun]:
    """Each run once, for the cells of all that need it."""
    by_key: dict[str, PlannedRun] = {}
    for evaluation in runs:
        assert evaluation.run is not None
        first = by_key.setdefault(evaluation.run.key, evaluation)
        if first is not evaluation:
            by_key[evaluation.run.key] = replace(first, cells=first.cells + evaluation.cells)
    return list(by_key.values())


def _served(row: TrainedRow, runs: Sequence[PlannedRun]) -> TrainedRow:
    """A row, with the reason where nothing of it is in the plan."""
    keys = {one.run.key for one in runs if one.run is not None}
    if not row.evaluations or any(run.key in keys for run in row.evaluations.values()):
        return row
    return replace(row, why="Not trained: its figures or its weights are there already.")


def _serving(
    trainings: Sequence[PlannedRun], evaluations: Sequence[PlannedRun]
) -> list[PlannedRun]:
    """The trainings whose weights are to be evaluated, or were; a kept figure needs no new ones."""
    to_come = {key for one in evaluations if one.state == TO_RUN for key in one.needs}
    served = {key for one in evaluations for key in one.needs}
    return [
        one
        for one in trainings
        if one.run is None or one.run.key in (to_come if one.state == TO_RUN else served)
    ]


def _accuracy(
    requirement: AccuracyRequirement,
    wanted: Sequence[Wanted],
    trained: Sequence[PlannedRun],
    store: Store,
    settings: RunSettings,
) -> PlannedRun:
    """The evaluation that a printed accuracy asks for: kept, possible by files, or by training."""
    cells, name = tuple(cell.place for cell in wanted), str(requirement)
    record = store.find(requirement)
    current = None if record is None or record.stale else run_of(record.spec)
    if current is not None and not settings.fresh:
        return PlannedRun(EvaluationRun.kind, name, CACHED, cells, current)
    lacking = wanted[0].lacking
    if settings.data is not None and settings.rehearsal is None:
        from repro.evaluation import supply

        try:
            run, work = supply.supplied(requirement, settings)
            return possible(run, name, cells, record, settings.fresh, work)
        except ReproError as error:
            lacking = str(error)
    for evaluation in trained:
        known = evaluation.run
        if known is not None and not evaluation.aside and requirement.fits(known.plain):
            return replace(evaluation, name=name, cells=cells)
    if current is not None:
        why = f"Kept, since it cannot be measured again. {lacking}"
        return PlannedRun(EvaluationRun.kind, name, CACHED, cells, current, why)
    beside = next((one.run for one in trained if set(one.cells) & set(cells)), None)
    if isinstance(beside, EvaluationRun):
        lacking = _beside(beside)
    why = " ".join(filter(None, ("" if record is None else outdated(record), lacking)))
    aside = beside is not None
    return PlannedRun(
        EvaluationRun.kind, name, IMPOSSIBLE, cells, None, why, aside, asks=requirement
    )


def _beside(run: EvaluationRun) -> str:
    """Why an evaluation of what is trained here is not what is printed."""
    apart = "evaluated by other rules than the printed ones"
    if run.data["official"] is not True:
        apart = f"evaluated on {run.data['name']}, which is not an official set"
    elif run.weights.get("faithful", True) is not True:
        apart = "not by its recipe in everything, on the official data"
    return f"Trained here, but {apart}: shown beside print."


def _timings(wanted: Sequence[Wanted], store: Store, settings: RunSettings) -> Iterable[PlannedRun]:
    for requirement in selection.speeds(wanted):
        cells = [
            cell
            for cell in wanted
            if isinstance(cell.spec, SpeedRequirement) and requirement.same_timing(cell.spec)
        ]
        places, name = tuple(cell.place for cell in cells), str(requirement)
        record = store.find(requirement)
        if record is not None and not (settings.fresh and settings.timed):
            yield PlannedRun(TimingRun.kind, name, CACHED, places, why=record.unstable)
        elif not settings.timed:
            yield PlannedRun(TimingRun.kind, name, IMPOSSIBLE, places, why=cells[0].lacking)
        else:
            from repro.speed import requests

            run, work = requests.of_column(requirement, settings)
            yield PlannedRun(TimingRun.kind, name, TO_RUN, places, run, work=work, again=True)


def _never(wanted: Sequence[Wanted]) -> Iterable[PlannedRun]:
    """What no run of this machine and version gives, the same reasons together."""
    places_of: dict[tuple[str, str], list[str]] = {}
    for cell in wanted:
        if cell.spec is None and cell.lacking:
            metric = cell.column.metric
            kind = TimingRun.kind if metric in SPEED else EvaluationRun.kind
            kind = CountRun.kind if metric in COST else kind
            places_of.setdefault((kind, cell.lacking), []).append(cell.place)
    for (kind, why), places in places_of.items():
        yield PlannedRun(kind, f"{len(places)} cells", IMPOSSIBLE, tuple(places), why=why)
