"""The timings that printed speeds are judged by."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from repro.errors import RunError
from repro.spec import Speed
from repro.store import Store
from repro.timing import engine, recording
from repro.timing.analysis import Analysis
from repro.timing.procedures import Settings
from repro.timing.subjects import Subject


class Showing(Protocol):
    """Tells how much of a timing is done."""

    def tell(self, now: str, share: float) -> None: ...


def fill(
    wanted: Sequence[Speed],
    store: Store,
    settings: Settings,
    show: AbstractContextManager[Showing],
    fresh: bool = False,
) -> list[RunError]:
    """Time each set of networks that no record has timed together; return the runs that failed."""
    failures = []
    for speed in wanted:
        if not fresh and store.find(speed) is not None:
            continue
        try:
            with show as showing:
                timed(subjects(speed), settings, store, showing)
        except RunError as error:
            failures.append(RunError(f"Timing {speed}: {error}", error.hint))
    return failures


def subjects(speed: Speed) -> list[Subject]:
    """The networks of a printed column, each run in the plain way."""
    return [
        Subject(one.model, one.input, one.keypoints, speed.batch, options=one.options)
        for one in speed.networks
    ]


def timed(chosen: Sequence[Subject], settings: Settings, store: Store, showing: Showing) -> str:
    """Time subjects, write the record with every sample beside it, and answer its key.

    Raise KeyboardInterrupt once all is kept, if the user ended the timing early.
    """
    store.check()
    run = engine.measure(chosen, settings, showing.tell)
    record = recording.record(run, Analysis(run))
    recording.keep(store.artifacts(record.key), run)
    store.add(record, again=True)
    if run.interrupted:
        raise KeyboardInterrupt
    return record.key
