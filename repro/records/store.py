"""Records on disk: one JSON file a run, written once, whole or not at all.

`records/ab/<key>.json`, where `ab` begins the key. A repeated run is kept beside the first as
`<key>.2.json`; see `repro.records.rule` for which one counts. Every file carries a digest of its
content, so that a torn or edited record is noticed, named, and measured again.
"""

import contextlib
import functools
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from repro import schema
from repro.errors import ReproError, StoreError
from repro.files import erase, sweep, write_whole
from repro.records import plain_form, rule, setting_rows
from repro.records.claims import Claims
from repro.records.glance import narrowed
from repro.records.index import RecordIndex
from repro.records.record import NAME, Record, file_of, plain
from repro.records.requirements import Requirement
from repro.records.rule import StoredRecord
from repro.records.runs import CountRun, Run, run_of

KEY = re.compile(r"[0-9a-f]{64}")
PAGE = "training.html"
"""shows a training; it is kept beside the weights though no record names it"""
BEGUN = "begun.json"
"""beside a record that is to come: the run"""
HOUR = 3600.0


def _hushed(text: str) -> None:
    """Nobody is told."""


@dataclass
class Store:
    """A folder of records."""

    folder: Path
    warnings: list[str] = field(default_factory=list)
    """one sentence for each broken record met"""
    say: Callable[[str], None] = _hushed
    """who is told what takes long"""
    _chosen: dict[object, list[tuple[Requirement, StoredRecord | None]]] = field(
        default_factory=dict
    )
    """what was asked for so far, by what `repro.records.glance.narrowed` says of it"""
    _stored: dict[Path, StoredRecord | None] = field(default_factory=dict)
    """the records read so far, with their standing; None for a broken one"""

    def __post_init__(self) -> None:
        self.folder = Path(self.folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"`{self.folder}` is no folder.", "Choose one with --store.")

    def check(self) -> None:
        """Raise if no record could be written here; clear what killed writings left before."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
            self.claims.begin()
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        for folder in (self.folder, *self.groups()):
            sweep(folder)

    @functools.cached_property
    def index(self) -> RecordIndex:
        """What lies in it, see `repro.records.index`."""
        return RecordIndex(self.folder, self.say, self.unlisted)

    @functools.cached_property
    def claims(self) -> Claims:
        """Which of its runs this process makes."""
        return Claims(self.folder)

    def unlisted(self, folder: Path, error: OSError) -> None:
        """Say once that a folder's records are left out, unless there is no such folder."""
        text = f"`{folder}` cannot be listed, and its records are left out: {error.strerror}."
        absent = isinstance(error, FileNotFoundError | NotADirectoryError)
        if not absent and text not in self.warnings:
            self.warnings.append(text)

    def renew(self) -> None:
        """Another process may have written: what is asked next is looked for again."""
        self._chosen.clear()
        self._stored.clear()
        self.index.forget()

    def begin(self, run: Run) -> None:
        """Say beside a record that is to come what it is of: so a killed run is told from waste."""
        path = self.artifacts(run.key) / BEGUN
        self.claims.check()
        try:
            write_whole(path, json.dumps(run.plain, sort_keys=True, indent=1) + "\n")
        except OSError as error:
            raise _unwritable(path, error) from error

    def abandoned(self) -> Iterator[Path]:
        """What runs have left that stopped an hour ago or more and will not be gone on with.

        The folder where there is no record; else what is in it and no record names. Nothing of a
        run that another process makes now, nor in a folder that a link leads to.
        """
        for folder in self.run_folders():
            if not _young(folder):
                with self.claims.claimed(folder.name) as ours:
                    yield from self._abandoned(folder) if ours and not _young(folder) else ()

    def _abandoned(self, folder: Path) -> Iterator[Path]:
        paths = [self._path(folder.name, number) for number in self._numbers(folder.name)]
        records = [record for path in paths if (record := self._read(path, quiet=True))]
        named = {name for record in records for name in record.artifacts}
        if not paths:
            yield from () if _goes_on(folder) else (folder,)
        elif len(records) == len(paths) and all(record.artifacts for record in records):
            named.update((PAGE, setting_rows.NAME))
            yield from (path for path in sorted(folder.iterdir()) if path.name not in named)

    def groups(self) -> list[Path]:
        """The folders of records, sorted; other files may be called so, too."""
        return [self.folder / name for name in sorted(self._names(self.folder)) if len(name) == 2]

    def run_folders(self) -> list[Path]:
        """The folders of runs, beside their records, that are no links nor in such."""
        return [
            folder
            for group in self.groups()
            if not group.is_symlink()
            for folder in sorted(group.glob("*"))
            if KEY.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
        ]

    def find(self, wanted: Requirement) -> Record | None:
        """The record that counts for what is wanted; None if there is none.

        Which one that is says `repro.records.rule`. Its `standing` tells whether the present code
        made it. A warning names each broken record.
        """
        chosen = self.chosen(wanted)
        return None if chosen is None else chosen.record

    def chosen(self, wanted: Requirement) -> StoredRecord | None:
        """The same with its file."""
        known = self._chosen.setdefault(narrowed(wanted), [])
        for asked, chosen in known:
            if asked is wanted or asked == wanted:
                return chosen
        own = self._of_run(wanted) if isinstance(wanted, CountRun) else []
        chosen = rule.chosen(wanted, own) or self._first(wanted)
        known.append((wanted, chosen))
        return chosen

    def current(self, wanted: Requirement) -> Record | None:
        """The record that counts, unless it is stale."""
        record = self.find(wanted)
        return None if record is None or record.stale else record

    def stored(self) -> list[StoredRecord]:
        """Every whole record with its standing, in the order of the files.

        Broken ones are passed over in silence: nobody asked for them.
        """
        return self._whole(self.files())

    def of_key(self, beginning: str) -> list[StoredRecord]:
        """The whole records whose key begins so, by at least two letters."""
        return self._whole(self.files(beginning))

    def outlines(self, kind: str, newest: int) -> list[StoredRecord]:
        """The records of a kind of run that were made last, the newest first, at most so many.

        Without their figures and their standing, as the index has them: no file is read.
        """
        return self.index.outlines(kind, newest)

    def at(self, path: Path) -> StoredRecord | None:
        """The record of a file, with its standing; None, in silence, for a broken one."""
        return self._standing(path, quiet=True)

    def artifacts(self, key: str) -> Path:
        """The folder beside a record for what is too large to be in it."""
        return self.folder / key[:2] / key

    def add(self, record: Record, again: bool = False) -> Path:
        """Write a record and return its file.

        A whole record of the same run, perhaps just written by another process, is left as it
        is and returned, unless this run was asked for `again`: then both are kept. A broken one,
        or one of another run, keeps its content under another name.
        """
        self._chosen.clear()
        self.index.forget()
        self.claims.check()
        text = _dump(record)
        number = max(self._numbers(record.key), default=0) + 1 if again else 1
        while True:
            path = self._path(record.key, number)
            if self._create(path, text):
                self._stored.pop(path, None)
                return path
            if again:
                number += 1
            elif self._holds(path, record):
                return path
            else:
                self._set_aside(path)

    def read(self, path: Path) -> Record:
        """The record of a file, without its standing; a ReproError says why it is none."""
        try:
            record = plain_form.read(schema.json_file(path))
        except (OSError, ValueError) as error:
            raise ReproError(str(error)) from error
        if record.key != path.name.partition(".")[0]:
            raise ReproError("it is of another key than its file")
        return replace(record, number=_number(path))

    def all(self) -> Iterator[tuple[Path, Record | None]]:
        """Every record file with its record, None for a broken one."""
        for path in self.files():
            yield path, self._read(path)

    def files(self, beginning: str = "") -> Iterator[Path]:
        """Every record file, whole or broken, whose key begins so; other files are not ours."""
        named = [self.folder / beginning[:2]] if beginning else self.groups()
        for folder in named:
            start = beginning or folder.name
            names = (name for name in self._names(folder) if name.startswith(start))
            yield from (folder / name for name in sorted(names) if NAME.fullmatch(name))

    def remove(self, path: Path) -> None:
        """Delete one record file, and what lies beside it if it was the last of its key."""
        self._chosen.clear()
        self.index.forget()
        try:
            if path.is_dir() and not path.is_symlink():
                erase(path)
                return
            path.unlink(missing_ok=True)
            key = path.name.partition(".")[0]
            if NAME.fullmatch(path.name) and not self._numbers(key):
                erase(self.artifacts(key))
        except OSError as error:
            raise StoreError(f"`{path}` cannot be removed: {error.strerror}.") from error

    def _whole(self, paths: Iterable[Path]) -> list[StoredRecord]:
        return [stored for path in paths if (stored := self.at(path)) is not None]

    def _first(self, wanted: Requirement) -> StoredRecord | None:
        """The record that counts, by the index; what it calls whole is read before it is named."""
        for outline in rule.best_first(*self.index.fitting(wanted)):
            stored = self._at(outline.path)
            if stored is not None and wanted.fits(stored.record.spec):
                return stored
        return None

    def _of_run(self, run: CountRun) -> list[StoredRecord]:
        """The whole records of a run's key, which what the present code gives has as its name.

        A warning for each that is not of the run.
        """
        records = []
        for number in self._numbers(run.key):
            stored = self._at(self._path(run.key, number))
            if stored is not None and run.fits(stored.record.spec):
                records.append(stored)
            elif stored is not None:
                self._warn(stored.path, "it is of another run")
        return records

    def _at(self, path: Path, quiet: bool = False) -> StoredRecord | None:
        if path not in self._stored or (self._stored[path] is None and not quiet):
            self._stored[path] = self._standing(path, quiet)
        return self._stored[path]

    def _standing(self, path: Path, quiet: bool) -> StoredRecord | None:
        record = self._read(path, quiet)
        return None if record is None else rule.with_standing(StoredRecord(record, path))

    def _names(self, folder: Path) -> list[str]:
        """What lies in a folder; nothing, and a warning, where it cannot be listed."""
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in entries]
        except OSError as error:
            self.unlisted(folder, error)
            return []

    def _path(self, key: str, number: int) -> Path:
        return self.folder / file_of(key, number)

    def _numbers(self, key: str) -> list[int]:
        """Which records of a key there are, oldest first; there may be gaps."""
        return sorted(_number(path) for path in self.files(key))

    def _read(self, path: Path, quiet: bool = False) -> Record | None:
        try:
            return self.read(path)
        except ReproError as error:
            if not quiet and os.path.lexists(path):  # else it was removed meanwhile
                self._warn(path, str(error))
            return None

    def _holds(self, path: Path, record: Record) -> bool:
        """Whether a file is a whole record of the same run."""
        present = self._read(path, quiet=True)
        return present is not None and present.spec == plain(record.spec)

    def _warn(self, path: Path, why: str) -> None:
        text = f"`{path}` is not a whole record and is left out: {why.rstrip('.')}."
        if text not in self.warnings:
            self.warnings.append(text)

    def _set_aside(self, path: Path) -> None:
        try:
            number = 1
            while (aside := path.with_suffix(f".{number}.broken")).exists():
                number += 1
            path.replace(aside)
        except FileNotFoundError:
            pass  # another process did it
        except OSError as error:
            raise StoreError(f"`{path}` cannot be renamed: {error.strerror}.") from error

    def _create(self, path: Path, text: str) -> bool:
        """Write a new file; False if it exists already."""
        try:
            return write_whole(path, text, replace=False)
        except OSError as error:
            raise _unwritable(path, error) from error


def _goes_on(folder: Path) -> bool:
    """Whether the present code would go on with the run that has begun in a folder."""
    try:
        spec = schema.json_file(folder / BEGUN)
    except (OSError, ValueError):
        return False
    run = run_of(spec) if isinstance(spec, dict) else None
    return run is not None and run.key == folder.name


def _young(folder: Path) -> bool:
    """Whether something was written into a folder within the hour."""
    with contextlib.suppress(OSError):
        newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
        return time.time() - newest < HOUR
    return True


def _number(path: Path) -> int:
    name = NAME.fullmatch(path.name)
    return int(name[2] or 1) if name else 1


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"`{path}` cannot be written: {error.strerror}.",
        "Choose another folder with --store or REPRO_STORE.",
    )


def _dump(record: Record) -> str:
    data = plain_form.written(record)
    return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
