"""Images as arrays, decoded as the official code does; files without all pixels are refused."""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from repro import env
from repro.data import jpeg
from repro.data.json_rows import content
from repro.data.people import Annotations
from repro.data.picture_heads import PNG, PictureHead, head
from repro.errors import ReproError

Pixels = NDArray[np.uint8]
Colour = Literal["RGB", "BGR"]
STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
DEEP = STORED | cv2.IMREAD_ANYDEPTH
AGAIN = "Fetch the file again."
LARGEST = 64 * 10**6
"""pixels of a picture, unless REPRO_MOST_PIXELS says otherwise; of each nine bytes are taken"""
NARROW = (10, 12)
"""bits that a camera's values may have in a file of 16"""
TURNS: Mapping[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""EXIF's orientation -> what makes the stored pixels upright"""
ACROSS = (5, 6, 7, 8)
"""orientations that swap height and width"""

cv2.utils.logging.setLogLevel(0)  # whatever is amiss with a picture is told in one sentence


def decoded(path: Path, upright: bool = False, size: tuple[int, int] | None = None) -> Pixels:
    """The picture (H, W, 3) in a file, channels in OpenCV's order BGR.

    As stored, or `upright` as EXIF asks. Decoders fill what a file lacks with grey and say nothing;
    a file that lacks data of some pixels is a ReproError, as is one that is no picture, has more
    pixels than are read, or is not of the height and width that are stated. An end mark alone may
    lack, and more may follow. Transparency is ignored; of 16 bits the upper 8 are taken, or where
    all values are below 2**12 or 2**10 the upper 8 of those.
    """
    data = content(path, "image")
    outline = jpeg.outline(data) if data.startswith(jpeg.START) else None
    found = head(data) if outline is None or upright else PictureHead(outline.size)
    turn = found.turn if upright else 1
    stated = found.size or (_stated(path, data) if outline is None else None)
    _check_size(path, data, stated, size, turn)
    if data.startswith(PNG) and data.rfind(b"IEND") < 0:
        raise ReproError(f"The image `{path}` is truncated: its end is missing.", AGAIN)
    whole = data if outline is None else jpeg.ended(data, outline)
    if found.depth > 16:
        raise ReproError(
            f"The image `{path}` has {found.depth} bits a channel.", "Write it with 8 or 16."
        )
    pixels = _stored(path, whole, DEEP if found.depth == 16 else STORED)
    stored = pixels.shape[0], pixels.shape[1]
    _check_size(path, data, stored, size, turn)
    if outline is None:
        lacking = _has_empty_data(data)
    else:
        lacking = jpeg.lacks_pixels(data, outline, pixels[-1, -1].tolist())
    if lacking:
        raise ReproError(f"The image `{path}` is truncated: it lacks data of some pixels.", AGAIN)
    return pixels if turn == 1 else np.ascontiguousarray(TURNS[turn](pixels))


def _stated(path: Path, data: bytes) -> tuple[int, int]:
    """Height and width by the header of any other kind of picture, before memory is taken for it.

    OpenCV asks no header first, and Pillow reads those of all that OpenCV does here.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the limit is one's own, and told
    warnings.filterwarnings("ignore", module=r"PIL\.")  # so is whatever is amiss
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
    except Exception as error:  # of its many readers, whose errors share no base
        raise ReproError(f"The image `{path}` cannot be decoded.", AGAIN) from error
    return height, width


def most_pixels() -> int:
    """How many pixels a picture may have: LARGEST, or what the environment says."""
    text = env.variable(env.PIXELS)
    if text is None:
        return LARGEST
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise ReproError(
            f"`{env.PIXELS}` is `{text:.40}`, no number of pixels.", f"As {env.PIXELS}={LARGEST}."
        )
    return int(text)


def check_pixels(path: Path, height: int, width: int) -> None:
    """Raise ReproError for a picture of more pixels than are read."""
    most = most_pixels()
    if height * width > most:
        raise ReproError(
            f"The image `{path}` has {height} x {width} pixels; {most:,} are read at most.",
            f"Make it smaller, or set {env.PIXELS} where there is memory: 9 bytes each.",
        )


def _stored(path: Path, data: bytes, reading: int) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), reading) if data else None
    except cv2.error as error:
        raise ReproError(f"The image `{path}` cannot be decoded: {error.err}.", AGAIN) from error
    if pixels is None:
        raise ReproError(f"The image `{path}` cannot be decoded.", AGAIN)
    return _of_eight_bits(np.asarray(pixels))


def _of_eight_bits(pixels: NDArray[np.generic]) -> Pixels:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    whole = pixels.astype(np.uint16, copy=False)
    most = int(whole.max(initial=0))
    bits = next((bits for bits in NARROW if most < 2**bits), 16)
    np.right_shift(whole, bits - 8, out=whole)
    return whole.astype(np.uint8)


def _has_empty_data(data: bytes) -> bool:
    """Whether a WebP or JPEG 2000 has a run of zeros where pixels are coded.

    Their arithmetic coders give none. Other files prove by themselves that they are whole, or code
    black as zeros.
    """
    start = -1
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        start = max(data.find(b"VP8 "), data.find(b"VP8L"))
    elif data[4:8] == b"jP  " or data.startswith(b"\xff\x4f\xff\x51"):
        start = data.find(b"\xff\x93")
    return start >= 0 and data.find(2 * jpeg.ZEROS, start) >= 0


def _check_size(
    path: Path,
    data: bytes,
    stored: tuple[int, int] | None,
    annotated: tuple[int, int] | None,
    turn: int,
) -> None:
    if stored is None:
        return
    height, width = stored[::-1] if turn in ACROSS else stored
    if annotated is not None and (height, width) != annotated:
        sizes = f"{height} x {width}, not {annotated[0]} x {annotated[1]} as annotated"
        if (width, height) == annotated and head(data).turn in ACROSS:
            did, other = ("ignored", "apply") if turn == 1 else ("applied", "ignore")
            cure = f"Its EXIF asks for a turn, which was {did}: --exif {other} does otherwise."
        else:
            cure = "Is it of another data set, or resized?"
        raise ReproError(f"The image `{path}` is {sizes}.", cure)
    check_pixels(path, height, width)


def picture(folder: Path, annotations: Annotations, position: int, upright: bool = False) -> Pixels:
    """An image of a data set, BGR; it must have the size that the annotations say, if they do.

    Sizes are those of the pixels as stored, or if so wanted `upright`.
    """
    images = annotations.images
    path = folder / images.files[position]
    height, width = (int(side) for side in images.sizes[position])
    return decoded(path, upright, (height, width) if height else None)


def coloured(pixels: Pixels, colour: Colour) -> Pixels:
    """BGR pixels (H, W, 3) in the order asked for."""
    return pixels if colour == "BGR" else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


class Pictures:
    """Whole images: the pixels (H, W, 3), as stored or upright, and the position in Images.

    Those that are `held` in memory, BGR, are not read.
    """

    def __init__(
        self,
        folder: Path,
        annotations: Annotations,
        colour: Colour = "RGB",
        upright: bool = False,
        held: Sequence[Pixels] = (),
    ) -> None:
        self.folder = folder
        self.annotations = annotations
        self.colour = colour
        self.upright = upright
        self.held = held

    def __len__(self) -> int:
        return len(self.annotations.images)

    def __getitem__(self, index: int) -> tuple[Pixels, int]:
        if self.held:
            pixels = self.held[index]
        else:
            pixels = picture(self.folder, self.annotations, index, self.upright)
        return coloured(pixels, self.colour), index
