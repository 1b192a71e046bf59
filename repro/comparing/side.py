"""One of the two sets of results: where it is, and its records."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path

import zoo
from repro.comparing import revisions
from repro.errors import ReproError
from repro.files import temporary_folder
from repro.models import registry
from repro.records import rule
from repro.records.plain_form import answered
from repro.records.record import Record
from repro.records.rule import StoredRecord
from repro.records.store import Store

PUBLISHED = "published"


@dataclass(frozen=True)
class Side:
    """A set of results."""

    name: str
    """as it was called"""
    records: tuple[Record, ...]
    """in the order in which they count, see `repro.records.rule`, the last before all others; none
    of what is published. Those of a folder tell how they stand to the present code; those of a
    revision or an answer are taken as they are"""
    store: Store | None = None
    """where poses may lie beside the records"""

    @property
    def published(self) -> bool:
        """Whether it is what the papers print."""
        return self.name == PUBLISHED


def side(word: str) -> Side:
    """What a word means: `published`, a folder of records, an answer of --json, or a revision.

    ReproError for anything else, and where a record is broken: a gate must not pass it over.
    """
    if word == PUBLISHED:
        return Side(word, ())
    path = Path(word)
    if word and path.is_dir():
        store = Store(path)
        cure = f"`repro records gc --store {word}` removes broken records."
        return Side(word, _ordered(map(rule.with_standing, _records(store, word, cure))), store)
    if word and path.exists():
        return Side(word, _ordered(StoredRecord(record, path) for record in answered(path)))
    revision = revisions.commit(word)
    with temporary_folder() as folder:
        revisions.unpack(revision, Path(folder))
        cure = "Another version of repro wrote it; name a later revision."
        return Side(word, _ordered(_records(Store(folder), word, cure)))


def newest(named: Iterable[tuple[Hashable, Record]]) -> dict[Hashable, Record]:
    """One record of each name: of those of a side, which are in order, the one that counts."""
    return dict(named)


def code(record: Record) -> str:
    """The module that builds a record's network: `zoo/lpn.py`; empty for one of no zoo."""
    entry = zoo.MODELS.get(str(record.spec.get("model")))
    outside = registry.owner_of(str(record.spec.get("model")))
    if outside is not None:
        return str(outside.path)
    return f"{entry.module.replace('.', '/')}.py" if entry else ""


def _records(store: Store, word: str, cure: str) -> list[StoredRecord]:
    """Every record of a store."""
    records = []
    for path, record in store.all():
        if record is None:
            why = store.warnings[-1].partition("left out: ")[2]
            raise ReproError(
                f"`{path.name}` of `{word}` is no whole record: {why}",
                cure,
            )
        records.append(StoredRecord(record, path))
    return records


def _ordered(records: Iterable[StoredRecord]) -> tuple[Record, ...]:
    return tuple(stored.record for stored in rule.ordered(records))
