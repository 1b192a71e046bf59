"""Whole images as the input of bottom-up networks, and points brought back from there."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8] | NDArray[np.float32]
Size = tuple[int, int]
"""height, width"""

OPENPOSE_MEAN = 128.0
"""Lightweight OpenPose takes (pixel - 128) / 256, blue first"""


@dataclass(frozen=True, eq=False)
class Fit:
    """How an image becomes the input of a bottom-up network."""

    image_size: Size
    size: Size
    """of the input"""
    matrix: Floats
    """(2, 3) image pixels to input pixels, (x, y), pixel (0, 0) having its middle at (0, 0)"""

    def warp(self, image: NDArray[np.uint8]) -> Pixels:
        """The input (height, width, 3) of an image of `image_size`: bilinear, black around it."""
        import cv2

        height, width = self.size
        warped: NDArray[np.uint8] = np.asarray(
            cv2.warpAffine(image, self.matrix, (width, height), flags=cv2.INTER_LINEAR),
            dtype=np.uint8,
        )
        return warped

    def to_input(self, points: Floats) -> Floats:
        """Points (..., 2) of the image in input pixels."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], dtype=np.float64)

    def to_image(self, points: Floats) -> Floats:
        """Points (..., 2) of the input in image pixels."""
        back = np.linalg.inv(self.matrix[:, :2])
        return np.asarray((points - self.matrix[:, 2]) @ back.T, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class PaddedFit(Fit):
    """An image scaled and padded with grey, as Lightweight OpenPose takes it."""

    ratio: float
    """input pixels to an image pixel"""
    margins: tuple[int, int, int, int]
    """input pixels around the scaled image: above, left, below, right"""

    def warp(self, image: NDArray[np.uint8]) -> Pixels:
        """The input (height, width, 3), float32: bicubic, so values may lie outside 0 to 255."""
        import cv2

        above, left, below, right = self.margins
        pixels, ratio = image.astype(np.float32), self.ratio
        scaled = cv2.resize(pixels, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_CUBIC)
        around = ((above, below), (left, right), (0, 0))
        return np.pad(np.asarray(scaled, np.float32), around, constant_values=OPENPOSE_MEAN)


@dataclass(frozen=True, eq=False)
class LetterboxedFit(Fit):
    """An image scaled by one factor into the middle of an input of one size, with grey around."""

    fill: int

    def warp(self, image: NDArray[np.uint8]) -> Pixels:
        """The input (height, width, 3): bilinear, and `fill` around it."""
        import cv2

        scale, left, top = self.matrix[0, 0], int(self.matrix[0, 2]), int(self.matrix[1, 2])
        sides = _scaled(self.image_size, scale)
        shrunk = image if sides == self.image_size else cv2.resize(image, sides[::-1])
        canvas: NDArray[np.uint8] = np.full((*self.size, 3), self.fill, np.uint8)
        canvas[top : top + sides[0], left : left + sides[1]] = shrunk
        return canvas


def region(
    image_size: Size, short_side: int, multiple: int = 64, scale: float = 1.0, least: float = 1.0
) -> tuple[Size, Floats, Floats]:
    """The input size, the centre (2,) in the image and the extent (2,) in image pixels it covers.

    `get_multi_scale_size` of HigherHRNet and LitePose, the extent being its scale times 200: the
    short side becomes `short_side`, the other follows, both as multiples of `multiple`. `scale` is
    one of those of a multi-scale test and `least` the smallest of them, from which the sizes of all
    are derived. Raise ReproError for an image or a side without pixels.
    """
    height, width = image_size
    if min(height, width, short_side) < 1:
        raise ReproError(
            f"An image of {width} x {height} pixels cannot be brought to a short side of "
            f"{short_side}.",
            "Both must have pixels.",
        )
    short, long = min(image_size), max(image_size)
    side = int((least * short_side + multiple - 1) // multiple * multiple)
    other = int((side / short * long + multiple - 1) // multiple * multiple)
    scaled, scaled_other = int(side * scale / least), int(other * scale / least)
    extents = np.array([short, scaled_other / scaled * short])
    centre = np.array([int(width / 2 + 0.5), int(height / 2 + 0.5)], dtype=np.float64)
    if width < height:
        return (scaled_other, scaled), centre, extents
    return (scaled, scaled_other), centre, extents[::-1]


def fit(
    image_size: Size, short_side: int, multiple: int = 64, scale: float = 1.0, least: float = 1.0
) -> Fit:
    """The fit of HigherHRNet, LitePose, SWAHR and DEKR; arguments and errors as `region`.

    `resize_align_multi_scale` of these repositories: the centre of the image comes to the middle
    of the input, the width of the extent to its width; the height is scaled alike.
    """
    size, centre, extent = region(image_size, short_side, multiple, scale, least)
    return Fit(image_size, size, matrix(size, centre, extent))


def matrix(size: Size, centre: Floats, extent: Floats) -> Floats:
    """What takes the region of an image to the input, (2, 3): `get_affine_transform` unrotated."""
    factor = size[1] / extent[0]
    shift = np.array([size[1], size[0]]) / 2 - factor * centre
    return np.array([[factor, 0, shift[0]], [0, factor, shift[1]]])


def openpose_fit(
    image_size: Size, height: int = 368, stride: int = 8, canvas: Size | None = None
) -> PaddedFit:
    """The fit of Lightweight OpenPose at one scale (`infer` of its `val.py`).

    The image is scaled to `height`, and padded alike on both sides to a width that is a multiple
    of `stride` and no less than the height; or scaled into a `canvas` of one size, its height that
    of the input. Raise ReproError for an image without pixels.
    """
    _check_pixels(image_size)
    ratio = height / image_size[0]
    if canvas is not None:
        ratio = min(canvas[0] / image_size[0], canvas[1] / image_size[1])
    scaled = round(image_size[0] * ratio), round(image_size[1] * ratio)
    if min(scaled) < 1:
        raise ReproError(
            f"An image of {image_size[1]} x {image_size[0]} pixels is too narrow.", "Leave it out."
        )
    size = canvas or (_up(height, stride), _up(max(scaled[1], height), stride))
    above, left = (size[0] - scaled[0]) // 2, (size[1] - scaled[1]) // 2
    margins = above, left, size[0] - scaled[0] - above, size[1] - scaled[1] - left
    half = ratio / 2 - 0.5  # pixels are scaled as areas, not as points
    scaling = np.array([[ratio, 0, half + left], [0, ratio, half + above]])
    return PaddedFit(image_size, size, scaling, ratio, margins)


def contained(image_size: Size, size: Size) -> Fit:
    """The fit into an input of one size, as `fit` has it for inputs that follow the image.

    Raise ReproError for an image without pixels.
    """
    _check_pixels(image_size)
    scale = min(size[0] / image_size[0], size[1] / image_size[1])
    centre = np.array([int(side / 2 + 0.5) for side in image_size[::-1]], dtype=np.float64)
    return Fit(image_size, size, matrix(size, centre, np.array(size[::-1]) / scale))


def letterbox(image_size: Size, size: Size, fill: int) -> LetterboxedFit:
    """The fit of Ultralytics (`LetterBox`) for networks whose input has one size.

    What is left over evenly lies to the right and below. Raise ReproError for an image without
    pixels.
    """
    _check_pixels(image_size)
    scale = min(size[0] / image_size[0], size[1] / image_size[1])
    height, width = _scaled(image_size, scale)
    left, top = round((size[1] - width) / 2 - 0.1), round((size[0] - height) / 2 - 0.1)
    scaling = np.array([[scale, 0, left], [0, scale, top]], dtype=np.float64)
    return LetterboxedFit(image_size, size, scaling, fill)


def _scaled(image_size: Size, scale: float) -> Size:
    height, width = (max(1, round(side * scale)) for side in image_size)
    return height, width


def _check_pixels(image_size: Size) -> None:
    if min(image_size) < 1:
        raise ReproError(
            f"An image of {image_size[1]} x {image_size[0]} pixels has none.", "Leave it out."
        )


def _up(length: int, multiple: int) -> int:
    return math.ceil(length / multiple) * multiple
