"""Plain data into dataclasses, with exact errors."""

import json
import tomllib
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.schema import json_value, read, toml


@dataclass(frozen=True)
class Leaf:
    name: str
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Tree:
    leaves: tuple[Leaf, ...]
    weight: float = 1.0
    options: Mapping[str, str | bool | int] = field(default_factory=dict)


def test_nested_data_becomes_dataclasses() -> None:
    tree = read(
        Tree, {"leaves": [{"name": "a", "size": [2, 3]}], "weight": 2, "options": {"x": True}}, "f"
    )
    assert tree == Tree((Leaf("a", (2, 3)),), 2.0, {"x": True})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"leafs": []}, "f: There is no key `leafs`."),
        ({}, "f: `leaves` is missing."),
        ({"leaves": [{"name": 3}]}, "f: `leaves[0].name` should be a string, not 3."),
        ({"leaves": [{"name": "a", "size": [1]}]}, "f: `leaves[0].size` should have 2 values"),
        ({"leaves": [], "weight": True}, "f: `weight` should be a number, not True."),
        ({"leaves": {}}, "f: `leaves` should be a list, not {}."),
        ([], "f: `the file` should be a table."),
        ({"leaves": [], "options": {"x": 1.5}}, "f: `options.x` should be"),
    ],
)
def test_wrong_data_names_the_file_and_the_place(data: object, message: str) -> None:
    with pytest.raises(ReproError) as error:
        read(Tree, data, "f")
    assert str(error.value).startswith(message)


def test_an_unknown_key_offers_the_near_ones() -> None:
    with pytest.raises(ReproError) as error:
        read(Tree, {"leaves": [{"nam": "a"}]}, "f")
    assert "`leaves[0].name`" in error.value.hint


@dataclass(frozen=True)
class Counted:
    count: int = 0
    options: Mapping[str, str | bool | int | float] = field(default_factory=dict)


@pytest.mark.parametrize(
    "value", [2**63, -(2**63), 10**400, 16**5000], ids=["64 bits", "below", "400", "6000 digits"]
)
def test_a_whole_number_of_any_length_is_told(value: int) -> None:
    with pytest.raises(ReproError, match="`count` should be a whole number below"):
        read(Counted, {"count": value}, "f")
    with pytest.raises(ReproError, match=r"`options\.x` should be"):
        read(Counted, {"options": {"x": 2**2000}}, "f")


PLAIN_JSON = ('{"a": [1, -2.5e3, null, true, "\\u00e9\\ud83d\\ude00"]}', "[" * 200 + "]" * 200)


@pytest.mark.parametrize("text", PLAIN_JSON)
def test_json_is_read(text: str) -> None:
    assert json_value(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[1] 2", "Extra data"),
        ("[NaN]", "`NaN`, which is no JSON"),
        ("[-Infinity]", "`-Infinity`, which is no JSON"),
        ("[1e400]", "1e400, which is too large"),
        ("9" * 5000, "more than 4,300 digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (r'["\ud800"]', "no whole one of UTF-8"),
        (r'{"\uDFFF": 1}', "no whole one of UTF-8"),
        (b'["\xff"]', "no whole one of UTF-8"),
    ],
)
def test_what_is_no_json_is_told_in_a_few_words(text: str | bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        json_value(text)


PLAIN_TOML = {
    "dots": "a.b.c = 1",
    "numbers": f"a = [{', '.join(['1.5'] * 100)}]",
    "prose": f'a = "{"a.b." * 100}"',
    "long prose": f"a = '''\n{'a.b.' * 100}\n'''",
    "a remark": f"# {'a.b.' * 100}\na = 1",
    "quoted": 'a."b.c.d.e.f.g.h.i.j.k.l.m.n.o.p".q = 1',
}


@pytest.mark.parametrize("kind", PLAIN_TOML)
def test_toml_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(PLAIN_TOML[kind])
    assert toml(path, "`x.toml`") == tomllib.loads(PLAIN_TOML[kind])


HOSTILE_TOML = {
    "dots": ("\na" + ".a" * 60_000 + " = 1", r"more than 12 parts \(at line 2\)"),
    "spaced dots": ("a" + " . a" * 60_000 + " = 1", "more than 12 parts"),
    "quoted dots": ('"a"' + """."a".'b'""" * 30_000 + " = 1", "more than 12 parts"),
    "heading": ("[a" + ".a" * 60_000 + "]", "more than 12 parts"),
    "inline": ("x = {a" + ".a" * 60_000 + " = 1}", "more than 12 parts"),
    "lists": ("a = " + "[" * 100_000, "nested too deeply"),
    "tables": ("a = " + "{a=" * 100_000, "nested too deeply"),
    "digits": ("a = " + "9" * 5000, "more than 4,300 digits"),
    "bytes": ("a" * 2**19 + " = 1", "bytes are more than"),
}


@pytest.mark.parametrize("kind", HOSTILE_TOML)
def test_toml_that_would_fill_the_memory_is_told(kind: str, tmp_path: Path) -> None:
    text, reason = HOSTILE_TOML[kind]
    path = tmp_path / "x.toml"
    path.write_text(text)
    tracemalloc.start()
    try:
        with pytest.raises(ReproError, match=reason):
            toml(path, "`x.toml`")
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
