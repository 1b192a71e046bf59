"""Structured mutations of plain documents, and their text as JSON or TOML."""

import copy
import json
from collections.abc import Mapping
from typing import Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
CHARACTER = "\x00"
"""begins and ends a string that stands in the text without quotes"""


class Draw(Protocol):
    """What a composite strategy draws with."""

    def __call__(self, strategy: st.SearchStrategy[T]) -> T: ...


EVEN = st.randoms(use_true_random=True).map(lambda dice: dice.random())
"""0 to 1; hypothesis by itself draws ends and small numbers more often"""


def place(draw: Draw, count: int) -> int:
    """One of so many places, each as often."""
    return int(draw(EVEN) * count)


def bare(text: str) -> str:
    """A value that stands in the text as it is, though no value has that form."""
    return f"{CHARACTER}{text}{CHARACTER}"


def deep(opening: str, closing: str, levels: int) -> str:
    """Something nested so deep."""
    return bare(opening * levels + closing * levels)


STRINGS: tuple[str, ...] = (
    *("", " ", "x", "NaN", "1e400", "0x10", "٣٤", "1_000", "true", "null", "-1", "\\", '"'),
    *("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\rb", "a\nb", "a\x00b", "\x9b31m", "\x7f"),
    *("\u202eabc", "\u2028", "\u200b", "\ud800", "\udfff\ud800", "\U0010ffff", "e\u0301" * 40),
    *("../../../etc/passwd", "/etc/passwd", "/dev/zero", "C:\\x", "a" * 300 + ".jpg", "~/x"),
    *("a" * 10_000, "[x](javascript:y)", "=1+1", "%s%n", "{0.__class__}", "<script>", "|`*_"),
)
NUMBERS: tuple[object, ...] = (
    *(
        0,
        1,
        -1,
        2,
        3,
        7,
        255,
        2**31,
        -(2**31),
        2**53 + 1,
        2**63,
        -(2**63),
        2**64,
        2**400,
        -(2**400),
    ),
    *(0.5, -0.5, 2.5, 1e-300, 5e-324, 1e300, -1e300, 1.7e308, 1e9, float("nan"), float("inf")),
    *(float("-inf"), -0.0),
)
TOKENS: tuple[str, ...] = (
    *(bare(text) for text in ("1e400", "-1e400", "9" * 5000, "1" * 400 + ".5", "0x1F", "01", "+1")),
    *(bare(text) for text in ("tru", "'a'", "1979-05-27", "1e999999999", "-", ",")),
    *(deep("[", "]", levels) for levels in (20, 600, 3000, 100_000)),
    *(deep('{"a":', "}", levels) for levels in (20, 3000)),
)
OTHERS: tuple[object, ...] = (None, True, False, [], {}, [[]], [{}], {"": None}, [0] * 500, [None])
HOSTILE: tuple[object, ...] = (*STRINGS, *NUMBERS, *TOKENS, *OTHERS)


@st.composite
def mutated(draw: Draw, document: object) -> object:
    """A document with one change as a rule, or none, or a few, at any depth."""
    box: list[object] = [copy.deepcopy(document)]
    for _ in range(draw(st.sampled_from(CHANGES))):
        holder, key = _place(draw, box)
        _change(draw, holder, key, box)
    return box[0]


CHANGES = (1, 1, 1, 1, 1, 1, 2, 2, 3, 0)
"""how many, each as often as it stands here"""


def _place(draw: Draw, box: list[object]) -> tuple[list[object] | dict[str, object], int | str]:
    """A place in a document: what holds it, and its key there."""
    holder: list[object] | dict[str, object] = box
    key: int | str = 0
    while True:
        value = holder[key]  # type: ignore[index]
        stops = place(draw, 40 if holder is box else 8) == 0
        if not isinstance(value, list | dict) or not value or stops:
            return holder, key
        holder = value
        number = place(draw, len(value))
        key = list(value)[number] if isinstance(value, dict) else number


def _change(
    draw: Draw, holder: list[object] | dict[str, object], key: int | str, box: list[object]
) -> None:
    """Change what stands at a place."""
    value = holder[key]  # type: ignore[index]
    what = draw(st.sampled_from(WAYS))
    if what == "replace":
        new = draw(st.sampled_from(HOSTILE))
        holder[key] = copy.copy(new)  # type: ignore[index]
    elif what == "drop" and holder is not box:
        del holder[key]  # type: ignore[arg-type]
    elif what == "double" and isinstance(holder, list) and holder is not box:
        holder[key:key] = [copy.deepcopy(value)] * draw(st.sampled_from((1, 2, 100)))  # type: ignore[misc]
    elif what in ("double", "rename") and isinstance(holder, dict):
        name = draw(st.sampled_from((*STRINGS, f"{key} ", str(key).upper())))
        holder[name] = value if what == "rename" else copy.deepcopy(value)
        if what == "rename" and name != key:
            del holder[str(key)]
    elif what == "wrap":
        levels = draw(st.sampled_from((1, 1, 2, 50)))
        for _ in range(levels):
            value = [value]
        holder[key] = value  # type: ignore[index]
    elif what == "splice":
        other, name = _place(draw, box)
        taken = copy.deepcopy(other[name])  # type: ignore[index]
        holder[key] = taken  # type: ignore[index]
    elif what == "other kind":
        holder[key] = _of_other_kind(draw, value)  # type: ignore[index]


WAYS = ("replace",) * 6 + ("drop", "double", "rename", "wrap", "splice", "other kind")


def _of_other_kind(draw: Draw, value: object) -> object:
    """The same in another type, or a number that is another."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        factor = draw(st.sampled_from((-1, 10**6, 10**18, 1e-9)))
        return draw(st.sampled_from((str(value), [value], value * factor, value + 0.5)))
    if isinstance(value, str):
        return draw(st.sampled_from(([value], {value: value}, value * 50, value[::-1])))
    if isinstance(value, dict):
        return list(value.items())
    return {str(place): item for place, item in enumerate(value)}  # type: ignore[arg-type]


def as_json(document: object, ascii_only: bool = True) -> str:
    """The text of a document as JSON, in which bare values stand as they are."""
    text = json.dumps(document, ensure_ascii=ascii_only)
    mark = json.dumps(CHARACTER, ensure_ascii=ascii_only)[1:-1]
    return text.replace(f'"{mark}', "").replace(f'{mark}"', "")


def as_toml(document: object) -> str:
    """The text of a document as TOML, tables below headings where a document has such."""
    if not isinstance(document, Mapping):
        return f"value = {_toml_value(document)}\n"
    lines: list[str] = []
    _toml_table(document, "", lines)
    return "\n".join(lines) + "\n"


def _toml_table(table: Mapping[str, object], path: str, lines: list[str]) -> None:
    later: list[tuple[str, str, Mapping[str, object]]] = []
    for key, value in table.items():
        name = f"{path}.{_toml_key(key)}" if path else _toml_key(key)
        if isinstance(value, Mapping) and path.count(".") < 8:
            later.append((f"[{name}]", name, value))
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            later += [(f"[[{name}]]", name, one) for one in value]
        else:
            lines.append(f"{_toml_key(key)} = {_toml_value(value)}")
    for heading, name, inner in later:
        lines.append(heading)
        _toml_table(inner, name, lines)


def _toml_key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else _toml_value(str(key))


def _toml_value(value: object) -> str:
    """A value as TOML writes it; NOTHING of what it cannot write is left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml_key(k)} = {_toml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml_value(one) for one in value)}]"
    if isinstance(value, int | float):
        return as_json(value) if value == value and abs(value) != float("inf") else str(value)
    return as_json(value)
