"""Large results files whose rows are all alike, read without an object for every number."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from repro.data.people import Floats, Ints

PART = 2**16
"""bytes that are parsed at a time, so that what is made of them stays in the cache"""
END = b"},"
"""between two rows"""


@dataclass(frozen=True, eq=False)
class PlainRows:
    """N rows, every field of each a number or a list of as many numbers as in the first row."""

    images: Ints
    categories: Ints
    keypoints: Floats
    """(N, 3K)"""
    scores: Floats
    boxes: Floats | None
    """(N, 4), where the rows have them"""


def plain_rows(path: Path, limit: int) -> PlainRows | None:
    """The rows of a JSON list of {image_id, category_id, keypoints, score}.

    None where a row has other fields than the first, or anything else than numbers in them: then
    the text is to be parsed as a whole, which tells what is wrong with it, if anything is.
    """
    import simdjson

    parser = simdjson.Parser()
    columns = _Columns()
    try:
        if not path.is_file() or path.stat().st_size > limit:
            return None
        with path.open("rb") as file:
            for part in _parts(file):
                document = parser.parse(part)
                alike = columns.add(document, part.count(b"["))
                del document  # the parser reads no more while any of it is held
                if not alike:
                    return None
        return columns.whole()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError):
        return None


class _Columns:
    """What was read so far."""

    def __init__(self) -> None:
        self.fields: frozenset[str] = frozenset()
        self.width = 0
        self.boxed = False
        self.images: list[int] = []
        self.categories: list[int] = []
        self.scores: list[float] = []
        self.keypoints = bytearray()
        self.boxes = bytearray()

    def add(self, rows: Any, lists: int) -> bool:
        """Whether rows are like those before, `lists` being all lists in the text of their list."""
        if not len(rows):
            return False
        if not self.images:
            first = rows[0]
            self.fields, self.boxed = frozenset(first.keys()), "bbox" in first
            self.width = len(first["keypoints"])
        fields, width, boxed = len(self.fields), self.width, self.boxed
        if lists != 1 + len(rows) * (1 + boxed):
            return False
        every = list(rows)
        points = [row["keypoints"] for row in every]
        boxes = [row["bbox"] for row in every] if boxed else []
        alike = {*map(len, every)} == {fields} and {*map(len, points)} == {width}
        if not alike or not {*map(len, boxes)} <= {4}:
            return False
        self.images += [row["image_id"] for row in every]
        self.categories += [row["category_id"] for row in every]
        self.scores += [row["score"] for row in every]
        self.keypoints += b"".join([one.as_buffer(of_type="d") for one in points])
        self.boxes += b"".join([one.as_buffer(of_type="d") for one in boxes])
        return True

    def whole(self) -> PlainRows | None:
        """All of it, if the numbers are whole where they should be."""
        count = len(self.images)
        whole = {*map(type, self.images), *map(type, self.categories)} == {int}
        if not whole or not {*map(type, self.scores)} <= {int, float}:
            return None
        boxes = np.frombuffer(self.boxes).reshape(count, 4) if self.boxed else None
        return PlainRows(
            np.array(self.images, np.int64),
            np.array(self.categories, np.int64),
            np.frombuffer(self.keypoints).reshape(count, self.width),
            np.frombuffer(array("d", self.scores)),
            boxes,
        )


def _parts(file: BufferedReader) -> Iterator[bytes]:
    """Some rows at a time, as lists of their own; ValueError where there is no list.

    A cut within a row leaves brackets open, so that the part before it is no JSON.
    """
    rest = file.read(PART).lstrip()
    if not rest.startswith(b"["):
        raise ValueError("no list")
    rest = rest[1:]
    while more := file.read(PART):
        rest += more
        cut = rest.rfind(END)
        if cut >= 0:
            yield b"[" + rest[: cut + 1] + b"]"
            rest = rest[cut + 2 :]
        elif len(rest) > 2 * PART + 2**20:
            raise ValueError("a row without an end")
    if not rest.rstrip().endswith(b"]"):
        raise ValueError("no end of the list")
    yield b"[" + rest
