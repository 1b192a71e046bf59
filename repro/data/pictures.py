"""Images as arrays, decoded as the official code does; truncated files are refused."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from repro.data.columns import content
from repro.data.people import Annotations
from repro.errors import ReproError

Pixels = NDArray[np.uint8]
Colour = Literal["RGB", "BGR"]
READING = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
"""annotations count in the pixels as stored, before a turn that EXIF asks for"""
AGAIN = "Fetch the file again."
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


def decoded(path: Path) -> Pixels:
    """The picture (H, W, 3) in a file, channels in OpenCV's order BGR.

    OpenCV fills what a truncated JPEG or PNG lacks with grey and says nothing; a file without its
    end mark is a ReproError, as is one that is no picture.
    """
    data = content(path, "image")
    if _truncated(data):
        raise ReproError(f"The image `{path}` is truncated: its end is missing.", AGAIN)
    try:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), READING) if data else None
    except cv2.error as error:
        raise ReproError(f"The image `{path}` cannot be decoded: {error.err}.", AGAIN) from error
    if found is None:
        raise ReproError(f"The image `{path}` cannot be decoded.", AGAIN)
    return np.asarray(found, np.uint8)


def _truncated(data: bytes) -> bool:
    """Whether a JPEG or PNG lacks its end mark; the one of an embedded preview does not count."""
    if data.startswith(PNG):
        return data.rfind(b"IEND") < 0
    return data.startswith(JPEG) and data.rfind(b"\xff\xd9") < _scan(data)


def _scan(data: bytes) -> int:
    """Where the first scan of a JPEG begins, after its headers; its length if there is none."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xDA:
            return place
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:  # fill, or without a body
            place += 1 if marker == 0xFF else 2
        else:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return len(data)


def picture(folder: Path, annotations: Annotations, position: int) -> Pixels:
    """An image of a data set, BGR; it must have the size that the annotations say, if they do."""
    images = annotations.images
    path = folder / images.files[position]
    found = decoded(path)
    height, width = (int(side) for side in images.sizes[position])
    if height and found.shape[:2] != (height, width):
        sizes = f"{found.shape[0]} x {found.shape[1]}, not {height} x {width} as annotated"
        raise ReproError(
            f"The image `{path}` is {sizes}.", "Is it of another data set, or resized?"
        )
    return found


def coloured(pixels: Pixels, colour: Colour) -> Pixels:
    """BGR pixels (H, W, 3) in the order asked for."""
    return pixels if colour == "BGR" else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


class Pictures(Dataset[tuple[Pixels, int]]):
    """Whole images: the pixels (H, W, 3) as stored, and the position in Images."""

    def __init__(self, folder: Path, annotations: Annotations, colour: Colour = "RGB") -> None:
        self.folder = folder
        self.annotations = annotations
        self.colour = colour

    def __len__(self) -> int:
        return len(self.annotations.images)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        found = picture(self.folder, self.annotations, index)
        return coloured(found, self.colour), index
