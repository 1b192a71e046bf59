"""Boxes to network input and back: the affine geometry of top-down estimation.

Plain geometry is that of SimpleBaseline and HRNet (`lib/utils/transforms.py`): a region of
`extent` image pixels becomes `size` input pixels. UDP geometry (Huang et al., CVPR 2020, section 3)
counts pixel intervals, one fewer than pixels. Sizes are (height, width), points (x, y).
"""

import math

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def centres_and_extents(
    boxes: Floats, size: tuple[int, int], padding: float | Floats = 1.25
) -> tuple[Floats, Floats]:
    """Middle (N, 2) and extent (N, 2) of the regions that show boxes (N, 4) in inputs of `size`.

    Boxes are left, top, width, height in image pixels. The shorter side, seen in the proportions
    of the input, is grown to fit, then both by `padding`, one or (N, 1). The extent is width,
    height in image pixels, officially called scale x 200. Both are rounded to single precision
    where the official code does: the pixels of a crop hang on the last digits. A box without
    extent, or with a value that is no number or beyond 1e9, is a ReproError.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    sides = boxes[:, 2:]
    sized = (sides >= 0).all(axis=1) & (sides > 0).any(axis=1)
    usable = sized & (np.abs(boxes) < 1e9).all(axis=1)
    if not usable.all():
        wrong = boxes[int(np.argmin(usable))].tolist()
        raise ReproError(
            f"The box `{wrong}` shows nothing.",
            "Boxes are left, top, width, height in pixels; correct it or leave the person out.",
        )
    height, width = size
    aspect = width / height
    wide = np.maximum(sides[:, 0], sides[:, 1] * aspect)
    scales = (np.stack((wide, wide / aspect), axis=1) / 200).astype(np.float32)
    extents = scales * np.asarray(padding, np.float32) * np.float32(200)
    centres = (boxes[:, :2] + sides / 2).astype(np.float32)
    return centres.astype(np.float64), extents.astype(np.float64)


def matrix(
    centre: Floats,
    extent: Floats,
    size: tuple[int, int],
    rotation: float = 0.0,
    udp: bool = False,
) -> Floats:
    """The (2, 3) matrix that takes image points to input points.

    `rotation` in degrees turns the region clockwise as seen in the image, hence its content
    counter-clockwise; MMPose's UDP matrix counts the other way. Plain geometry scales both axes
    by the region's width, UDP each by its own.
    """
    height, width = size
    angle = math.radians(rotation)
    turn = np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], dtype=np.float64
    )
    if udp:
        scale = np.array([width - 1, height - 1]) / extent
        middle = np.array([width - 1, height - 1]) / 2
    else:
        scale = np.full(2, width / extent[0])
        middle = np.array([width, height]) / 2
    linear = scale[:, None] * turn
    return np.column_stack((linear, middle - linear @ centre))


def crop(image: Pixels, matrix: Floats, size: tuple[int, int]) -> Pixels:
    """The input (height, width, 3) that a matrix takes out of an image, zero where there is none.

    Bilinear, by cv2.warpAffine; the order of the colours stays.
    """
    import cv2

    height, width = size
    cut = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(cut, dtype=np.uint8)


def to_image(
    points: Floats,
    centres: Floats,
    extents: Floats,
    map_size: tuple[int, int],
    udp: bool = False,
) -> Floats:
    """Points (N, K, 2) in heatmap pixels, one region (N, 2), (N, 2) each, as image pixels.

    Pixel p of a heatmap with stride s lies where s p lies in the input, as officially: no half
    pixel is added.
    """
    height, width = map_size
    if udp:
        unit = extents / np.array([width - 1, height - 1])  # (N, 2)
        start = centres - extents / 2
    else:
        unit = np.repeat(extents[:, :1] / width, 2, axis=1)
        start = centres - unit * np.array([width, height]) / 2
    placed: Floats = points * unit[:, None] + start[:, None]
    return placed
