"""Whose joints an annotation file has: its category of persons, by the file's own ids and names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from repro.data.json_rows import Rows
from repro.data.people import Ints
from repro.errors import ReproError, listed

PERSON, PERSON_ID = "person", 1
"""what a category is called, and its id, where nothing else is said"""
NAMED = 'Name it in a file of the data set: `category = "..."`, see `repro data check --help`.'


@dataclass(frozen=True)
class Category:
    """What a file says of those whose joints it has."""

    id: int
    name: str
    known: tuple[int, ...]
    """the ids of all categories in the file"""
    joints: tuple[str, ...] | None = None
    """as the file names them; None where it does not"""
    limbs: tuple[tuple[int, int], ...] = ()
    """pairs of numbers as the file has them, from 1 as a rule"""


def chosen(
    document: Mapping[str, object], rows: Rows, wanted: str | None = None
) -> tuple[Category, Ints]:
    """The category that is meant, and the category of each row of annotations, (N,).

    The one called `wanted`, else `person` however it is spelt, else the only one with joints, else
    the only one that rows are of; a ReproError where that leaves several. Rows without a category
    are of the one that is meant; in a file without categories the persons are those of the only
    id, or of 1.
    """
    entries = document.get("categories")
    if not isinstance(entries, list) or not entries:
        used = rows.whole("category_id", otherwise=PERSON_ID)
        ids = np.unique(used).tolist()
        number = ids[0] if len(ids) == 1 else PERSON_ID
        return Category(number, wanted or PERSON, (number,)), used
    categories = Rows(rows.path, "categories", entries)
    ids = tuple(categories.whole("id").tolist())
    found = [
        Category(number, name, ids, _joints(categories, place), _limbs(entries[place]))
        for place, (number, name) in enumerate(zip(ids, _names(categories), strict=True))
    ]
    used = rows.whole("category_id", otherwise=_ABSENT)
    category = _meant(rows, found, set(used.tolist()), wanted)
    return category, np.where(used == _ABSENT, category.id, used)


_ABSENT = -(2**62)
"""the category of a row that names none"""


def _names(categories: Rows) -> list[str]:
    """The names, of which any text will do; the number where there is none."""
    rows = [row if isinstance(row, dict) else {} for row in categories.rows]
    return [str(row.get("name") or f"category {row.get('id')}") for row in rows]


def _meant(rows: Rows, found: list[Category], used: set[int], wanted: str | None) -> Category:
    if wanted is not None:
        called = [one for one in found if one.name == wanted]
        if not called:
            names = listed([f"`{one.name}`" for one in found])
            raise ReproError(f"`{rows.path}` has no category `{wanted}`.", f"It has {names}.")
    else:
        called = [one for one in found if one.name.strip().lower() == PERSON]
    left = called or found
    if len(left) > 1:
        left = [one for one in left if one.joints is not None] or left
    if len(left) > 1:
        left = [one for one in left if one.id in used] or left
    if len(left) > 1 or not (called or left[0].joints or left[0].id in used):
        names = listed([f"`{one.name}`" for one in found[:8]])
        raise ReproError(f"`{rows.path}` has no category `{PERSON}`, but {names}.", NAMED)
    return left[0]


def _joints(categories: Rows, place: int) -> tuple[str, ...] | None:
    row = categories.rows[place]
    names = row.get("keypoints") if isinstance(row, dict) else None
    if not names:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        categories.refuse("keypoints", place, "a list of names")
    return tuple(str(name) for name in names)


def _limbs(row: object) -> tuple[tuple[int, int], ...]:
    pairs = row.get("skeleton") if isinstance(row, dict) else None
    limbs = [_pair(pair) for pair in pairs] if isinstance(pairs, list) else []
    return tuple(limb for limb in limbs if limb is not None)


def _pair(pair: object) -> tuple[int, int] | None:
    """Two whole numbers, or None."""
    if isinstance(pair, list) and len(pair) == 2:
        first, second = pair
        if isinstance(first, int) and isinstance(second, int):
            return first, second
    return None


def of_category(rows: Rows, categories: Ints, category: Category) -> Sequence[int]:
    """The places of the rows that are of a category."""
    return [int(place) for place in np.flatnonzero(categories == category.id)]
