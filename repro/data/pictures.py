"""Images as arrays, decoded as the official code does; truncated files are refused."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from repro.data.json_rows import content
from repro.data.people import Annotations
from repro.errors import ReproError

Pixels = NDArray[np.uint8]
Colour = Literal["RGB", "BGR"]
STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
"""annotations count in the pixels as stored, before a turn that EXIF asks for"""
UPRIGHT = cv2.IMREAD_COLOR
"""as viewers show it"""
AGAIN = "Fetch the file again."
LARGEST = 10**8
"""pixels of a picture; beyond them, decoding takes seconds and gigabytes"""
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
SCAN = 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""markers of the segments that state the size"""


def decoded(path: Path, upright: bool = False, size: tuple[int, int] | None = None) -> Pixels:
    """The picture (H, W, 3) in a file, channels in OpenCV's order BGR.

    As stored, or `upright` as EXIF asks. OpenCV fills what a truncated JPEG or PNG lacks with grey
    and says nothing; a file without its end mark is a ReproError, as is one that is no picture,
    has more than 1e8 pixels, or is not of the height and width that are stated.
    """
    data = content(path, "image")
    _check_size(path, stated_size(data), size)
    if _is_truncated(data):
        raise ReproError(f"The image `{path}` is truncated: its end is missing.", AGAIN)
    try:
        reading = UPRIGHT if upright else STORED
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), reading) if data else None
    except cv2.error as error:
        raise ReproError(f"The image `{path}` cannot be decoded: {error.err}.", AGAIN) from error
    if pixels is None:
        raise ReproError(f"The image `{path}` cannot be decoded.", AGAIN)
    _check_size(path, (pixels.shape[0], pixels.shape[1]), size)
    return np.asarray(pixels, np.uint8)


def stated_size(data: bytes) -> tuple[int, int] | None:
    """Height and width in pixels by the headers of a JPEG or PNG; None if they do not tell."""
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


def _is_truncated(data: bytes) -> bool:
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


def _check_size(
    path: Path, size: tuple[int, int] | None, annotated: tuple[int, int] | None
) -> None:
    if size is None:
        return
    height, width = size
    if annotated is not None and size != annotated:
        sizes = f"{height} x {width}, not {annotated[0]} x {annotated[1]} as annotated"
        raise ReproError(
            f"The image `{path}` is {sizes}.", "Is it of another data set, or resized?"
        )
    if height * width > LARGEST:
        raise ReproError(
            f"The image `{path}` has {height} x {width} pixels.",
            f"Make it smaller: at most {LARGEST:,} in all.",
        )


def picture(folder: Path, annotations: Annotations, position: int, upright: bool = False) -> Pixels:
    """An image of a data set, BGR; it must have the size that the annotations say, if they do.

    Sizes are those of the pixels as stored, or if so wanted `upright`.
    """
    images = annotations.images
    path = folder / images.files[position]
    height, width = (int(side) for side in images.sizes[position])
    if upright:
        return decoded(path, upright)
    return decoded(path, size=(height, width) if height else None)


def coloured(pixels: Pixels, colour: Colour) -> Pixels:
    """BGR pixels (H, W, 3) in the order asked for."""
    return pixels if colour == "BGR" else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


class Pictures(Dataset[tuple[Pixels, int]]):
    """Whole images: the pixels (H, W, 3), as stored or upright, and the position in Images."""

    def __init__(
        self,
        folder: Path,
        annotations: Annotations,
        colour: Colour = "RGB",
        upright: bool = False,
    ) -> None:
        self.folder = folder
        self.annotations = annotations
        self.colour = colour
        self.upright = upright

    def __len__(self) -> int:
        return len(self.annotations.images)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        pixels = picture(self.folder, self.annotations, index, self.upright)
        return coloured(pixels, self.colour), index
