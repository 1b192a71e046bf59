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


def openpose_fit(image_size: Size, height: int = 368, stride: int = 8) -> PaddedFit:
    """The fit of Lightweight OpenPose at one scale (`infer` of its `val.py`).

    The image is scaled to `height`, and padded alike on both sides to a width that is a multiple
    of `stride` and no less than the height. Raise ReproError for an image without pixels.
    """
    if min(image_size) < 1:
        raise ReproError(
            f"An image of {image_size[1]} x {image_size[0]} pixels has none.", "Leave it out."
        )
    ratio = height / image_size[0]
    scaled = round(image_size[0] * ratio), round(image_size[1] * ratio)
    size = _up(height, stride), _up(max(scaled[1], height), stride)
    above, left = (size[0] - scaled[0]) // 2, (size[1] - scaled[1]) // 2
    margins = above, left, size[0] - scaled[0] - above, size[1] - scaled[1] - left
    half = ratio / 2 - 0.5  # pixels are scaled as areas, not as points
    scaling = np.array([[ratio, 0, half + left], [0, ratio, half + above]])
    return PaddedFit(image_size, size, scaling, ratio, margins)


def _up(length: int, multiple: int) -> int:
    return math.ceil(length / multiple) * multiple
