"""Look over the store, and clear what no run would use."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import zoo
from repro.errors import ReproError
from repro.files import erase, left_overs
from repro.records.record import STALE, Record
from repro.records.rule import StoredRecord
from repro.records.runs import QUANTISED, TimingRun, run_of
from repro.records.store import Store

BROKEN = "broken"
PATIENCE, PAUSE = 2.0, 20.0
"""seconds without a word, at first and then"""
NO_CELLS: Mapping[Path, Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One record file."""

    key: str
    state: str
    """how it stands to the present code, see `repro.records.record`; or broken"""
    run: str
    path: Path
    commit: str = ""
    """of the code that made it"""
    made: str = ""
    cells: tuple[str, ...] = ()
    """the printed numbers beside which it is shown; stale, it is held against none of them"""

    def described(self) -> dict[str, object]:
        """The entry as plain data."""
        return {**asdict(self), "path": self.path.as_posix()}


def entries(store: Store, cells: Mapping[Path, Sequence[str]] = NO_CELLS) -> list[StoredFile]:
    """Every record file, its state, and the printed numbers that it is for."""
    return described(store, _told(store, list(store.files())), cells)


def newest(
    store: Store, cells: Mapping[Path, Sequence[str]], limit: int
) -> tuple[list[StoredFile], int]:
    """The entries of the records that were made last, and how many there are in all."""
    return described(store, store.index.newest(limit), cells), store.index.total()


def described(
    store: Store, paths: Iterable[Path], cells: Mapping[Path, Sequence[str]] = NO_CELLS
) -> list[StoredFile]:
    """Record files, their states, and the printed numbers that they are for."""
    return [_entry(path, store.at(path), cells.get(path, ())) for path in paths]


def collect(store: Store, dry_run: bool) -> list[Path]:
    """Remove broken and stale records, and what killed and older runs left; return all of it.

    Nothing of a run that another process makes now, and nothing that a link leads to. Whether a
    record is stale whose network is not known here nobody can tell: it stays.
    """
    old = [entry for entry in entries(store) if entry.state in (STALE, BROKEN)]
    known = [entry for entry in old if entry.state == BROKEN or not _of_stranger(store, entry)]
    if len(known) < len(old):
        store.say(
            f"{len(old) - len(known)} records are of networks that are not known here, and stay; "
            "name their files with --module"
        )
    for group in filter(Path.is_symlink, store.groups()):
        store.warnings.append(f"`{group}` is a link: what it leads to is left as it is.")
    removed = [entry.path for entry in known if _cleared(store, entry, dry_run)]
    for path in (*_left_overs(store), *store.claims.left()):
        removed.append(path)
        if not dry_run:
            store.claims.clear(path) if path.parent == store.claims.folder else erase(path)
    for path in store.abandoned():
        removed.append(path)
        if not dry_run:
            store.remove(path)
    return removed


def _cleared(store: Store, entry: StoredFile, dry_run: bool) -> bool:
    """Remove a record unless a process makes it anew, or has by now."""
    if entry.path.parent.is_symlink():
        return False
    with store.claims.claimed(entry.key) as ours:
        there = ours and entry.path.exists()
        if not there or described(store, [entry.path])[0].state != entry.state:
            return False
        if not dry_run:
            store.remove(entry.path)
        return True


def _left_overs(store: Store) -> Iterator[Path]:
    """What killed writings left anywhere in the store, and broken records that were set aside."""
    yield from left_overs(store.folder)
    for group in store.groups():
        if group.is_symlink():
            continue
        yield from sorted(group.glob("[0-9a-f]" * 64 + "*.broken"))
        for folder, below, _ in os.walk(group):
            yield from left_overs(Path(folder))
            below[:] = [name for name in below if not name.startswith(".repro-")]


def _of_stranger(store: Store, entry: StoredFile) -> bool:
    """Whether a record is of a network that may lie in a file which is not named here."""
    stored = store.at(entry.path)
    model = stored.record.spec.get("model") if stored else None
    return isinstance(model, str) and model not in (*zoo.MODELS, "onnx", "truth")


def remove(store: Store, key: str) -> list[Path]:
    """Remove the records whose key begins so; raise if that means several keys or none."""
    paths = list(store.files(key)) if len(key) >= 6 else []
    keys = {path.name.partition(".")[0] for path in paths}
    if len(keys) != 1:
        meaning = f"{len(keys)} records" if len(key) >= 6 else "too little to name a record"
        raise ReproError(f"`{key}` means {meaning}.", "`repro records ls` shows the keys.")
    with store.claims.claimed(keys.pop()) as ours:
        if not ours:
            raise ReproError(f"Another process makes `{key}` just now.", "Wait for it, or end it.")
        for path in paths:
            store.remove(path)
    return paths


def _told(store: Store, paths: Sequence[Path]) -> Iterator[Path]:
    """The same, while the store tells now and then how far they are looked at."""
    told = time.monotonic() - PAUSE + PATIENCE
    for place, path in enumerate(paths):
        if time.monotonic() - told > PAUSE:
            told = time.monotonic()
            store.say(f"looks at the records of {store.folder}: {place:,} of {len(paths):,}")
        yield path


def _entry(path: Path, stored: StoredRecord | None, cells: Sequence[str]) -> StoredFile:
    if stored is None:
        return StoredFile(path.name.partition(".")[0], BROKEN, "not a whole record", path)
    record = stored.record
    made = record.made.at if record.made else ""
    return StoredFile(
        record.key, record.standing, _named(record), path, record.commit, made, tuple(cells)
    )


def _named(record: Record) -> str:
    """What a record is of, in words."""
    networks = record.spec.get("networks")
    if record.spec.get("kind") == TimingRun.kind and isinstance(networks, list):
        rehearsed = "rehearsed " if "rehearsal" in record.spec else ""
        return f"{rehearsed}timing of {len(networks)} on {record.spec.get('machine')}"
    if record.spec.get("kind") == QUANTISED:
        return f"{record.spec.get('network')} as {record.spec.get('file')}, int8"
    run = run_of(record.spec)
    return str(run) if run else str(record.spec.get("model", "unknown"))
