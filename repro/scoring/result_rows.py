"""The rows of large results files, without an object for every number in them."""

import re
from array import array
from collections.abc import Iterator

from repro.data.json_rows import uncollected

PART = 2**15
"""bytes that are parsed at a time, so that what is made of them stays in the cache"""
BETWEEN = re.compile(rb"\}\s*,")


def rows(text: bytes) -> list[object] | None:
    """The rows of a JSON list of objects, their `keypoints` as arrays of doubles.

    None unless every row is an object whose `keypoints` are as many plain numbers as the first has:
    then the text is to be parsed as a whole, which tells what is wrong with it.
    """
    import orjson

    parsed: list[object] = []
    try:
        with uncollected():
            for part in _parts(text):
                found = orjson.loads(b"[" + part + b"]")
                if not found:
                    return None
                for row in found:
                    numbers = array("d")
                    numbers.fromlist(row["keypoints"])
                    row["keypoints"] = numbers
                parsed += found
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    alike = {len(row["keypoints"]) for row in parsed}  # type: ignore[index]
    return parsed if len(alike) == 1 else None


def _parts(text: bytes) -> Iterator[bytes]:
    """The inside of a list, cut between rows.

    A cut within a row leaves brackets open, so that the part before it is no JSON.
    """
    start, last = text.index(b"["), text.rindex(b"]")
    if text[:start].strip() or text[last + 1 :].strip():
        raise ValueError("no list")
    start += 1
    while cut := BETWEEN.search(text, start + PART, last):
        yield text[start : cut.start() + 1]
        start = cut.end()
    yield text[start:last]
