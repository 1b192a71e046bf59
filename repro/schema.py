"""Read plain data (TOML, JSON) into frozen dataclasses, with exact errors.

Each value is checked against the field's annotation; an unknown key is an error that names the
file, the place and the valid keys. Understood annotations: str, int, float, bool, `X | None`,
`tuple[X, ...]`, `tuple[X, Y]`, `Mapping[str, X]`, unions of those, dataclasses of them, and
`object` for anything.
"""

import dataclasses
import functools
import tomllib
import types
import typing
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TypeVar

from repro.errors import ReproError, unknown
from repro.files import read_plain

T = TypeVar("T")

TYPE_NAMES = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


def toml(path: Path, file: str) -> dict[str, object]:
    """The values of a TOML file of at most 1 MiB; a ReproError, which calls it `file`, if not."""
    try:
        return tomllib.loads(read_plain(path, limit=2**20))
    except OSError as error:
        raise ReproError(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ReproError(f"{file} is no TOML: {error}.") from error


def read(cls: type[T], data: object, file: str, place: str = "") -> T:
    """`data` as a `cls`; raise ReproError naming `file` and the place of the first wrong value."""
    if not isinstance(data, Mapping):
        raise ReproError(f"{file}: `{place or 'the file'}` should be a table.")
    fields = _fields(typing.cast(Hashable, cls))
    for key in data:
        if key not in fields:
            error = unknown("key", str(_join(place, key)), (_join(place, name) for name in fields))
            raise ReproError(f"{file}: {error}", error.hint)
    values = {}
    for name, (annotation, required) in fields.items():
        if name in data:
            values[name] = _value(annotation, data[name], file, _join(place, name))
        elif required:
            raise ReproError(
                f"{file}: `{_join(place, name)}` is missing.",
                f"Keys of this table: {', '.join(fields)}.",
            )
    try:
        return cls(**values)
    except ReproError as error:
        where = f"{file}: `{place}`" if place else file
        raise ReproError(f"{where}: {error}", error.hint) from error


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


@functools.cache
def _fields(cls: Hashable) -> dict[str, tuple[object, bool]]:
    hints = typing.get_type_hints(cls)
    return {
        field.name: (
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(typing.cast(type, cls))
        if field.init
    }


def _value(annotation: object, value: object, file: str, place: str) -> object:
    if annotation is object:
        return value
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _alternative(arguments, value, file, place)
    if origin is tuple and isinstance(value, list | tuple):
        return _tuple(arguments, list(value), file, place)
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {
            str(key): _value(arguments[1], item, file, _join(place, str(key)))
            for key, item in value.items()
        }
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return read(annotation, value, file, place)
    if annotation is float and isinstance(value, int) and abs(value) < 2**1000:
        value = value if isinstance(value, bool) else float(value)
    if annotation in TYPE_NAMES and type(value) is annotation:
        return value
    raise ReproError(f"{file}: `{place}` should be {_describe(annotation)}, not {value!r:.60}.")


def _alternative(options: tuple[object, ...], value: object, file: str, place: str) -> object:
    if value is None and types.NoneType in options:
        return None
    candidates = [option for option in options if option is not types.NoneType]
    for option in candidates[:-1]:
        try:
            return _value(option, value, file, place)
        except ReproError:
            continue
    return _value(candidates[-1], value, file, place)


def _tuple(
    items: tuple[object, ...], value: list[object], file: str, place: str
) -> tuple[object, ...]:
    if items[-1] is Ellipsis:
        items = (items[0],) * len(value)
    if len(items) != len(value):
        raise ReproError(f"{file}: `{place}` should have {len(items)} values, not {len(value)}.")
    return tuple(
        _value(item, element, file, f"{place}[{index}]")
        for index, (item, element) in enumerate(zip(items, value, strict=True))
    )


def _describe(annotation: object) -> str:
    if annotation in TYPE_NAMES:
        return TYPE_NAMES[annotation]
    return "a list" if typing.get_origin(annotation) is tuple else "a table"
