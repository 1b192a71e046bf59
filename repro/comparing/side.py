"""One of the two sets of results: where it is, and its records."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path

import zoo
from repro import schema
from repro.comparing import outputs, revisions
from repro.errors import ReproError
from repro.spec import Evaluation, Spec
from repro.store import Record, Store

PUBLISHED = "published"


@dataclass(frozen=True)
class Side:
    """A set of results."""

    name: str
    """as it was called"""
    records: tuple[Record, ...]
    """the newest last; none of what is published"""
    store: Store | None = None
    """where poses may lie beside the records"""

    @property
    def published(self) -> bool:
        """Whether it is what the papers print."""
        return self.name == PUBLISHED


def side(word: str) -> Side:
    """What a word means: `published`, a folder of records, an output of --json, or a revision.

    ReproError for anything else, and where a record is broken: a gate must not pass it over.
    """
    if word == PUBLISHED:
        return Side(word, ())
    path = Path(word)
    if word and path.is_dir():
        store = Store(path)
        cure = f"`repro records gc --store {word}` removes broken records."
        return Side(word, _records(store, word, cure), store)
    if word and path.exists():
        return Side(word, outputs.read(path))
    revision = revisions.commit(word)
    with revisions.temporary() as folder:
        revisions.unpack(revision, Path(folder))
        cure = "Another version of repro wrote it; name a later revision."
        return Side(word, _records(Store(Path(folder)), word, cure))


def newest(named: Iterable[tuple[Hashable, Record]]) -> dict[Hashable, Record]:
    """One record of each name: that of the present code, else the newest."""
    found: dict[Hashable, Record] = {}
    for name, record in named:
        if name not in found or not _current(found[name]) or _current(record):
            found[name] = record
    return found


def code(record: Record) -> str:
    """The module that builds a record's network: `zoo/lpn.py`; empty for one of no zoo."""
    entry = zoo.MODELS.get(str(record.spec.get("model")))
    return f"{entry.module.replace('.', '/')}.py" if entry else ""


def _records(store: Store, word: str, cure: str) -> tuple[Record, ...]:
    """Every record of a store, the newest last."""
    found = []
    for path, record in store.all():
        if record is None:
            why = store.warnings[-1].partition("left out: ")[2]
            raise ReproError(
                f"`{path.name}` of `{word}` is no whole record: {why}",
                cure,
            )
        number = path.name.split(".")[1]
        written = path.stat().st_mtime
        found.append((written, int(number) if number.isdigit() else 1, record.key, record))
    return tuple(one[-1] for one in sorted(found, key=lambda one: one[:3]))


def _current(record: Record) -> bool:
    """Whether a record is of the code as it is now."""
    kinds: dict[object, type[Spec | Evaluation]] = {"count": Spec, "evaluate": Evaluation}
    kind = kinds.get(record.spec.get("kind"))
    if kind is None or record.spec.get("model") not in zoo.MODELS:
        return False
    try:
        return schema.read(kind, record.spec, "record").key == record.key
    except ReproError:
        return False
