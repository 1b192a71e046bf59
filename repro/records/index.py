"""What lies in a store, from a file beside the records that is no more than a cache.

A row for each record file: what tells whether it is of what is wanted and which of several counts,
without its figures. The record itself is read from its own file, once it counts.

The index file is replaced as a whole by a rename and never changed, so that nothing is locked,
whatever the file system, and a killed writing leaves the one before. Beside it stands, in memory,
what has changed since: the folders whose time moved are listed again, and the records in them whose
time or size moved are read again. What was changed less than two seconds before it was looked at is
looked at again by whoever comes next, since another change may have the same time. A small store
has no file, nor has one that cannot be written: its index is in memory alone.
"""

import contextlib
import functools
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from repro.files import write_whole
from repro.records.glance import BROKEN, Narrowing, glance, narrowed, outline, present_code
from repro.records.record import NAME
from repro.records.requirements import Requirement
from repro.records.rule import StoredRecord

FILE = ".index.sqlite"
VERSION = 1
"""of what is in the file; another one is as good as none"""
SMALL = 256
"""records that are read faster than a file is kept"""
MANY = 64
"""changed folders, or records, for which the file is written anew"""
BATCH = 20_000
"""records after which a long reading is kept, lest it be killed"""
DOUBT = 2 * 10**9
"""nanoseconds within which two changes may have one time"""
PATIENCE, PAUSE = 2.0, 20.0
"""seconds without a word, at first and then"""
TABLES = """
CREATE TABLE {0}.folders (name TEXT PRIMARY KEY, stamp TEXT);
CREATE TABLE {0}.records (
    path TEXT PRIMARY KEY, stamp TEXT, kind TEXT, subject TEXT, worth TEXT, code TEXT, made TEXT,
    spec TEXT, rest TEXT
);
CREATE INDEX {0}.subjects ON records (kind, subject, worth, path, stamp, code);
CREATE INDEX {0}.moments ON records (made, path);
"""
VIEW = """
CREATE TABLE main.gone (path TEXT PRIMARY KEY);
CREATE TEMP VIEW present AS SELECT * FROM main.records
    UNION ALL SELECT * FROM kept.records WHERE path NOT IN (SELECT path FROM main.gone);
"""
PUT = "INSERT OR REPLACE INTO {} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
COUNTED = """
SELECT (SELECT count(*) FROM kept.records) + (SELECT count(*) FROM main.records)
    - (SELECT count(*) FROM main.gone WHERE path IN (SELECT path FROM kept.records))
"""
NEWEST = """
SELECT path FROM (
    SELECT * FROM (SELECT made, path FROM main.records ORDER BY made DESC, path DESC LIMIT ?1)
    UNION ALL SELECT * FROM (
        SELECT made, path FROM kept.records WHERE path NOT IN (SELECT path FROM main.gone)
        ORDER BY made DESC, path DESC LIMIT ?1
    )
) ORDER BY made DESC, path DESC LIMIT ?1
"""
GONE = "gone"
Answer = TypeVar("Answer")
Unlisted = Callable[[Path, OSError], None]
"""is told of a folder that cannot be listed, and why"""


class RecordIndex:
    """The index of one store, up to date at its first answer and at the next after `forget`."""

    def __init__(self, folder: Path, say: Callable[[str], None], unlisted: Unlisted) -> None:
        self.folder, self.say, self.unlisted = folder, say, unlisted
        self.file, self._place = folder / FILE, str(folder)
        self._writable = True
        self._db = _empty()
        self._begun = self._looked = False
        self._groups: dict[Narrowing, list[tuple[str, ...]]] = {}
        """file and code of each record of a group that was asked for since the look"""
        self._changes = 0
        """records that the file does not have, or has otherwise"""
        self._young: int | None = None
        """from when on a change is too young for its time to tell, as of the last look"""

    def __reduce__(self) -> tuple[object, ...]:
        """Another process begins with the file."""
        return RecordIndex, (self.folder, self.say, self.unlisted)

    def __del__(self) -> None:
        self._db.close()

    def forget(self) -> None:
        """Something was written or removed: the next answer looks at the folders again."""
        self._looked = False

    def fitting(self, wanted: Requirement) -> tuple[Iterator[StoredRecord], Iterator[StoredRecord]]:
        """The records that satisfy a requirement, by their worth, without their figures.

        First those of which only a look tells whether they are stale, then those that are. A file
        that was changed where it lies is noticed here, if it was of the same subject.
        """
        rows = self._asked(lambda: self._group(narrowed(wanted)))
        present = present_code(wanted)
        unsure = (path for path, code in rows if code in ("", present))
        stale = (path for path, code in rows if code not in ("", present))
        return self._satisfying(wanted, unsure), self._satisfying(wanted, stale)

    def _satisfying(self, wanted: Requirement, paths: Iterable[str]) -> Iterator[StoredRecord]:
        for path in paths:
            stored = self._asked(functools.partial(self._outlined, path))
            if stored is not None and wanted.fits(stored.record.spec):
                yield stored

    def outlines(self, kind: str, newest: int) -> list[StoredRecord]:
        """The records of a kind that were made last, at most so many, without their figures."""

        def ask() -> list[StoredRecord]:
            query = "SELECT path FROM present WHERE kind = ? ORDER BY made DESC LIMIT ?"
            paths = self._all(query, kind, newest)
            return [stored for (path,) in paths if (stored := self._outlined(path)) is not None]

        return self._asked(ask)

    def newest(self, limit: int) -> list[Path]:
        """The record files that were made last, those before them that are none by a glance."""
        return [self.folder / path for (path,) in self._asked(lambda: self._all(NEWEST, limit))]

    def total(self) -> int:
        """How many record files there are, whole or broken."""
        return self._asked(lambda: self._number(COUNTED))

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """An answer; by the record files alone where the index file proves damaged."""
        try:
            self._look()
            return ask()
        except (sqlite3.Error, ValueError, TypeError, LookupError):
            self._open(None)
            self._look()
            return ask()

    def _open(self, file: Path | None) -> None:
        """Begin with what a file holds, or with nothing."""
        self._db.close()
        self._db = _empty()
        self._changes = 0
        self._begun, self._looked = True, False
        self._db.executescript(TABLES.format("main"))
        try:
            if file is None or not file.is_file():
                raise FileNotFoundError
            uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
            self._db.execute("ATTACH ? AS kept", (uri,))
            if self._number("PRAGMA kept.user_version") != VERSION:
                raise sqlite3.DatabaseError
        except (sqlite3.Error, OSError):
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("DETACH kept")
            self._db.execute("ATTACH ':memory:' AS kept")
            self._db.executescript(TABLES.format("kept"))
        self._db.executescript(VIEW)

    def _look(self) -> None:
        """List the folders whose time moved, and look at the broken records again."""
        if not self._begun:
            self._open(self.file)
        if self._looked:
            return
        begun, told = time.monotonic(), PATIENCE
        self._young = None
        self._groups.clear()
        known: dict[str, str] = dict(self._db.execute("SELECT * FROM kept.folders"))
        known |= dict(self._db.execute("SELECT * FROM main.folders"))
        there = dict(self._folders())
        changed = [name for name, stamp in there.items() if known.get(name) != stamp]
        for place, name in enumerate(changed):
            self._look_over(name)
            if self._changes >= BATCH:
                self._write()
            if time.monotonic() - begun > told:
                told += PAUSE
                self.say(
                    f"reads the records of {self.folder}: {place:,} of {len(changed):,} folders"
                )
        for name in known.keys() - there.keys():
            if known[name] != GONE:
                self._clear(self._stamps(name))
                self._note_folder(name, GONE)
        for path, stamp in self._all("SELECT path, stamp FROM present WHERE kind = ?", BROKEN):
            self._confirm(path, stamp)
        if max(self._changes, len(changed)) >= MANY:
            self._write()
        self._looked = True

    def _look_over(self, name: str) -> None:
        """List one folder, and read what is new in it."""
        known = self._stamps(name)
        stamp, there = self._listed(self.folder / name)
        for path, mark in there.items():
            if not mark or known.get(path) != mark:
                self._read(path, mark)
        self._clear(known.keys() - there.keys())
        self._note_folder(name, stamp)

    def _folders(self) -> Iterator[tuple[str, str]]:
        """The folders in which records can be, each with what changes with its content."""
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if len(entry.name) == 2:
                        with contextlib.suppress(OSError):
                            yield entry.name, _stamp(_facts(entry.path))
        except OSError as error:
            self.unlisted(self.folder, error)

    def _listed(self, folder: Path) -> tuple[str, dict[str, str]]:
        """A folder's stamp and those of its records; empty for what is too young to be trusted."""
        files, young = {}, self._since()
        try:
            stamp = _mark(folder.stat(), young)
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = NAME.fullmatch(entry.name)
                    if name and name[1].startswith(folder.name):
                        with contextlib.suppress(OSError):
                            files[f"{folder.name}/{entry.name}"] = _mark(_facts(entry.path), young)
        except OSError as error:
            self.unlisted(folder, error)
            return "", {}
        return stamp, files

    def _stamps(self, name: str) -> dict[str, str]:
        """The records of one folder as they are known."""
        query = "SELECT path, stamp FROM present WHERE path > ? AND path < ?"
        return dict(self._db.execute(query, (f"{name}/", f"{name}0")))

    def _note_folder(self, name: str, stamp: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO main.folders VALUES (?, ?)", (name, stamp))

    def _read(self, path: str, stamp: str) -> None:
        row = glance(self.folder / path, path, stamp)
        self._db.execute("INSERT OR IGNORE INTO main.gone VALUES (?)", (path,))
        self._db.execute(PUT.format("main.records"), row)
        self._changes += 1

    def _clear(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._db.execute("DELETE FROM main.records WHERE path = ?", (path,))
            self._db.execute("INSERT OR IGNORE INTO main.gone VALUES (?)", (path,))
            self._changes += 1

    def _confirm(self, path: str, stamp: str) -> bool:
        """Whether a record file is still what it was; it is read again if not."""
        try:
            facts = _facts(f"{self._place}/{path}")
        except OSError:
            return False
        if stamp == _stamp(facts):
            return True
        self._read(path, _mark(facts, self._since()))
        return False

    def _outlined(self, path: str) -> StoredRecord | None:
        """A record without its figures; None for a broken one."""
        query = "SELECT kind, spec, rest FROM present WHERE path = ?"
        for kind, spec, rest in self._all(query, path):
            if kind != BROKEN:
                return outline(self.folder / path, spec, rest)
        return None

    def _since(self) -> int:
        if self._young is None:
            self._young = _clock(self.folder) - DOUBT
        return self._young

    def _group(self, group: Narrowing) -> list[tuple[str, ...]]:
        """File and code of all of one group, by their worth, as they are now."""
        if group not in self._groups:
            rows = self._rows(group)
            if sum(not self._confirm(path, stamp) for _, path, stamp, _ in rows):
                rows = self._rows(group)
            rows.sort(reverse=True)
            self._groups[group] = [(path, code) for _, path, _, code in rows]
        return self._groups[group]

    def _rows(self, group: Narrowing) -> list[tuple[str, ...]]:
        query = "SELECT worth, path, stamp, code FROM present WHERE {}"
        if group.kind is None:
            return self._all(query.format("kind != ?"), BROKEN)
        if group.subject is None:
            within = query.format("kind = ? AND instr(spec, ?)")
            return self._all(within, group.kind, group.part)
        return self._all(query.format("kind = ? AND subject = ?"), group.kind, group.subject)

    def _all(self, query: str, *values: object) -> list[tuple[str, ...]]:
        return self._db.execute(query, values).fetchall()

    def _number(self, query: str) -> int:
        (number,) = self._db.execute(query).fetchone()
        return int(number)

    def _write(self) -> None:
        """Put a new file in the place of the old one, and go on with that."""
        if not self._writable or self._number(COUNTED) < SMALL:
            return
        with contextlib.closing(sqlite3.connect(":memory:")) as whole:
            self._db.backup(whole, name="kept")
            changes = self._all("SELECT path FROM main.gone")
            whole.executemany("DELETE FROM records WHERE path = ?", changes)
            whole.executemany(PUT.format("records"), self._db.execute("SELECT * FROM main.records"))
            folders = self._db.execute("SELECT * FROM main.folders")
            whole.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?)", folders)
            whole.execute("DELETE FROM folders WHERE stamp = ?", (GONE,))
            whole.execute(f"PRAGMA user_version = {VERSION}")
            whole.commit()
            content = whole.serialize()
        try:
            write_whole(self.file, content)
        except OSError:
            self._writable = False
            return
        self._open(self.file)


def _empty() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, uri=True, check_same_thread=False)


def _facts(path: str) -> os.stat_result:
    """Of a file, by the call that takes a text as it is: a path is five times as slow."""
    return os.stat(path)  # noqa: PTH116


def _stamp(facts: os.stat_result) -> str:
    """What no change leaves as it is, unless it comes at once after another."""
    return f"{facts.st_mtime_ns} {facts.st_ctime_ns} {facts.st_size} {facts.st_ino}"


def _mark(facts: os.stat_result, young: int) -> str:
    return _stamp(facts) if max(facts.st_mtime_ns, facts.st_ctime_ns) < young else ""


def _clock(folder: Path) -> int:
    """The present time by the clock of the file system, which may be another machine's."""
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime_ns
    return time.time_ns()
