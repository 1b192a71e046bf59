"""What is wrong in a TOML file, all of it, each with its place and line."""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers.folders import shown
from repro.papers.table_checks import Problem


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is missing or wrong in a file of tables."""

    file: str
    line: int | None
    """None where it stands on none, as what is missing altogether"""
    place: str
    """such as `rows[2].cells.ap`; empty for the file as a whole"""
    said: str
    hint: str = ""
    required: bool = True
    """whether nothing can be run before it is mended"""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.said}"


class TomlFile:
    """A TOML file with the lines of its keys."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = shown(path)
        self.data: dict[str, object] | None = None
        """None where it is no TOML"""
        self.lines: dict[str, int] = {}
        self.flaws: list[Flaw] = []
        try:
            self.data = schema.toml(path, self.name)
        except ReproError as error:
            at = re.search(r"\(at line (\d+), ", str(error))
            line = int(at[1]) if at else None
            said = str(error).removeprefix(self.name).strip()
            self.flaws.append(Flaw(self.name, line, "", said, error.hint))
            return
        text = path.read_text(encoding="utf-8")
        self.lines = lines_of(text)
        self.flaws += leftovers(self.name, text)

    def add(self, place: str, error: ReproError, required: bool = True) -> None:
        """Note a flaw at a place."""
        flaw = Flaw(self.name, self.line(place), place, str(error), error.hint, required)
        self.flaws.append(flaw)

    def line(self, place: str) -> int | None:
        """The line of a place, or of what holds it."""
        while place:
            if place in self.lines:
                return self.lines[place]
            place = re.sub(r"(\.[^.\[\]]+|\[\d+\]|^[^.\[\]]+)$", "", place)
        return None

    def read(self, cls: type[schema.T]) -> schema.T | None:
        """The file as a dataclass; None where it is none, with every reason among the flaws."""
        if self.data is None:
            return None
        wrong = list(misfits(cls, self.data, ""))
        for place, error in wrong:
            self.add(place, error)
        return None if wrong else schema.read(cls, self.data, self.name)


def misfits(cls: type, value: object, place: str) -> Iterator[Problem]:
    """All that keeps plain data from being an instance of a dataclass."""
    if not isinstance(value, Mapping):
        yield place, ReproError(f"`{place or 'the file'}` should be a table.")
        return
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    wrong: list[Problem] = []
    for key in value:
        if key not in fields:
            known = [_join(place, name) for name in fields]
            wrong.append((_join(place, str(key)), unknown("key", _join(place, str(key)), known)))
    for name, field in fields.items():
        if name in value:
            wrong += _value(hints[name], value[name], _join(place, name))
        elif field.default is field.default_factory is dataclasses.MISSING:
            said = f"`{_join(place, name)}` is missing."
            wrong.append((place, ReproError(said)))
    yield from wrong
    if not wrong:
        yield from _refused(cls, value, place)


def _value(annotation: object, value: object, place: str) -> Iterator[Problem]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        rest = [one for one in arguments if one is not types.NoneType]
        if len(rest) == 1:
            yield from _value(rest[0], value, place)
            return
    elif origin is tuple and arguments[-1] is Ellipsis and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _value(arguments[0], item, f"{place}[{number}]")
        return
    elif isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        for key, item in value.items():
            yield from _value(arguments[1], item, _join(place, str(key)))
        return
    elif isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        yield from misfits(annotation, value, place)
        return
    yield from _refused(annotation, value, place)


def _refused(annotation: object, value: object, place: str) -> Iterator[Problem]:
    """What the reader itself says of a value without parts, or of a whole."""
    try:
        schema.read(typing.cast(type, annotation), value, "", place)
    except ReproError as error:
        yield place, ReproError(str(error).removeprefix(": "), error.hint)


def _join(place: str, rest: str) -> str:
    return f"{place}.{rest}" if place else rest


ARRAY = re.compile(r"\s*\[\[\s*(.+?)\s*\]\]")
TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
KEY = re.compile(r"""\s*(["']?)([^"'=\s#\[\]{}]+)\1\s*=""")


def lines_of(text: str) -> dict[str, int]:
    """The lines of tables and keys, by their places: `rows[2]`, `rows[2].cells`, `protocols.a`."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    around = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if array := ARRAY.match(line):
            name = _plain(array[1])
            counts[name] = counts.get(name, -1) + 1
            around = f"{name}[{counts[name]}]"
        elif table := TABLE.match(line):
            first, dot, rest = _plain(table[1]).partition(".")
            around = (f"{first}[{counts[first]}]" if first in counts else first) + dot + rest
        elif key := KEY.match(line):
            lines.setdefault(_join(around, key[2]), number)
            continue
        else:
            continue
        lines.setdefault(around, number)
    return lines


def _plain(name: str) -> str:
    return re.sub(r"[\"'\s]", "", name)


GUESS = "# guess"
"""how a guess ends the line that it is on"""
PLACEHOLDER = re.compile(r"""["'][^"'#]*(<[a-z][^<>"]*>)""")


def leftovers(file: str, text: str) -> Iterator[Flaw]:
    """What `repro new paper` wrote and nobody has looked at: placeholders and guesses."""
    for number, line in enumerate(text.splitlines(), start=1):
        code, sign, guess = line.partition(GUESS)
        if code.lstrip().startswith("#"):
            continue
        if blank := PLACEHOLDER.search(code):
            yield Flaw(file, number, "", f"`{blank[1]}` is still to be filled in.", required=False)
        if sign:
            said = f"a guess to check{guess.rstrip()}"
            cure = f"Correct it, and take `{GUESS}` away."
            yield Flaw(file, number, "", said, cure, required=False)
