"""Plain data into dataclasses, with exact errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from repro.errors import ReproError
from repro.schema import read


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
