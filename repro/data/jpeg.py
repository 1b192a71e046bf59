"""JPEG files: their segments, and whether the data of every pixel are there.

Decoders fill what is missing with grey and say nothing, and an end mark proves nothing: a download
that stopped early may have one. A decoder itself tells: bytes put in at the end of a scan change
the picture if the scan was short of data, and are skipped if it was complete (T.81, F.2.2).
"""

import hashlib
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np

START = b"\xff\xd8\xff"
END_MARK = b"\xff\xd9"
SCAN, RESTARTS, END, TABLES = 0xDA, 0xDD, 0xD9, 0xC4
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""markers of the segments that state the size"""
SEQUENTIAL = 0xC1
"""the last marker of the frames whose scans go once through the pixels"""
PROGRESSIVE, ARITHMETIC = {0xC2, 0xC6}, {0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
GREY = (128, 128, 128)
"""what blocks without data become"""
MORE = bytes((37 * place + 170) % 251 for place in range(512))
"""what a scan that is short of data takes for more of it; no byte of it begins a marker"""
ZEROS = bytes(32)
"""a run that no usual coding gives: what a disk has where nothing was written"""
MOST_PIXELS = 89_000_000
"""beyond which the second decoder warns and refuses"""
REMEMBERED = 200_000
"""pictures of a process"""

_AFTER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""the marker that ends the data of a scan"""
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_RUN = re.compile(ZEROS + b"+")
_known: dict[bytes, bool] = {}


@dataclass(frozen=True, slots=True)
class Scan:
    """The entropy-coded data of one pass over the picture, as places in the file."""

    header: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The segments of a file that tell whether it is whole."""

    frame: bytes
    """from its marker on; empty if there is none"""
    scans: Sequence[Scan]
    interval: int
    """blocks between two restart markers; 0 without"""
    ended: bool
    """whether it has an end mark behind its scans"""

    @property
    def kind(self) -> int:
        """The marker of the frame, which tells how the picture is coded."""
        return self.frame[1] if self.frame else 0

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width in pixels; None where they are stated after the first scan."""
        height, width = (int.from_bytes(self.frame[at : at + 2], "big") for at in (5, 7))
        return (height, width) if height else None

    @property
    def in_order(self) -> bool:
        """Whether one scan has all colours, pixel after pixel, and grey where its data end."""
        colours = self.frame[9] if len(self.frame) > 9 else 0
        one = len(self.scans) == 1 and self.scans[0].header[4] == colours
        return one and self.kind <= SEQUENTIAL and colours != 4

    @property
    def components(self) -> dict[int, tuple[int, int]]:
        """Id of each component -> its samples across and down in a block of blocks."""
        rows = (self.frame[10 + 3 * number : 13 + 3 * number] for number in range(self.frame[9]))
        return {row[0]: (row[1] >> 4, row[1] & 15) for row in rows if len(row) == 3}


def segments(data: bytes | mmap.mmap) -> Iterator[tuple[int, int]]:
    """The marker of each segment and where it is, up to the end mark; data of scans are skipped."""
    place = 2
    while place + 2 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:  # fill, or without a body
            place += 1 if marker == 0xFF else 2
            continue
        yield marker, place
        if marker == END or place + 4 > len(data):
            return
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == SCAN:
            after = _AFTER.search(data, place)
            place = after.start() if after else len(data)


def outline(data: bytes) -> Outline:
    """The segments of a file, those that are there.

    The data of a scan that has all components are taken to go up to the last end mark, which is
    found at once; what follows a picture may have another.
    """
    frame, scans, interval, ended = b"", [], 0, False
    for marker, place in segments(data):
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        body = data[place : place + 2 + length]
        if marker in FRAMES and not frame and len(body) > 9:
            frame = body
        elif marker == RESTARTS:
            interval = int.from_bytes(body[4:6], "big")
        elif marker == SCAN and len(body) > 5:
            start = place + len(body)
            whole = len(frame) > 9 and frame[1] <= SEQUENTIAL and body[4] == frame[9]
            end = data.rfind(END_MARK, start) if whole else _end(data, start)
            scans.append(Scan(body, start, end if end >= 0 else len(data)))
            if whole:
                return Outline(frame, scans, interval, end >= 0)
        ended |= marker == END
    return Outline(frame, scans, interval, ended)


def _end(data: bytes, start: int) -> int:
    """Where the data of a scan end: at a marker that is in none, else with the file."""
    after = _AFTER.search(data, start)
    return after.start() if after else len(data)


def ended(data: bytes, found: Outline) -> bytes:
    """The file with an end mark where it lacks one; decoders insist on it."""
    return data if found.ended else data + END_MARK


def lacks_pixels(data: bytes, found: Outline, last: Sequence[int]) -> bool:
    """Whether data of some pixels are not in the file.

    `last` is the last pixel as decoded, of three values: where data end too early it is grey. Only
    then, or where the file looks strange or its scans do not follow the order of the pixels, the
    picture is decoded twice more; the answer is remembered.
    """
    if not found.scans or not found.frame:
        return True
    zeros = _has_zeros(data, found.scans[-1])
    if found.in_order and found.ended and not zeros and tuple(last) != GREY:
        return _lacks_restarts(data, found)
    if _lacks_scans(found) or _lacks_restarts(data, found):
        return True
    if found.kind in ARITHMETIC:  # whose coder leaves zeros at the end out
        return zeros or not found.ended
    digest = hashlib.blake2b(data, digest_size=16).digest()
    if digest not in _known:
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[digest] = _is_short(data, found)
    return _known[digest]


def _has_zeros(data: bytes, scan: Scan) -> bool:
    """Whether there is a long run of zeros in a scan; of 15 or more some fill a word of 8."""
    start = -(-scan.start // 8) * 8  # aligned, which is five times faster
    words = np.frombuffer(data, np.uint64, max(0, scan.end - start) // 8, start)
    if not len(words) or words.min():
        return False
    return data.find(ZEROS, scan.start, scan.end) >= 0


def _lacks_scans(found: Outline) -> bool:
    """Whether a component is in no scan or, progressive, the last bit of a coefficient is not."""
    if found.kind not in PROGRESSIVE and found.scans[0].header[4] == found.frame[9]:
        return False
    lacking = {(component, at) for component in found.components for at in (0, 1, 63)}
    for scan in found.scans:
        count = scan.header[4]
        first, last, bits = scan.header[5 + 2 * count : 8 + 2 * count].ljust(3, b"\0")
        whole = found.kind not in PROGRESSIVE
        for component in scan.header[5 : 5 + 2 * count : 2]:
            lacking -= {
                (component, at)
                for at in (0, 1, 63)
                if whole or (first <= at <= last and bits & 15 == 0)
            }
    return bool(lacking)


def _lacks_restarts(data: bytes, found: Outline) -> bool:
    """Whether there are fewer restart markers in a single scan than it takes."""
    if not found.interval or len(found.scans) > 1 or found.kind in PROGRESSIVE | ARITHMETIC:
        return False
    samples = list(found.components.values())
    across = max(wide for wide, _ in samples) if len(samples) > 1 else 1
    down = max(high for _, high in samples) if len(samples) > 1 else 1
    height, width = found.size or (0, 0)
    blocks = -(-width // max(1, 8 * across)) * -(-height // max(1, 8 * down))
    start = found.scans[0].start
    there = sum(1 for _ in _RESTART.finditer(data, start, _end(data, start)))
    return bool(height) and there < -(-blocks // found.interval) - 1


def _is_short(data: bytes, found: Outline) -> bool:
    """Whether a scan takes more data than it has, or has zeros for data.

    Zeros are data if the scan ends exactly with them, as a large black border can, and do no harm
    if the picture is the same without them.
    """
    height, width = found.size or (0, 0)
    if height * width > MOST_PIXELS:
        return not found.ended
    as_it_is = [data[scan.start : _end(data, scan.start)] for scan in found.scans]
    bare = [*as_it_is[:-1], _without_fill(as_it_is[-1])]
    if found.kind <= SEQUENTIAL and ZEROS in bare[-1] and not _zeros_are_flat(data):
        return True
    for bodies in (bare, as_it_is):
        if not _takes_more(data, found, bodies):
            less = [*bodies[:-1], bodies[-1][:-3]]
            idle = ZEROS in bodies[-1] and not _takes_more(data, found, less)
            gone = [*bodies[:-1], _RUN.sub(b"", bodies[-1])]
            return idle and _pixels(data, found, gone) != _pixels(data, found, bodies)
    return True


def _zeros_are_flat(data: bytes) -> bool:
    """Whether zeros can be blocks of one colour: by tables whose first codes all end a block.

    By the usual table of brightness a block of zeros has 63 coefficients of -1.
    """
    for marker, place in segments(data):
        if marker == SCAN:
            break
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        at = place + 4
        while marker == TABLES and at + 17 <= end:  # class and name, 16 counts, the symbols
            if data[at] >> 4 and data[at + 17 : at + 18] != b"\0":
                return False
            at += 17 + sum(data[at + 1 : at + 17])
    return True


def _without_fill(body: bytes) -> bytes:
    bare = body.rstrip(b"\0\xff")
    return bare if len(body) - len(bare) >= len(ZEROS) else body


def _takes_more(data: bytes, found: Outline, bodies: Sequence[bytes]) -> bool:
    """Whether the picture changes with bytes behind the data of each scan."""
    return _pixels(data, found, bodies) != _pixels(data, found, [body + MORE for body in bodies])


def _pixels(data: bytes, found: Outline, bodies: Sequence[bytes]) -> bytes | None:
    """The picture with other data in its scans; None where it cannot be decoded."""
    from PIL import Image  # whose decoder is silent about what it skips

    parts, place = [], 0
    for scan, body in zip(found.scans, bodies, strict=True):
        parts += [data[place : scan.start], body]
        place = _end(data, scan.start)
    try:
        with Image.open(BytesIO(b"".join([*parts, END_MARK]))) as image:
            return image.tobytes()
    except (OSError, SyntaxError, ValueError):
        return None
