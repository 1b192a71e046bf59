"""Which record counts: the one rule, for every command.

It satisfies what is asked -> made by the present code, or current by behaviour -> stable -> the
newest. A record of older code is shown as stale, with its commit, and judged by nobody.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from repro.errors import ReproError
from repro.records.record import BY_BEHAVIOUR, CURRENT, STALE, Record
from repro.records.requirements import Requirement
from repro.records.runs import EVENTS, PROBED_BY, EvaluationRun, Run, run_of


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A whole record in a store."""

    record: Record
    path: Path


def chosen(wanted: Requirement, records: Iterable[StoredRecord]) -> StoredRecord | None:
    """The record that counts, of those with their standing; None where none is what is wanted."""
    fitting = [stored for stored in records if wanted.fits(stored.record.spec)]
    return ordered(fitting)[-1] if fitting else None


def ordered(records: Iterable[StoredRecord]) -> list[StoredRecord]:
    """Records with their standing, the one that counts before all others last."""
    return sorted(records, key=_rank)


def best_first(
    unsure: Iterable[StoredRecord], stale: Iterable[StoredRecord]
) -> Iterator[StoredRecord]:
    """The same from the other end, each with its standing, which is told when its turn comes.

    Both come by their worth, the largest first; of the one kind it is known that they are stale.
    """
    older = []
    for stored in map(with_standing, unsure):
        if stored.record.stale:
            older.append(stored)
        else:
            yield stored
    yield from heapq.merge(
        older, map(with_standing, stale), key=lambda stored: worth(stored.record), reverse=True
    )


def with_standing(stored: StoredRecord) -> StoredRecord:
    """A record with its standing to the present code."""
    present = standing(stored.record)
    if present == stored.record.standing:
        return stored
    return replace(stored, record=replace(stored.record, standing=present))


def standing(record: Record) -> str:
    """How a record stands to the present code: CURRENT, BY_BEHAVIOUR or STALE.

    A timing stays true of its machine whatever the code, and a quantised network of its files.
    """
    if record.spec.get("kind") in EVENTS:
        return CURRENT
    run = run_of(record.spec)
    if run is None:
        return STALE
    if run.key == record.key:
        return CURRENT
    return BY_BEHAVIOUR if _same_behaviour(run, record) else STALE


def _same_behaviour(run: Run, record: Record) -> bool:
    """Whether only the code differs, and gives the same bits on generated data."""
    if not isinstance(run, EvaluationRun) or not record.probe:
        return False
    if run.key_of(record.code) != record.key:
        return False
    return dict(record.probe) == _probed(run.described())


def _probed(spec: Mapping[str, object]) -> dict[str, str]:
    probes: Callable[[Mapping[str, object]], dict[str, str]] = import_module(PROBED_BY).of
    try:
        return probes(spec)
    except (ReproError, RuntimeError, ValueError, TypeError):
        return {}  # what cannot be run gives nothing, least of all the same


def worth(record: Record) -> str:
    """What orders records of one standing, as text: stable, made, number and key."""
    made = record.made.at if record.made else ""
    return "\1".join((str(int(not record.unstable)), made, f"{record.number:06}", record.key))


def _rank(stored: StoredRecord) -> tuple[bool, str]:
    return not stored.record.stale, worth(stored.record)
