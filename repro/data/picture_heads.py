"""What the headers of a picture's file state: size, turn, transparency and depth."""

import mmap
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from repro.data import jpeg
from repro.papers.protocol import APPLY
from repro.records.remarks import Remark, counted

PNG = b"\x89PNG\r\n\x1a\n"
TIFF = (b"II*\0", b"MM\0*")
EXIF = b"Exif\0\0"
ORIENTATION, BITS = 274, 258
"""tags of TIFF and EXIF"""
READERS = 8
"""threads that read headers"""
Buffer = bytes | mmap.mmap
"""a file in memory, or one of which only the parts that are looked at are read"""


@dataclass(frozen=True, slots=True)
class PictureHead:
    """What a file says of its picture; what it does not say is as usual."""

    size: tuple[int, int] | None = None
    """height and width in pixels as stored"""
    turn: int = 1
    """EXIF's orientation, 1 to 8: how the stored pixels are turned or mirrored to be looked at"""
    alpha: bool = False
    depth: int = 8
    """bits of a channel"""


def head(data: Buffer) -> PictureHead:
    """What the headers of a JPEG, PNG, WebP or TIFF state; nothing of other files.

    OpenCV turns a TIFF by itself, so that its orientation is no turn here.
    """
    if data[:3] == jpeg.START:
        return PictureHead(stated_size(data), _jpeg_turn(data))
    if data[:8] == PNG:
        return _png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:4] in TIFF:
        return PictureHead(depth=_tag(data, BITS) or 8)
    return PictureHead()


def head_of(path: Path) -> PictureHead:
    """The same of a file, of which only the headers are read; nothing of what is no file."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return head(data)
    except (OSError, ValueError):
        return PictureHead()


def stated_size(data: Buffer) -> tuple[int, int] | None:
    """Height and width in pixels by the headers of a JPEG or PNG; None if they do not tell."""
    if data[:8] == PNG and len(data) >= 24:
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        return height, width
    if data[:3] != jpeg.START:
        return None
    for marker, place in jpeg.segments(data):
        if marker == jpeg.SCAN:
            break
        if marker in jpeg.FRAMES and place + 9 <= len(data):
            height, width = (
                int.from_bytes(data[at : at + 2], "big") for at in (place + 5, place + 7)
            )
            return (height, width) if height else None  # 0: stated after the first scan
    return None


def remarks(paths: Iterable[Path], exif: str) -> tuple[Remark, ...]:
    """What a reader must know of pictures: turns, transparency and depth, by their headers."""
    with ThreadPoolExecutor(READERS) as readers:
        heads = list(readers.map(head_of, paths))
    turned = sum(one.turn != 1 for one in heads)
    what = (
        "pictures carry an EXIF turn, which is honoured: --exif ignore leaves them as stored"
        if exif == APPLY
        else "pictures carry an EXIF turn, which is ignored: --exif apply honours it"
    )
    found = (
        (turned, what),
        (sum(one.alpha for one in heads), "pictures have an alpha channel, which is ignored"),
        (
            sum(one.depth > 8 for one in heads),
            "pictures have 16 bits a channel, of which the upper 8 are taken; where no value needs "
            "more than 10 or 12 bits, the upper 8 of those",
        ),
    )
    return tuple(counted("pictures", count, len(heads), text) for count, text in found if count)


def _jpeg_turn(data: Buffer) -> int:
    for marker, place in jpeg.segments(data):
        if marker == jpeg.SCAN:
            break
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xE1 and data[place + 4 : place + 10] == EXIF:
            return _turn(data[place + 10 : place + 2 + length])
    return 1


def _png(data: Buffer) -> PictureHead:
    turn, place, alpha = 1, len(PNG), data[25:26] in (b"\4", b"\6")
    while place + 8 <= len(data):
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        if name == b"eXIf":
            turn = _turn(data[place + 8 : place + 8 + length])
        alpha |= name == b"tRNS"
        place += 12 + length
    return PictureHead(stated_size(data), turn, alpha, data[24] if len(data) > 24 else 8)


def _webp(data: Buffer) -> PictureHead:
    turn, place, alpha = 1, 12, False
    while place + 8 <= len(data):
        name, length = (
            data[place : place + 4],
            int.from_bytes(data[place + 4 : place + 8], "little"),
        )
        body = data[place + 8 : place + 8 + min(length, 2**16)]
        if name == b"EXIF":
            turn = _turn(body.removeprefix(EXIF))
        elif name == b"VP8X":
            alpha |= bool(body[:1] and body[0] & 0x10)
        elif name == b"VP8L":
            alpha |= bool(len(body) > 4 and body[4] & 0x10)
        place += 8 + length + length % 2
    return PictureHead(None, turn, alpha)


def _turn(tiff: bytes) -> int:
    turn = _tag(tiff, ORIENTATION)
    return turn if turn is not None and 1 <= turn <= 8 else 1


def _tag(tiff: Buffer, tag: int) -> int | None:
    """The first value of a tag of short numbers in the first directory; None without."""
    if tiff[:4] not in TIFF:
        return None
    order: str = "little" if tiff[:2] == b"II" else "big"

    def number(place: int, size: int) -> int:
        return int.from_bytes(tiff[place : place + size], order)  # type: ignore[arg-type]

    directory = number(4, 4)
    for entry in range(number(directory, 2)):
        place = directory + 2 + 12 * entry
        if place + 12 > len(tiff):
            break
        if number(place, 2) == tag and number(place + 2, 2) == 3:
            count = number(place + 4, 4)
            return number(place + 8 if count <= 2 else number(place + 8, 4), 2)
    return None
