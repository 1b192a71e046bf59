"""All people of an image to their centres and offsets: the targets of DEKR.

After `lib/dataset/target_generators.py` of HRNet/DEKR and its MMPose form (`SPR` and
`generate_displacement_heatmap`), written down without a recorded output of either to compare with.
Persons, images and sizes are given as in `whole_targets`.
"""

import numpy as np
from numpy.typing import NDArray

from repro.pose.bottom_up_targets import Flags, Floats, Ints, Maps, heatmaps, in_turn, inside

LEAST_DIAGONAL = 32**0.5
"""heatmap pixels; smaller people have no centre"""
RADIUS = 4
"""offsets are taught from so many pixels before a centre's to one less behind it"""
SIGMA, CENTRE_SIGMA = 2.0, 4.0


def offset_targets(
    points: Floats,
    visible: NDArray[np.generic],
    images: Ints,
    count: int,
    size: tuple[int, int],
    stride: int = 4,
) -> tuple[Maps, Maps, Maps]:
    """Heatmaps (count, K + 1, h, w), offsets and their weights (count, 2 K, h, w).

    A person's centre is the mean of the visible joints, in the last channel. Around it the offsets
    hold a pixel's place less each visible joint's, weighted by 1 / the diagonal of the extent of
    the visible joints in heatmap pixels. Where people meet the smaller one's stay; officially a
    third person there can undo that.
    """
    seen = (np.asarray(visible) > 0) & np.isfinite(points).all(axis=2)
    known = np.where(seen[..., None], points, 0)
    centres = known.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)[:, None]  # (M, 2)
    diagonals = _diagonals(points, seen) / stride
    centred = seen.any(axis=1) & (diagonals >= LEAST_DIAGONAL)

    where = (images, count, size, stride)
    joint_maps = heatmaps(points, seen, *where, SIGMA, whole=False)
    centre_maps = heatmaps(centres[:, None], centred[:, None], *where, CENTRE_SIGMA, whole=False)

    joints = points.shape[1]
    height, width = size[0] // stride, size[1] // stride
    offsets = np.zeros((count, joints, 2, height, width), dtype=np.float32)
    weights = np.zeros_like(offsets)
    places, there = inside(points, seen, (height, width), stride, whole=False)
    middles, central = inside(centres[:, None], centred[:, None], (height, width), stride, True)
    largest_first = np.argsort(-diagonals, kind="stable")
    rows, columns = np.indices((2 * RADIUS, 2 * RADIUS)).reshape(2, -1) - RADIUS
    for turn in in_turn(images[largest_first]):
        some = largest_first[turn]
        person, joint = np.nonzero(there[some] & central[some])
        people = some[person]
        x = middles[people, 0, :1].astype(np.int64) + columns  # (n, 64)
        y = middles[people, 0, 1:].astype(np.int64) + rows
        n, pixel = np.nonzero((x >= 0) & (x < width) & (y >= 0) & (y < height))
        x, y = x[n, pixel], y[n, pixel]
        image, person, joint = images[people[n]], people[n], joint[n]
        offsets[image, joint, :, y, x] = np.stack((x, y), axis=1) - places[person, joint]
        weights[image, joint, :, y, x] = 1 / diagonals[person, None]
    shape = (count, 2 * joints, height, width)
    maps = np.concatenate((joint_maps, centre_maps), axis=1)
    return maps, offsets.reshape(shape), weights.reshape(shape)


def _diagonals(points: Floats, seen: Flags) -> Floats:
    """The diagonal (M,) of the extent of the joints (M, K, 2) that are seen."""
    lowest = np.where(seen[..., None], points, np.inf).min(axis=1)
    highest = np.where(seen[..., None], points, -np.inf).max(axis=1)
    diagonals: Floats = np.hypot(*np.maximum(highest - lowest, 0).T)
    return diagonals
