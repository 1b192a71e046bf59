"""The opcodes of a pickle with their arguments, quickly, and no argument longer than its file."""

import mmap
import pickletools
import struct
from collections.abc import Callable, Mapping

Buffer = bytes | mmap.mmap
Read = Callable[[Buffer, int], tuple[object, int]]
"""the argument that begins at a place, and where it ends; ValueError where it is none"""
LONGEST_LINE, LONGEST_NUMBER = 2**16, 2**10
"""bytes of an argument that ends with its line, and of a whole number"""


def _struct(form: str) -> Read:
    kind = struct.Struct(form)

    def read(content: Buffer, place: int) -> tuple[object, int]:
        return kind.unpack_from(content, place)[0], place + kind.size

    return read


def _counted(form: str, made: Callable[[bytes], object], longest: int | None = None) -> Read:
    """Bytes behind their number."""
    kind = struct.Struct(form)

    def read(content: Buffer, place: int) -> tuple[object, int]:
        (count,) = kind.unpack_from(content, place)
        start = place + kind.size
        end = start + count
        if count < 0 or end > len(content) or (longest is not None and count > longest):
            raise ValueError("it has a text or number longer than it is")
        return made(content[start:end]), end

    return read


def _line(made: Callable[[bytes], object]) -> Read:
    """Bytes up to the end of their line."""

    def read(content: Buffer, place: int) -> tuple[object, int]:
        end = content.find(b"\n", place, place + LONGEST_LINE)
        if end < 0:
            raise ValueError("it has a line without an end")
        return made(content[place:end]), end + 1

    return read


def _pair(content: Buffer, place: int) -> tuple[object, int]:
    """Two lines, as `torch._utils _rebuild_tensor_v2`."""
    module, place = _line(_text)(content, place)
    name, place = _line(_text)(content, place)
    return f"{module} {name}", place


def _text(letters: bytes) -> str:
    return letters.decode("utf-8", "surrogatepass")


def _latin1(letters: bytes) -> str:
    return letters.decode("latin-1")


def _quoted(letters: bytes) -> str:
    return _latin1(letters.strip()[1:-1])


def _whole(letters: bytes) -> int | bool:
    if letters in (b"00", b"01"):
        return letters == b"01"
    if len(letters) > LONGEST_NUMBER:
        raise ValueError("it has a number of too many digits")
    return int(letters.removesuffix(b"L"))


def _long(letters: bytes) -> int:
    return int.from_bytes(letters, "little", signed=True)


ARGUMENTS: Mapping[str, Read] = {
    "uint1": _struct("<B"),
    "uint2": _struct("<H"),
    "int4": _struct("<i"),
    "uint4": _struct("<I"),
    "uint8": _struct("<Q"),
    "float8": _struct(">d"),
    "stringnl": _line(_quoted),
    "stringnl_noescape": _line(_text),
    "stringnl_noescape_pair": _pair,
    "unicodestringnl": _line(lambda letters: letters.decode("raw-unicode-escape")),
    "decimalnl_short": _line(_whole),
    "decimalnl_long": _line(_whole),
    "floatnl": _line(float),
    "string1": _counted("<B", _latin1),
    "string4": _counted("<i", _latin1),
    "bytes1": _counted("<B", bytes),
    "bytes4": _counted("<I", bytes),
    "bytes8": _counted("<Q", bytes),
    "bytearray8": _counted("<Q", bytes),
    "unicodestring1": _counted("<B", _text),
    "unicodestring4": _counted("<I", _text),
    "unicodestring8": _counted("<Q", _text),
    "long1": _counted("<B", _long),
    "long4": _counted("<i", _long, LONGEST_NUMBER),
}
"""kind of an argument, as the library calls it -> what reads it"""
OPCODES: Mapping[int, tuple[str, Read | None]] = {
    ord(one.code): (one.name, None if one.arg is None else ARGUMENTS[one.arg.name])
    for one in pickletools.opcodes
}
"""byte -> name of the opcode, and what reads its argument"""
