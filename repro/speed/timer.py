"""Carry out a timing: on the processor or a GPU, its samples kept beside its record."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from repro.errors import RunError
from repro.records.record import Record
from repro.records.runs import TimingRun
from repro.records.store import Store
from repro.speed.measure.procedures import TimingSettings
from repro.speed.measure.subjects import Subject, TimedRun
from repro.speed.results import recording
from repro.speed.results.analysis import Analysis

if TYPE_CHECKING:
    from repro.plans.watch import Progress


def execute(
    run: TimingRun,
    subjects: Sequence[Subject],
    settings: TimingSettings,
    store: Store,
    tell: "Progress",
    say: Callable[[str], None],
) -> Record:
    """Time subjects, keep every sample, and answer the record.

    It says `interrupted` if the user ended the timing early. RunError with the reasons if nothing
    could be timed, KeyboardInterrupt if it was ended before anything was.
    """
    reported = 0

    def report(now: str, share: float) -> None:
        nonlocal reported
        done = round(100 * share)
        tell(done - reported, now)
        reported = done

    timed = _measured(run.device, subjects, settings, report)
    for failure in timed.failures:
        say(f"warning: {failure}")
    if not timed.timed:
        reasons = dict.fromkeys(
            f"{replace(timed.subjects[made.subject], alias='')}: {made.refused.rstrip('.')}"
            for made in timed.preparations
        )
        raise RunError(f"Nothing was timed. {'; '.join(reasons)}.", "Try another backend.")
    record = recording.record(timed, Analysis(timed))
    record = replace(record, remarks=(*settings.remarks, *record.remarks))
    recording.keep(store.artifacts(record.key), timed)
    return record


def _measured(
    device: str,
    subjects: Sequence[Subject],
    settings: TimingSettings,
    tell: Callable[[str, float], None],
) -> TimedRun:
    if device == "cuda":
        from repro.speed.gpu import cuda

        return cuda.measure(subjects, settings, tell)
    from repro.speed.measure import engine

    return engine.measure(subjects, settings, tell)
