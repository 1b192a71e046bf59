"""Which runs several processes share: whoever makes one makes it for all that have the store."""

from repro.files import sha256
from repro.plans.planned import PlannedRun
from repro.records import rule
from repro.records.record import Record
from repro.records.runs import Run, TimingRun, TrainingRun
from repro.records.store import Store


def is_shared(planned: PlannedRun, store: Store) -> bool:
    """Whether its record is all that a run is for, so that any process may make it.

    A timing is an event of its own, and so is a training into a folder of the user's.
    """
    if isinstance(planned.run, TrainingRun):
        return getattr(planned.work, "out", None) == store.artifacts(planned.run.key)
    return planned.run is not None and not isinstance(planned.run, TimingRun)


def made_since(run: Run, store: Store) -> Record | None:
    """The record of a run, with its files, that the store has by now; its key tells the code."""
    records = [one for one in store.of_key(run.key) if _all_there(one.record, store)]
    stored = rule.chosen(run, records)
    return None if stored is None else stored.record


def _all_there(record: Record, store: Store) -> bool:
    """Whether the files that a record names lie beside it, to the byte."""
    folder = store.artifacts(record.key)
    try:
        return all(sha256(folder / name) == known for name, known in record.artifacts.items())
    except OSError:
        return False
