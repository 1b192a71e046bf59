"""JSON files as columns of numbers; what is wrong is named with its file and place."""

import codecs
import gc
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from repro.data.people import Floats, Ints
from repro.errors import ReproError

GZIP = b"\x1f\x8b"
UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
LIMIT = 2**30
"""bytes; the largest official file, COCO's training annotations, has a quarter of it"""


def load(path: Path, what: str, limit: int = LIMIT) -> tuple[object, str]:
    """The JSON value in a file and the sha256 of its bytes; `what` names the file in messages."""
    text = content(path, what, limit)
    return parsed(unpacked(text, path, what, limit), path, what), hashlib.sha256(text).hexdigest()


def unpacked(text: bytes, path: Path, what: str, limit: int = LIMIT) -> bytes:
    """The JSON of a file's bytes: gzip is undone, and a mark of the byte order left out."""
    if text.startswith(GZIP):
        try:
            with gzip.open(io.BytesIO(text)) as file:
                text = file.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            message = f"The {what} `{path}` cannot be unpacked: {error}."
            raise ReproError(message, "Fetch or write it again.") from error
        if len(text) > limit:
            message = f"The {what} `{path}` has more than {limit:,} bytes when it is unpacked."
            raise ReproError(message, "Split it.")
    if text.startswith(UTF_16):
        message = f"The {what} `{path}` is not JSON: it is UTF-16, not UTF-8"
        raise ReproError(f"{message} (line 1, column 1).", "Save it as UTF-8.")
    return text.removeprefix(codecs.BOM_UTF8)


def parsed(text: bytes, path: Path, what: str) -> object:
    """The JSON value of a file's bytes; a ReproError says what is wrong with them."""
    import orjson

    try:
        with uncollected():
            return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        if not text.strip():
            reason = "is empty"
        elif error.pos >= len(text.rstrip()) - 1:
            reason = f"ends too early ({place})"
        else:
            reason = f"is not JSON: {error.msg.partition(':')[0]} ({place})"
        raise ReproError(f"The {what} `{path}` {reason}.", "Fetch or write it again.") from error
    except RecursionError as error:
        raise ReproError(f"The {what} `{path}` is nested too deeply.", "Fetch it again.") from error


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: in what is parsed there is none, and it takes a third more."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def content(path: Path, what: str, limit: int = LIMIT) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; a ReproError for anything else."""
    message = f"The {what} `{path}` "
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise ReproError(message + "is not a file.", "Give the path of the file itself.")
        if size > limit:
            raise ReproError(message + f"has {size:,} bytes, more than {limit:,}.", "Split it.")
        return path.read_bytes()
    except FileNotFoundError as error:
        hint = "Correct the path, or see what `repro data check` finds."
        raise ReproError(message + "does not exist.", hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReproError(f"{message}cannot be read: {reason}.", "Check the path.") from error


@dataclass(frozen=True)
class Rows:
    """A list of objects in a file."""

    path: Path
    name: str
    """of the list within the file, for messages; empty if the file is the list"""
    rows: Sequence[object]
    places: Sequence[int] | None = None
    """of the rows in the list, where they are some of it"""

    def __len__(self) -> int:
        return len(self.rows)

    def numbers(self, field: str, *shape: int) -> Floats:
        """(N, *shape) float64 of a field; every entry must hold finite numbers in that shape."""
        return self._array(field, shape, "iuf").astype(np.float64)

    def whole(self, field: str, otherwise: int | None = None) -> Ints:
        """(N,) int64 of a field; where it is absent `otherwise` stands, if given."""
        array = self._array(field, (), "iufb", otherwise)
        whole = np.abs(array.astype(np.float64)) < 2.0**63
        if array.dtype.kind == "f":
            whole &= array == np.floor(array)
        if not whole.all():
            self.refuse(field, int(np.flatnonzero(~whole)[0]), "a whole number")
        return array.astype(np.int64)

    def words(self, field: str) -> tuple[str, ...]:
        """The non-empty strings of a field."""
        values = self._values(field, None)
        for place, value in enumerate(values):
            if not isinstance(value, str) or not value:
                self.refuse(field, place, "a name")
        return tuple(str(value) for value in values)

    def chosen(self, places: Sequence[int]) -> "Rows":
        """Some of all rows; messages keep counting in the whole list."""
        return Rows(self.path, self.name, [self.rows[place] for place in places], places)

    def refuse(self, field: str, place: int, wanted: str) -> NoReturn:
        """Raise the error for a field that does not hold what is wanted."""
        row = self.rows[place]
        assert isinstance(row, dict)
        message = f"`{self.path}` has `{field}` = {_short(row[field])} in {self.place(place)}"
        raise ReproError(f"{message}; it must be {wanted}.", "Correct it or fetch the file again.")

    def place(self, place: int) -> str:
        """Where a row is, with its id if it has one."""
        row = self.rows[place]
        known = f" (id {_short(row['id'])})" if isinstance(row, dict) and "id" in row else ""
        number = place if self.places is None else self.places[place]
        return f"{self.name}[{number}]{known}" if self.name else f"entry {number}{known}"

    def _values(self, field: str, otherwise: int | None) -> list[object]:
        with suppress(KeyError, TypeError, IndexError):
            return [row[field] for row in self.rows]  # type: ignore[index]
        values: list[object] = []
        for place, row in enumerate(self.rows):
            if not isinstance(row, dict):
                message = f"`{self.path}` has {_short(row)} as {self.place(place)}"
                raise ReproError(f"{message}; it must be an object.", "Fetch the file again.")
            value = row.get(field, otherwise)
            if value is None and field not in row:
                message = f"`{self.path}` lacks `{field}` in {self.place(place)}."
                raise ReproError(message, "Add the field or fetch the official file.")
            values.append(value)
        return values

    def _array(
        self, field: str, shape: tuple[int, ...], kinds: str, otherwise: int | None = None
    ) -> NDArray[np.generic]:
        values = self._values(field, otherwise)
        if not values:
            return np.zeros((0, *shape))
        array = _plain(values, (len(values), *shape), kinds)
        if array is None:
            for place, value in enumerate(values):
                if _plain(value, shape, kinds) is None:
                    self.refuse(field, place, _wanted(shape))
            array = np.array(values, np.float64)  # whole numbers of 64 bits beside smaller ones
        return array


def _plain(value: object, shape: tuple[int, ...], kinds: str) -> NDArray[np.generic] | None:
    """The value as an array, or None if it has another shape or holds other than numbers."""
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        return None
    if array.shape != shape or array.dtype.kind not in kinds:
        return None
    return array if np.isfinite(array).all() else None


def _wanted(shape: tuple[int, ...]) -> str:
    if not shape:
        return "a finite number"
    return " x ".join(str(size) for size in shape) + " finite numbers"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
