"""Read plain data (TOML, JSON) into frozen dataclasses, with exact errors.

Each value is checked against the field's annotation; an unknown key is an error that names the
file, the place and the valid keys. Understood annotations: str, int, float, bool, `X | None`,
`tuple[X, ...]`, `tuple[X, Y]`, `Mapping[str, X]`, unions of those, dataclasses of them, and
`object` for anything.
"""

import dataclasses
import functools
import json
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from repro.errors import ReproError, unknown
from repro.files import read_plain

T = TypeVar("T")
Reader = Callable[[object], object]

MOST_PARTS = 12
"""of a key of TOML, as `a.b.c` has three"""
DIGITS = 4300
"""of a whole number, as Python reads it; what is used is smaller"""
WHOLE = 2**63
"""beyond which no whole number is"""
HALF_LETTER = re.compile(r"\\u[dD][89a-fA-F]")
_TEXT = r'"""(?:[^\\]|\\.)*?"""|' + r"'''.*?'''|" + r'"(?:[^"\\\n]|\\.)*+"?|' + r"'[^'\n]*+'?"
STRING = re.compile(_TEXT, re.DOTALL)
KEYS = re.compile(rf"(?s:#[^\n]*+|(?:{_TEXT}|[\w+-]++)(?:[ \t]*+\.[ \t]*+(?:{_TEXT}|[\w+-]++))*+)")
"""of TOML: a comment, or a key or value with what its dots join"""
CHAIN = re.compile(rf"""(?:\.[ \t]*+(?:[\w+-]++|"[^"\n]*+"?|'[^'\n]*+'?)[ \t]*+){{{MOST_PARTS}}}""")
"""many dots with one word between two of them, be it a key or within a text"""
TYPE_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def json_value(text: str | bytes) -> Any:
    """The value of a JSON text; ValueError says in a few words why it is none.

    NaN, infinity, numbers that no float holds and halves of letters are none: what is made of them
    cannot be written again.
    """
    try:
        value = json.loads(text, parse_constant=_refused, parse_float=_finite)
        if HALF_LETTER.search(text if isinstance(text, str) else text.decode()):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError as error:
        raise ValueError("a letter in it is no whole one of UTF-8") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        if _is_endless(error):
            raise ValueError(f"it has a number of more than {DIGITS:,} digits") from error
        raise
    return value


def json_file(path: Path, limit: int = 2**26) -> Any:
    """The value of a regular file of JSON; OSError or ValueError where it is none."""
    return json_value(read_plain(path, limit))


def toml(path: Path, file: str) -> dict[str, object]:
    """The values of a TOML file of at most 512 KiB; a ReproError, which calls it `file`, if not."""
    try:
        text = read_plain(path, limit=2**19)
        _check_keys(text)
        return tomllib.loads(text)
    except OSError as error:
        raise ReproError(f"{file} cannot be read: {error.strerror}.") from error
    except RecursionError as error:
        raise ReproError(f"{file} is no TOML: it is nested too deeply.") from error
    except ValueError as error:
        reason = f"a number has more than {DIGITS:,} digits" if _is_endless(error) else error
        raise ReproError(f"{file} is no TOML: {reason}.") from error


def _is_endless(error: ValueError) -> bool:
    return "integer string conversion" in str(error)


def _refused(word: str) -> object:
    raise ValueError(f"it has `{word}`, which is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"it has the number {digits[:40]}, which is too large")
    return number


def _check_keys(text: str) -> None:
    """Raise ValueError for a key of many parts: tomllib's memory grows with their square."""
    if CHAIN.search(text) is None:  # as a rule, and quickly told
        return
    for match in KEYS.finditer(text):
        key = match[0]
        if key[0] != "#" and STRING.sub("", key).count(".") >= MOST_PARTS:
            line = text.count("\n", 0, match.start()) + 1
            raise ValueError(f"a key has more than {MOST_PARTS} parts (at line {line})")


def read(cls: type[T], data: object, file: str, place: str = "") -> T:
    """`data` as a `cls`; raise ReproError naming `file` and the place of the first wrong value."""
    try:
        return typing.cast(T, _reader(typing.cast(Hashable, cls))(data))
    except _MisfitError as misfit:
        where = _join(place, misfit.place)
        error = misfit.told(where)
        raise ReproError(f"{file}: {error}", error.hint) from misfit


class _MisfitError(Exception):
    """A value that does not fit, at a place that is put together on the way out."""

    def __init__(self, told: Callable[[str], ReproError]) -> None:
        super().__init__()
        self.told = told
        self.place = ""

    def under(self, key: str) -> Self:
        """The same as seen from what holds it."""
        self.place = _join(key, self.place)
        return self


def _join(place: str, rest: str) -> str:
    return f"{place}.{rest}" if place and rest and not rest.startswith("[") else place + rest


@functools.cache
def _reader(annotation: Hashable) -> Reader:
    """What makes a value of plain data into one of an annotation, put together once for each.

    Of a union's members the first that fits. Unions of the same members in another order are equal
    to Python, and so read alike.
    """
    if annotation is object:
        return lambda value: value
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _alternative(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return _tuple(arguments[0])
    if origin is tuple:
        return _fixed_tuple(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(arguments[1])
    if dataclasses.is_dataclass(annotation):
        return _dataclass(typing.cast(type, annotation))
    return _scalar(annotation)


def _scalar(annotation: object) -> Reader:
    def read(value: object) -> object:
        if type(value) is annotation:
            if isinstance(value, int) and abs(value) >= WHOLE:
                raise _unlike("a whole number below 2^63", value)
            return value
        if annotation is float and type(value) is int and abs(value) < 2**1000:
            return float(value)
        raise _unlike(TYPE_NAMES[annotation], value)  # type: ignore[index]

    return read


def _alternative(options: tuple[object, ...]) -> Reader:
    *readers, last = [_reader(option) for option in options if option is not types.NoneType]
    optional = types.NoneType in options

    def read(value: object) -> object:
        if value is None and optional:
            return None
        for reader in readers:
            try:
                return reader(value)
            except _MisfitError:
                continue
        return last(value)

    return read


def _tuple(item: object) -> Reader:
    reader = _reader(item)

    def read(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise _unlike("a list", value)
        items: list[object] = []
        try:
            for element in value:
                items.append(reader(element))
        except _MisfitError as misfit:
            raise misfit.under(f"[{len(items)}]") from None
        return tuple(items)

    return read


def _fixed_tuple(annotations: tuple[object, ...]) -> Reader:
    readers = [_reader(annotation) for annotation in annotations]

    def read(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise _unlike("a list", value)
        if len(value) != len(readers):
            numbers = f"{len(readers)} values, not {len(value)}"
            raise _MisfitError(lambda place: ReproError(f"`{place}` should have {numbers}."))
        items: list[object] = []
        try:
            for reader, element in zip(readers, value, strict=True):
                items.append(reader(element))
        except _MisfitError as misfit:
            raise misfit.under(f"[{len(items)}]") from None
        return tuple(items)

    return read


def _mapping(item: object) -> Reader:
    reader = _reader(item)

    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise _unlike("a table", value)
        items = {}
        for key, element in value.items():
            try:
                items[str(key)] = reader(element)
            except _MisfitError as misfit:
                raise misfit.under(str(key)) from None
        return items

    return read


def _dataclass(cls: type[T]) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise _MisfitError(lambda at: ReproError(f"`{at or 'the file'}` should be a table."))
        readers, required = _fields(typing.cast(Hashable, cls))
        for key in value:
            if key not in readers:
                raise _unknown(str(key), readers)
        items = {}
        for name, reader in readers.items():
            if name in value:
                try:
                    items[name] = reader(value[name])
                except _MisfitError as misfit:
                    raise misfit.under(name) from None
            elif name in required:
                raise _missing(name, readers)
        try:
            return cls(**items)
        except ReproError as error:
            said = error
        raise _MisfitError(lambda at: ReproError(f"`{at}`: {said}" if at else str(said), said.hint))

    return read


@functools.cache
def _fields(cls: Hashable) -> tuple[Mapping[str, Reader], set[str]]:
    """The readers of a class's fields, and which of these must be given."""
    hints = typing.get_type_hints(cls)
    fields = [field for field in dataclasses.fields(typing.cast(type, cls)) if field.init]
    required = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return {field.name: _reader(hints[field.name]) for field in fields}, required


def _unlike(kind: str, value: object) -> _MisfitError:
    return _MisfitError(lambda at: ReproError(f"`{at}` should be {kind}, not {_shown(value)}."))


def _shown(value: object) -> str:
    try:
        return f"{value!r:.60}"
    except (ValueError, RecursionError):  # a number too long, or lists too deep, to be written
        return "what it has, which is too long"


def _unknown(key: str, known: Iterable[str]) -> _MisfitError:
    return _MisfitError(
        lambda at: unknown("key", _join(at, key), [_join(at, name) for name in known])
    )


def _missing(key: str, known: Iterable[str]) -> _MisfitError:
    hint = f"Keys of this table: {', '.join(known)}."
    return _MisfitError(lambda at: ReproError(f"`{_join(at, key)}` is missing.", hint))
