"""What is wanted of a large JSON file, without an object for everything else in it.

Most bytes of COCO's annotation files are outlines, and as Python objects they are several times as
large. Here msgspec finds where the rows of a list begin and end, and orjson parses some of them at
a time: each byte is still judged by orjson, and each value is what orjson makes of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from repro.data.json_rows import parsed, uncollected

if TYPE_CHECKING:
    from msgspec import Raw

BATCH = 100
"""rows that are parsed at a time"""

Kept = Callable[[object], object]
"""what is kept of a row"""


def fields(*names: str) -> Kept:
    """Keep these fields of an object, and anything else as it is."""

    def kept(row: object) -> object:
        if not isinstance(row, dict):
            return row
        return {name: row[name] for name in names if name in row}

    return kept


def excerpt(text: bytes, path: Path, what: str, lists: Mapping[str, Kept]) -> object:
    """As `columns.parsed`, but with only what is kept of the rows in these lists of the file."""
    with uncollected():
        pieces = in_pieces(text, lists)
        if pieces is not None:
            return pieces
        document = parsed(text, path, what)  # which says what is wrong, or takes what is unusual
        if isinstance(document, dict):
            for name in lists.keys() & document.keys():
                rows = document[name]
                if isinstance(rows, list):
                    document[name] = [lists[name](row) for row in rows]
        return document


def in_pieces(text: bytes, lists: Mapping[str, Kept]) -> dict[str, object] | None:
    """The same, with few whole rows in memory at a time; None if that is not possible."""
    import orjson
    from msgspec import MsgspecError, Raw
    from msgspec.json import decode

    try:
        members = decode(text, type=dict[str, Raw])
        parts = {name: members[name] for name in lists if name in members}
        rows = {name: decode(part, type=list[Raw]) for name, part in parts.items()}
        document: dict[str, object] = orjson.loads(_without(text, list(parts.values())))
        for name, some in rows.items():
            document[name] = [lists[name](row) for row in _each(some)]
    except (MsgspecError, ValueError, RecursionError):  # orjson raises a ValueError
        return None
    return document


def _without(text: bytes, parts: Sequence["Raw"]) -> bytes:
    """The text with `null` in the place of parts of it."""
    start = _address(text)
    places = sorted((_address(part) - start, len(memoryview(part))) for part in parts)
    remaining, end = [], 0
    for first, size in places:
        remaining += [text[end:first], b"null"]
        end = first + size
    return b"".join([*remaining, text[end:]])


def _address(part: "bytes | Raw") -> int:
    """Where a part lies in memory, for msgspec does not say where it lies in the text."""
    return np.frombuffer(part, np.uint8).ctypes.data


def _each(rows: Sequence["Raw"]) -> Iterator[object]:
    """The rows, parsed as deep inside of two others as they are in the file."""
    import orjson

    for first in range(0, len(rows), BATCH):
        yield from orjson.loads(b"[[" + b",".join(rows[first : first + BATCH]) + b"]]")[0]
