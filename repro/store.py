"""Records on disk: one JSON file a run, written once, whole or not at all.

`records/ab/<key>.json`, where `ab` begins the key. A repeated run of the same spec is kept beside
the first as `<key>.2.json`; the newest is the one that counts. Every file carries a digest of its
content, so that a torn or edited record is noticed, named, and measured again.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from repro import schema
from repro.errors import ReproError, StoreError
from repro.files import read_plain, write_whole
from repro.spec import SCHEMA, Accuracy, Evaluation, Spec, Speed

Run = Spec | Evaluation
SMALLEST, LARGEST = 1e-30, 1e18
NAME = re.compile(r"([0-9a-f]{64})(?:\.([0-9]{1,6}))?\.json")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value with its unit and the rules it follows."""

    metric: str
    value: int | float
    unit: str
    convention: str | None = None
    low: float | None = None
    """of the 95 % interval, where the value is an estimate"""
    high: float | None = None
    of: str | None = None
    """which of several things, where one run measured several"""


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
    notes: Mapping[str, str] = field(default_factory=dict)
    """what a reader must know; `unstable` says why a timing allows no verdict"""
    schema: int = SCHEMA
    digest: str = ""

    def value(self, metric: str, convention: str | None = None) -> int | float | None:
        """The measured value of a metric under a convention; None if there is none."""
        found = self.measurement(metric, convention)
        return None if found is None else found.value

    def measurement(
        self, metric: str, convention: str | None = None, of: str | None = None
    ) -> Measurement | None:
        """The measurement of a metric under a convention; None if there is none."""
        for found in self.measurements:
            if (found.metric, found.convention, found.of) == (metric, convention, of):
                return found
        return None


@dataclass
class Store:
    """A folder of records."""

    folder: Path
    warnings: list[str] = field(default_factory=list)
    """one sentence for each broken record met"""
    found: dict[str, Record] = field(default_factory=dict)
    """the records read so far, by key"""
    _open_runs: list[Record] | None = None

    def __post_init__(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"`{self.folder}` is no folder.", "Choose one with --store.")

    def check(self) -> None:
        """Raise if no record could be written here."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def find(self, spec: Run | Accuracy | Speed) -> Record | None:
        """The newest whole record of a run; None, and a warning, where it is broken.

        Of the evaluations and timings that can fill a printed cell it is the one with the first
        key, a stable timing before an unstable one.
        """
        if isinstance(spec, Accuracy | Speed):
            found = [one for one in self.open_runs() if spec.fits(one.spec)]
            return min(found, key=lambda one: "unstable" in one.notes, default=None)
        if spec.key in self.found:
            return self.found[spec.key]
        for number in reversed(self._numbers(spec.key)):
            path = self._path(spec.key, number)
            record = self._read(path)
            if record is not None and record.spec == _plain(spec.described()):
                self.found[spec.key] = record
                return record
            if record is not None:
                self._warn(path, "it is of another run")
        return None

    def open_runs(self) -> list[Record]:
        """Every whole record of an evaluation or a timing, in the order of their keys."""
        if self._open_runs is None:
            records = (self._read(path, quiet=True) for path in self._files())
            self._open_runs = [
                one for one in records if one is not None and one.spec.get("kind") != "count"
            ]
        return self._open_runs

    def artifacts(self, key: str) -> Path:
        """The folder beside a record for what is too large to be in it."""
        return self.folder / key[:2] / key

    def add(self, record: Record, again: bool = False) -> Path:
        """Write a record and return its file.

        A whole record of the same key, perhaps just written by another process, is left as it
        is and returned, unless this run was asked for `again`: then both are kept. A broken one
        keeps its content under another name.
        """
        self.found.pop(record.key, None)
        self._open_runs = None
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
        """Every record file with its record, None for a broken one; other files are not ours."""
        for path in self._files():
            yield path, self._read(path)

    def remove(self, path: Path) -> None:
        """Delete one record file, and what lies beside it if it was the last of its key."""
        try:
            path.unlink(missing_ok=True)
            key = path.name.partition(".")[0]
            if NAME.fullmatch(path.name) and not self._numbers(key):
                shutil.rmtree(self.artifacts(key), ignore_errors=True)
        except OSError as error:
            raise StoreError(f"`{path}` cannot be removed: {error.strerror}.") from error

    def _files(self) -> Iterator[Path]:
        for path in sorted(self.folder.glob("??/*.json")):
            name = NAME.fullmatch(path.name)
            if name and name[1].startswith(path.parent.name):
                yield path

    def _path(self, key: str, number: int) -> Path:
        suffix = "" if number == 1 else f".{number}"
        return self.folder / key[:2] / f"{key}{suffix}.json"

    def _numbers(self, key: str) -> list[int]:
        """Which records of a key there are, oldest first; there may be gaps."""
        names = (NAME.fullmatch(path.name) for path in (self.folder / key[:2]).glob(f"{key}*"))
        return sorted(int(name[2] or 1) for name in names if name)

    def _read(self, path: Path, quiet: bool = False) -> Record | None:
        try:
            data = json.loads(read_plain(path))
            record = schema.read(Record, data, "record")
            if record.schema != SCHEMA:
                raise ReproError(f"it has schema {record.schema}, this version reads {SCHEMA}")
            if record.digest != _digest(data) or record.key != path.name.partition(".")[0]:
                raise ReproError("the content is not what was written")
            if not record.measurements or not all(map(is_sane, record.measurements)):
                raise ReproError("it holds no measurement, or an impossible one")
        except (OSError, ValueError, RecursionError, ReproError) as error:
            if not quiet:
                self._warn(path, str(error))
            return None
        return record

    def _warn(self, path: Path, why: str) -> None:
        self.warnings.append(f"`{path}` is not a whole record and is left out: {why.rstrip('.')}.")

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


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"`{path}` cannot be written: {error.strerror}.",
        "Choose another folder with --store or REPRO_STORE.",
    )


def is_sane(measurement: Measurement) -> bool:
    """Whether a value and its interval are of a size that anything measured can have."""
    numbers = (measurement.value, measurement.low, measurement.high)
    return all(number in (None, 0) or SMALLEST < abs(number) < LARGEST for number in numbers)


def _plain(data: object) -> object:
    """Data as it comes back from JSON."""
    return json.loads(json.dumps(data))


def _dump(record: Record) -> str:
    data = asdict(record)
    data["digest"] = _digest(data)
    return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def _digest(data: Mapping[str, object]) -> str:
    rest = {key: value for key, value in data.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
