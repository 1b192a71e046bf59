"""All people of an image to heatmaps and part affinity fields: the targets of Lightweight OpenPose.

After `datasets/coco.py` of Daniil-Osokin/lightweight-human-pose-estimation.pytorch, written down
without a recorded output of it to compare with. Persons, images and sizes are given as in
`whole_targets`, with COCO's 17 joints.
"""

import math

import numpy as np
from numpy.typing import NDArray

from repro.pose.bottom_up_targets import Flags, Floats, Ints, Maps, in_turn
from repro.pose.fields import COCO, MAPS, STRIDE
from repro.pose.limbs import JOINTS, TRAINED

NECK = 1
SHOULDERS = (5, 6)
"""in COCO's order"""
SIGMA = 7.0
"""pixels of the input"""
LARGEST_EXPONENT = 4.6052
"""below exp(-4.6052) = 0.01 a Gaussian counts as 0"""
REACH = math.ceil(SIGMA * math.sqrt(2 * LARGEST_EXPONENT))
"""pixels of the input"""
THICKNESS = 1
"""of a limb to both sides, in pixels of the fields"""


def field_targets(
    points: Floats, visible: NDArray[np.generic], images: Ints, count: int, size: tuple[int, int]
) -> tuple[Maps, Maps]:
    """Heatmaps (count, 19, h, w) and fields (count, 38, h, w) of persons (M, 17, 2) at 1/8.

    The Gaussians of several people are added up, 1 at most; the last heatmap is 1 less the largest
    of the others. A limb's field is the unit vector along it wherever its line, prolonged within
    the limb's extent, is near enough; where limbs of a kind meet, that of the later person stays.
    """
    inner = size[0] // STRIDE, size[1] // STRIDE
    joints, seen = _with_neck(np.asarray(points, dtype=np.float64), np.asarray(visible) > 0)
    maps = np.zeros((count, MAPS, *inner), dtype=np.float32)
    maps[:, :JOINTS] = _gaussians(joints, seen, images, count, inner)
    maps[:, JOINTS] = 1 - maps[:, :JOINTS].max(axis=1)
    return maps, _fields(joints / STRIDE, seen, images, count, inner)


def _with_neck(points: Floats, visible: Flags) -> tuple[Floats, Flags]:
    """The network's 18 joints, and which are seen; the neck if both shoulders are."""
    visible = visible & np.isfinite(points).all(axis=2)
    joints = np.zeros((len(points), JOINTS, 2))
    seen = np.zeros((len(points), JOINTS), dtype=bool)
    joints[:, COCO] = np.where(visible[..., None], points, 0)
    seen[:, COCO] = visible
    joints[:, NECK] = points[:, SHOULDERS].mean(axis=1)
    seen[:, NECK] = visible[:, SHOULDERS].all(axis=1)
    return np.where(seen[..., None], joints, 0), seen


def _gaussians(
    points: Floats, seen: Flags, images: Ints, count: int, inner: tuple[int, int]
) -> Maps:
    """Sums (count, 18, h, w) of Gaussians around joints in pixels of the input."""
    height, width = inner
    person, joint = np.nonzero(seen)
    centres = points[person, joint]  # (n, 2)
    first = np.maximum(np.floor((centres - REACH) / STRIDE), 0).astype(np.int64)
    pixels = first[:, None] + np.arange(2 * REACH // STRIDE + 2)[:, None]  # (n, s, 2)
    apart = (pixels * STRIDE + (STRIDE - 1) / 2 - centres[:, None]) ** 2
    exponents = (apart[:, :, None, 1] + apart[:, None, :, 0]) / (2 * SIGMA**2)  # (n, s, s)
    across, down = (pixels < (width, height)).transpose(2, 0, 1)  # in the map
    near = (exponents <= LARGEST_EXPONENT) & down[:, :, None] & across[:, None]
    n, row, column = np.nonzero(near)
    plane = images[person[n]] * JOINTS + joint[n]
    index = (plane * height + pixels[n, row, 1]) * width + pixels[n, column, 0]
    sums = np.bincount(index, np.exp(-exponents[near]), minlength=count * JOINTS * height * width)
    return np.minimum(sums, 1).astype(np.float32).reshape(count, JOINTS, height, width)


def _fields(points: Floats, seen: Flags, images: Ints, count: int, inner: tuple[int, int]) -> Maps:
    """Fields (count, 38, h, w) of joints in pixels of the fields."""
    starts, ends = np.array(TRAINED).T
    fields = np.zeros((count, len(starts), 2, *inner), dtype=np.float32)
    axes = [np.arange(length) for length in (inner[1], inner[0])]
    for some in in_turn(images):
        a, b = points[some][:, starts], points[some][:, ends]  # (n, 19, 2)
        length = np.hypot(*np.moveaxis(b - a, -1, 0))
        there = (seen[some][:, starts] & seen[some][:, ends]) & (length >= 1e-7)
        unit = (b - a) / np.where(there, length, 1)[..., None]
        low = np.trunc(np.maximum(np.minimum(a, b) - THICKNESS, 0))
        high = np.trunc(np.minimum(np.maximum(a, b) + THICKNESS, inner[::-1]))
        within = [
            (axis >= low[..., None, i]) & (axis < high[..., None, i]) for i, axis in enumerate(axes)
        ]
        across = (axes[0] - a[..., None, 0]) * unit[..., None, 1]  # (n, 19, w)
        down = (axes[1] - a[..., None, 1]) * unit[..., None, 0]  # (n, 19, h)
        near = np.abs(across[:, :, None] - down[..., None]) <= THICKNESS
        near &= within[0][:, :, None] & within[1][..., None] & there[..., None, None]
        fields[images[some]] = np.where(
            near[:, :, None], unit[..., None, None], fields[images[some]]
        )
    return fields.reshape(count, -1, *inner)
