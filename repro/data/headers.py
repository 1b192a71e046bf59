"""What the bytes of a JPEG or PNG say before anything is decoded."""

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
SCAN = 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""markers of the segments that state the size"""


def size(data: bytes) -> tuple[int, int] | None:
    """Height and width in pixels as stored; None where they cannot be told."""
    if data.startswith(PNG) and len(data) >= 24:
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        return height, width
    if not data.startswith(JPEG):
        return None
    marker, place = _segment(data, {SCAN, *FRAMES})
    if marker not in FRAMES or place + 9 > len(data):
        return None
    height, width = (int.from_bytes(data[at : at + 2], "big") for at in (place + 5, place + 7))
    return (height, width) if height else None  # 0: stated after the first scan


def truncated(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end mark; the one of an embedded preview does not count."""
    if data.startswith(PNG):
        return data.rfind(b"IEND") < 0
    return data.startswith(JPEG) and data.rfind(b"\xff\xd9") < _segment(data, {SCAN})[1]


def _segment(data: bytes, markers: set[int]) -> tuple[int, int]:
    """The first of these markers among a JPEG's headers, and where; 0 and the end if none."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in markers:
            return marker, place
        if marker == SCAN:
            break
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:  # fill, or without a body
            place += 1 if marker == 0xFF else 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0, len(data)
