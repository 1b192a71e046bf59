"""Arrays of numbers in MATLAB files of version 5 to 7, as `save` and scipy's `savemat` write them.

Format: MathWorks, "MAT-File Level 5". A file is untrusted, and scipy's reader can be crashed by a
few wrong bytes; here every size is checked against what is there. Structs, cells and text are
passed over.
"""

import math
import struct
import zlib
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

HEADER = 128
LARGEST = 2**28
"""bytes that a compressed variable may unpack to"""
MATRIX, COMPRESSED = 14, 15
NUMERIC = range(6, 16)
"""classes of arrays: double, single and the integers"""
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""of the numbers within an array, whatever its class"""

Array = NDArray[np.generic]


def arrays(text: bytes, names: Collection[str]) -> dict[str, Array]:
    """The named arrays that a file has; ValueError says what is wrong with it."""
    if len(text) < HEADER:
        raise ValueError("it ends too early")
    if text.startswith(b"MATLAB 7.3"):
        raise ValueError("version 7.3 is HDF5; save it with -v7")
    order = {b"IM": "<", b"MI": ">"}.get(text[126:128])
    if order is None:
        raise ValueError("it is not a MATLAB file of version 5 to 7")
    found: dict[str, Array] = {}
    for kind, content in _elements(text[HEADER:], order):
        if kind == COMPRESSED:
            kind, content = next(_elements(_unpacked(content), order), (0, b""))
        if kind == MATRIX:
            name, array = _matrix(content, order, names)
            if array is not None:
                found[name] = array
    return found


def _elements(text: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """The type and bytes of the elements that lie one after another."""
    place = 0
    while place < len(text):
        if place + 8 > len(text):
            raise ValueError("it ends too early")
        kind, size = struct.unpack_from(f"{order}II", text, place)
        small = kind >> 16
        if small:
            kind, size, start = kind & 0xFFFF, small, place + 4
            if size > 4:
                raise ValueError("it is damaged")
            place += 8
        else:
            start = place + 8
            place = start + (size if kind == COMPRESSED else -(-size // 8) * 8)
        if start + size > len(text):
            raise ValueError("it ends too early")
        yield kind, text[start : start + size]


def _unpacked(content: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(content, LARGEST)
    except zlib.error as error:
        raise ValueError("it is damaged") from error
    if not unpacker.eof:
        raise ValueError(f"a variable is damaged or has more than {LARGEST:,} bytes")
    return text


def _matrix(content: bytes, order: str, names: Collection[str]) -> tuple[str, Array | None]:
    """The name of a variable, and the array if it is one of numbers that is asked for."""
    parts = _elements(content, order)
    (_, flags), (_, sizes), (_, letters) = (next(parts, (0, b"")) for _ in range(3))
    if len(flags) != 8 or len(sizes) % 4 or len(sizes) < 8:
        raise ValueError("it is damaged")
    name = letters.decode("latin-1")
    kind = struct.unpack(f"{order}II", flags)[0] & 0xFF
    if name not in names or kind not in NUMERIC:
        return name, None
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    of, numbers = next(parts, (0, b""))
    dtype = np.dtype(order + TYPES[of]) if of in TYPES else None
    if dtype is None or min(shape) < 0 or math.prod(shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"`{name}` is damaged")
    return name, np.frombuffer(numbers, dtype).reshape(shape, order="F")
