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

    pass


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
    shown = 0

    def told(now: str, share: float) -> None:
        nonlocal shown
        done = round(100 * share)
        tell(done - shown, now)
        shown = done

    found = _measured(run.device, subjects, settings, told)
    for failure in found.failures:
        say(f"warning: {failure}")
    if not found.timed:
        reasons = dict.fromkeys(
            f"{replace(found.subjects[one.subject], alias='')}: {one.refused.rstrip('.')}"
            for one in found.preparations
        )
        raise RunError(f"Nothing was timed. {'; '.join(reasons)}.", "Try another backend.")
    record = recording.record(found, Analysis(found))
    recording.keep(store.artifacts(record.key), found)
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
