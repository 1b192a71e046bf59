"""Damage to bytes: flips, cuts, repetitions, splices, and numbers that are hostile."""

import gzip
import struct
from collections.abc import Sequence

from hypothesis import strategies as st

from support.faults.mutations import Draw, place

SMALL_NUMBERS: tuple[bytes, ...] = tuple(
    struct.pack(form, number)
    for form, numbers in {
        "B": (0, 1, 0x7F, 0x80, 0xFF),
        "<H": (0, 1, 0x7FFF, 0xFFFF),
        ">H": (1, 0xFFFF),
        "<I": (0, 1, 2**16, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
        ">I": (1, 2**16, 0x7FFFFFFF, 0xFFFFFFFF),
        "<Q": (2**32, 2**40, 2**63 - 1, 2**64 - 1),
        "<f": (float("nan"), float("inf"), -1e38, 1e-40),
        "<d": (float("nan"), float("inf"), -1e308),
    }.items()
    for number in numbers
)
"""what a size, a count or a value may be written over with"""
LONGEST = 2**20
"""bytes of what comes of it"""


@st.composite
def damaged(draw: Draw, content: bytes, others: Sequence[bytes] = (), most: int = 3) -> bytes:
    """The bytes after one kind of damage or a few."""
    for _ in range(draw(st.integers(1, most))):
        content = _damage(draw, content, others)[:LONGEST]
    return content


def _damage(draw: Draw, content: bytes, others: Sequence[bytes]) -> bytes:
    size = len(content)
    start = place(draw, size + 1)
    length = draw(st.sampled_from((1, 1, 2, 4, 8, 16, 100, 1000)))
    end = min(start + length, size)
    before, part, after = content[:start], content[start:end], content[end:]
    what = draw(st.sampled_from(WAYS))
    if what == "flip" and part:
        bit = 1 << draw(st.integers(0, 7))
        return before + bytes([part[0] ^ bit]) + part[1:] + after
    if what == "number":
        number = draw(st.sampled_from(SMALL_NUMBERS))
        return before + number + content[start + len(number) :]
    if what == "cut":
        return before
    if what == "behead":
        return after
    if what == "leave out":
        return before + after
    if what == "repeat":
        return before + part * draw(st.sampled_from((2, 3, 50, 3000))) + after
    if what == "insert":
        return before + draw(st.binary(min_size=1, max_size=16)) + part + after
    if what == "zero":
        return before + b"\0" * len(part) + after
    if what == "splice":
        other = draw(st.sampled_from((content, *others)))
        return before + other[place(draw, len(other) + 1) :]
    return content


WAYS = (
    *("flip", "flip", "flip", "number", "number", "number", "cut", "behead", "leave out"),
    *("repeat", "insert", "zero", "splice"),
)


@st.composite
def damaged_text(draw: Draw, text: str, others: Sequence[str] = ()) -> bytes:
    """The bytes of a text, most often whole, sometimes damaged, in another encoding, or packed."""
    content = text.encode("utf-8", "surrogatepass")
    what = draw(st.sampled_from(("whole",) * 30 + ("damaged",) * 4 + ENCODINGS))
    if what == "damaged":
        return draw(damaged(content, [one.encode("utf-8", "replace") for one in others]))
    if what == "mark":
        return b"\xef\xbb\xbf" + content
    if what == "packed":
        return gzip.compress(content, 1, mtime=0)
    if what == "ends":
        return content.replace(b"\n", b"\r\n")
    if what == "wide":
        return text.encode("utf-16", "surrogatepass")
    if what == "twice":
        return content + content
    if what == "nothing":
        return b""
    return content


ENCODINGS = ("mark", "packed", "ends", "wide", "twice", "nothing")
