"""Records on disk: one JSON file a run, written once, whole or not at all.

`records/ab/<key>.json`, where `ab` begins the key. A repeated run of the same spec is kept beside
the first as `<key>.2.json`; the newest is the one that counts. Every file carries a digest of its
content, so that a torn or edited record is noticed, named, and measured again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from repro import schema
from repro.errors import ReproError, StoreError
from repro.files import write_whole
from repro.spec import Spec

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value with its unit and the rules it follows."""

    metric: str
    value: int | float
    unit: str
    convention: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one module of the model costs."""

    name: str
    kind: str
    params: int
    macs: Mapping[str, int]
    """convention -> multiply-accumulates"""


@dataclass(frozen=True, slots=True)
class Record:
    """What one run gave."""

    key: str
    spec: Mapping[str, object]
    measurements: tuple[Measurement, ...]
    env: Mapping[str, object]
    parts: tuple[Part, ...] = ()
    uncounted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """convention -> operators that it has no rule for; a count with any is no count"""
    schema: int = SCHEMA
    digest: str = ""

    def value(self, metric: str, convention: str | None = None) -> int | float | None:
        """The measured value of a metric under a convention; None if there is none."""
        for found in self.measurements:
            if (found.metric, found.convention) == (metric, convention):
                return found.value
        return None


@dataclass
class Store:
    """A folder of records."""

    folder: Path
    warnings: list[str] = field(default_factory=list)
    """one sentence for each broken record met"""

    def find(self, spec: Spec) -> Record | None:
        """The newest whole record of a spec; None, and a warning, where it is broken."""
        for number in reversed(self._numbers(spec.key)):
            record = self._read(self._path(spec.key, number))
            if record is not None:
                return record
        return None

    def add(self, record: Record, again: bool = False) -> Path:
        """Write a record and return its file.

        A whole record of the same key, perhaps just written by another process, is left as it
        is and returned, unless this run was asked for `again`: then both are kept. A broken one
        keeps its content under another name.
        """
        text = _dump(record)
        number = max(self._numbers(record.key), default=0) + 1 if again else 1
        while True:
            path = self._path(record.key, number)
            if self._create(path, text):
                return path
            if again:
                number += 1
            elif self._read(path, quiet=True) is not None:
                return path
            else:
                self._set_aside(path)

    def all(self) -> Iterator[tuple[Path, Record | None]]:
        """Every record file with its record, None for a broken one."""
        for path in sorted(self.folder.glob("??/*.json")):
            yield path, self._read(path)

    def remove(self, path: Path) -> None:
        """Delete one record file."""
        try:
            path.unlink()
        except OSError as error:
            raise StoreError(f"`{path}` cannot be removed: {error.strerror}.") from error

    def _path(self, key: str, number: int) -> Path:
        suffix = "" if number == 1 else f".{number}"
        return self.folder / key[:2] / f"{key}{suffix}.json"

    def _numbers(self, key: str) -> list[int]:
        """Which records of a key there are, oldest first; there may be gaps."""
        suffixes = (path.suffixes for path in (self.folder / key[:2]).glob(f"{key}*.json"))
        texts = (parts[0].removeprefix(".") if len(parts) == 2 else "1" for parts in suffixes)
        return sorted(int(text) for text in texts if text.isdecimal())

    def _read(self, path: Path, quiet: bool = False) -> Record | None:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            record = schema.read(Record, data, "record")
            if record.schema != SCHEMA:
                raise ReproError(f"schema {record.schema}, this version reads {SCHEMA}")
            if record.digest != _digest(data) or record.key != path.name.partition(".")[0]:
                raise ReproError("the content is not what was written")
        except (OSError, ValueError, RecursionError, ReproError) as error:
            if not quiet:
                self.warnings.append(f"`{path}` is not a whole record and is left out: {error}")
            return None
        return record

    def _set_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_suffix(".broken"))
        except FileNotFoundError:
            pass  # another process did it
        except OSError as error:
            raise StoreError(f"`{path}` cannot be renamed: {error.strerror}.") from error

    def _create(self, path: Path, text: str) -> bool:
        """Write a new file; False if it exists already."""
        try:
            return write_whole(path, text, replace=False)
        except OSError as error:
            raise StoreError(
                f"`{path}` cannot be written: {error.strerror}.",
                "Choose another folder with --store or REPRO_STORE.",
            ) from error


def _dump(record: Record) -> str:
    data = asdict(record)
    data["digest"] = _digest(data)
    return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def _digest(data: Mapping[str, object]) -> str:
    rest = {key: value for key, value in data.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
