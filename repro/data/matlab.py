"""Variables in MATLAB files of version 5 to 7, as `save` and scipy's `savemat` write them.

Format: MathWorks, "MAT-File Level 5". A file is untrusted, and scipy's reader can be crashed by a
few wrong bytes; here every size is checked against what is there. ValueError says what is wrong.
"""

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER = 128
LARGEST = 2**29
"""bytes that a compressed variable may unpack to; MPII's release may have half of it"""
MULTIPLE, FEW = 64, 2**24
"""bytes that each byte of one may unpack to, and bytes that any may"""
MOST = 2**23
"""values within a struct; MPII's release has less than half as many"""
MATRIX, COMPRESSED = 14, 15
STRUCT, CHARACTERS = 2, 4
NUMERIC = range(6, 16)
"""classes of arrays: double, single and the integers"""
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
TYPES |= {16: "u1", 17: "u2"}  # letters
"""of the numbers within an array, whatever its class"""
ORDERS = {b"IM": "<", b"MI": ">"}
DAMAGED, SHORT = "it is damaged", "it ends too early"

Array = NDArray[np.generic]
Value = Array | str | list["Struct"] | None
"""numbers, a text, the elements of a struct; None for anything else"""
Struct = dict[str, Value]


class Matrix(NamedTuple):
    """A variable or a part of one, whose content is still to be read."""

    name: str
    kind: int
    """the class of the array"""
    shape: tuple[int, ...]
    parts: Iterator[tuple[int, memoryview]]
    order: str


def arrays(text: bytes, names: Collection[str]) -> dict[str, Array]:
    """The named arrays of numbers that a file has."""
    matrices = (matrix for matrix in _variables(text) if matrix.name in names)
    return {matrix.name: _numbers(matrix) for matrix in matrices if matrix.kind in NUMERIC}


def structs(text: bytes, name: str) -> list[Struct]:
    """The elements of the struct of that name; none if the file has no such struct."""
    for matrix in _variables(text):
        if matrix.name == name and matrix.kind == STRUCT:
            try:
                return _structs(matrix, iter(range(MOST)))
            except RecursionError as error:
                raise ValueError(DAMAGED) from error
    return []


def _variables(text: bytes) -> Iterator[Matrix]:
    if len(text) < HEADER:
        raise ValueError(SHORT)
    if text.startswith(b"MATLAB 7.3"):
        raise ValueError("version 7.3 is HDF5; save it with -v7")
    order = ORDERS.get(text[126:128])
    if order is None:
        raise ValueError("it is not a MATLAB file of version 5 to 7")
    for kind, content in _elements(memoryview(text)[HEADER:], order):
        if kind == COMPRESSED:
            unpacked = memoryview(_unpacked(content))
            kind, content = next(_elements(unpacked, order), (0, unpacked))
        if kind == MATRIX:
            yield _matrix(content, order)


def _elements(text: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    """The type and bytes of the elements that lie one after another."""
    place, end = 0, len(text)
    tag = struct.Struct(f"{order}II")
    while place < end:
        if place + 8 > end:
            raise ValueError(SHORT)
        kind, size = tag.unpack_from(text, place)
        small = kind >> 16
        if small:
            kind, size, start = kind & 0xFFFF, small, place + 4
            if size > 4:
                raise ValueError(DAMAGED)
            place += 8
        else:
            start = place + 8
            place = start + (size if kind == COMPRESSED else -(-size // 8) * 8)
        if start + size > end:
            raise ValueError(SHORT)
        yield kind, text[start : start + size]


def _unpacked(content: memoryview) -> bytes:
    most = min(LARGEST, max(FEW, MULTIPLE * len(content)))
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(content, most)
    except zlib.error as error:
        raise ValueError(DAMAGED) from error
    if not unpacker.eof:
        raise ValueError(f"a variable is damaged or has more than {most:,} bytes")
    return text


def _part(parts: Iterator[tuple[int, memoryview]]) -> tuple[int, memoryview]:
    part = next(parts, None)
    if part is None:
        raise ValueError(SHORT)
    return part


def _matrix(content: memoryview, order: str) -> Matrix:
    parts = _elements(content, order)
    (_, flags), (_, sizes), (_, letters) = _part(parts), _part(parts), _part(parts)
    if len(flags) != 8 or len(sizes) % 4 or len(sizes) < 8:
        raise ValueError(DAMAGED)
    kind = struct.unpack(f"{order}II", flags)[0] & 0xFF
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    if min(shape) < 0:
        raise ValueError(DAMAGED)
    return Matrix(str(letters, "latin-1"), kind, shape, parts, order)


def _numbers(matrix: Matrix) -> Array:
    of, numbers = _part(matrix.parts)
    dtype = np.dtype(matrix.order + TYPES[of]) if of in TYPES else None
    if dtype is None or math.prod(matrix.shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"`{matrix.name}` is damaged" if matrix.name else DAMAGED)
    return np.frombuffer(numbers, dtype).reshape(matrix.shape, order="F")


def _structs(matrix: Matrix, left: Iterator[int]) -> list[Struct]:
    """The elements of structs, as far as values are `left` to read."""
    (_, width), (_, letters) = _part(matrix.parts), _part(matrix.parts)
    length = struct.unpack(f"{matrix.order}i", width)[0] if len(width) == 4 else 0
    if length <= 0:
        raise ValueError(DAMAGED)
    text = str(letters, "latin-1")
    names = [text[at : at + length].partition("\0")[0] for at in range(0, len(text), length)]
    count = math.prod(matrix.shape) if names else 0
    return [{name: _value(matrix, left) for name in names} for _ in range(count)]


def _value(around: Matrix, left: Iterator[int]) -> Value:
    """The next of the values within a struct."""
    kind, content = _part(around.parts)
    if kind != MATRIX or next(left, None) is None:
        raise ValueError(DAMAGED)
    if not len(content):
        return None
    matrix = _matrix(content, around.order)
    if matrix.kind in NUMERIC:
        return _numbers(matrix)
    if matrix.kind == CHARACTERS:
        return "".join(map(chr, _numbers(matrix).ravel("F").astype(np.uint16)))
    if matrix.kind == STRUCT:
        return _structs(matrix, left)
    return None
