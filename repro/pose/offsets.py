"""DEKR (Geng et al., CVPR 2021): heatmaps and offsets to people.

After `lib/core/inference.py` and `lib/core/nms.py` of HRNet/DEKR, written down from memory of that
code without a recorded output of it to compare with; the constants agree with the configurations
that MMPose 1.x keeps of it. Not done here: the network that the official code rescores poses with,
a file of weights of its own. Without it the official AP is lower than printed.

1. Each pixel of the offset maps stands for a pose: its own place less the offsets (`poses`).
2. Heatmaps and poses of the mirrored image are brought back and averaged with the plain ones.
3. A person is where the heatmap of centres is the largest of its window and above 0.01, the 30
   largest of them; its joints are the pose there, times the stride of 4.
4. A joint's score is that of the centre times the heatmap of the joint where it was put.
5. Of poses that share more than half of their joints, the one with the largest mean heatmap stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.pose.peaks import peaks

if TYPE_CHECKING:
    from torch import Tensor

Maps = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRIDE = 4
WINDOWS = ((200, 3), (300, 5))
"""the side of the max-pooling for maps whose mean side is at most so long; 7 for larger ones"""
LARGEST_WINDOW = 7
HALF = np.float32(0.5)


@dataclass(frozen=True, slots=True)
class OffsetSettings:
    """The values of the official configurations."""

    centre: float = 0.01
    """a centre's heatmap must exceed it"""
    people: int = 30
    distance: float = 0.05
    """joints of two poses are the same if nearer than this, in diagonals of the first pose"""
    shared: int | None = None
    """poses that share more joints than this are one; None for half of the joints, 8 of 17"""


OFFICIAL = OffsetSettings()


@dataclass(frozen=True, eq=False)
class PoseMaps:
    """What the network gives of one image."""

    heatmaps: Maps
    """(K + 1, h, w), the last that of the centres"""
    poses: Maps
    """(K, 2, h, w) x and y of each joint in pixels of the maps"""


def mirrored_input(images: Tensor) -> Tensor:
    """Images (N, 3, H, W) mirrored, and moved to the left so that the maps' pixels coincide.

    A pixel of the maps stands for the first of its 4 pixels; mirrored that is the last of them.
    The columns that come free at the right keep what was there.
    """
    flipped = images.flip(3)
    moved = flipped.clone()
    moved[..., : -(STRIDE - 1)] = flipped[..., STRIDE - 1 :]
    return moved


def aggregate(
    outputs: Sequence[Tensor],
    flipped_outputs: Sequence[Tensor] | None,
    mirrored: Sequence[int],
    joints: int,
) -> PoseMaps:
    """The network's two outputs, (1, K + 1, h, w) and (1, 2 K, h, w), plain and mirrored, as one.

    `flipped_outputs` are those for `mirrored_input`, None without flip test; `mirrored` is that of
    the skeleton. Raise ReproError for other outputs.
    """
    heatmaps, poses = _split(outputs, joints)
    if flipped_outputs is not None:
        others = list(mirrored)
        flipped, turned = _split(flipped_outputs, joints)
        heatmaps = (heatmaps + flipped[[*others, joints], :, ::-1]) * HALF
        turned = turned[others, :, :, ::-1].copy()
        turned[:, 0] = heatmaps.shape[2] - 1 - turned[:, 0]
        poses = (poses + turned) * HALF
    return PoseMaps(heatmaps, poses)


def _split(outputs: Sequence[Tensor], joints: int) -> tuple[Maps, Maps]:
    """Heatmaps (K + 1, h, w) and poses (K, 2, h, w): each pixel's place less its offsets."""
    shapes = [tuple(output.shape) for output in outputs]
    if [shape[:2] for shape in shapes] != [(1, joints + 1), (1, 2 * joints)]:
        raise ReproError(
            f"The outputs of the network have the shapes {', '.join(map(str, shapes))}.",
            f"DEKR gives {joints + 1} heatmaps and {2 * joints} offsets of one image.",
        )
    heatmaps, offsets = (output[0].float().cpu().numpy() for output in outputs)
    height, width = heatmaps.shape[1:]
    rows, columns = np.indices((height, width), dtype=np.float32)
    places = np.stack((columns, rows))
    return heatmaps, places - offsets.reshape(joints, 2, height, width)


def decode(maps: PoseMaps, settings: OffsetSettings = OFFICIAL) -> tuple[Floats, Floats]:
    """The people (M, K, 3), x and y in pixels of the input, and scores (M,).

    A person's score is the mean of its joints'. Centres and poses that are not finite are left
    out, and such heatmaps count as 0.
    """
    points, centres = _regressed(maps, settings)
    heat = _sampled(maps, points)
    heat = np.where(np.isfinite(heat), heat, np.float32(0))
    ranks = heat.mean(axis=1)
    kept = suppressed(points, ranks, settings)
    if len(kept) > settings.people:
        kept = kept[np.argsort(-ranks[kept], kind="stable")[: settings.people]]
    scores = centres[kept, None] * heat[kept]
    keypoints = np.concatenate((points[kept], scores[..., None]), axis=2, dtype=np.float64)
    return keypoints, scores.mean(axis=1).astype(np.float64)


def _regressed(maps: PoseMaps, settings: OffsetSettings) -> tuple[Maps, Maps]:
    """Poses (N, K, 2) in pixels of the input, and the scores (N,) of their centres."""
    centres = maps.heatmaps[-1:]
    height, width = centres.shape[1:]
    side = (height + width) / 2
    window = next((window for most, window in WINDOWS if side <= most), LARGEST_WINDOW)
    _, pixels = peaks(centres, settings.centre, window, settings.people)
    rows, columns = np.divmod(pixels, width)
    points = maps.poses[:, :, rows, columns].transpose(2, 0, 1) * np.float32(STRIDE)
    whole = np.isfinite(points).all(axis=(1, 2))
    return points[whole], centres[0, rows[whole], columns[whole]]


def _sampled(maps: PoseMaps, points: Maps) -> Maps:
    """The joints' heatmaps (N, K) at points (N, K, 2) of the input.

    Officially the maps are enlarged so that a pixel of theirs comes to the first of its 4 pixels,
    the last ones repeated, and read at the pixel that holds the point. Only what is read is
    computed here.
    """
    heatmaps, joint = maps.heatmaps, np.arange(maps.heatmaps.shape[0] - 1)
    height, width = heatmaps.shape[1:]
    x, right, across = _between(points[..., 0], width)
    y, below, down = _between(points[..., 1], height)
    above = heatmaps[joint, y, x] * (1 - across) + heatmaps[joint, y, right] * across
    under = heatmaps[joint, below, x] * (1 - across) + heatmaps[joint, below, right] * across
    return np.asarray(above * (1 - down) + under * down, dtype=np.float32)


def _between(places: Maps, length: int) -> tuple[Ints, Ints, Maps]:
    """The pixels on both sides of places in the input, and how far from the first these are."""
    last = max(1, STRIDE * (length - 1))  # what comes after it repeats it
    whole = np.clip(np.floor(places), 0, last)
    exact = whole * np.float32((length - 1) / last)
    first = exact.astype(np.int64)
    return first, np.minimum(first + 1, length - 1), np.asarray(exact - first, dtype=np.float32)


def suppressed(points: Maps, ranks: Maps, settings: OffsetSettings = OFFICIAL) -> Ints:
    """The poses (N, K, 2) that stay, as positions: of those that are one, that of largest rank.

    In turn each pose that is not yet dropped gathers all that share more than half of its joints.
    """
    joints = points.shape[1]
    most = joints // 2 if settings.shared is None else settings.shared
    diagonals = np.hypot(*np.ptp(points, axis=1).T)
    apart = np.sqrt(((points[:, None] - points) ** 2).sum(axis=3))
    same = (apart < settings.distance * diagonals[:, None, None]).sum(axis=2) > most
    np.fill_diagonal(same, True)
    free = np.ones(len(points), dtype=bool)
    kept = []
    for pose in range(len(points)):
        if free[pose]:
            alike = np.flatnonzero(same[pose] & free)
            kept.append(alike[ranks[alike].argmax()])
            free[alike] = False
    return np.array(kept, dtype=np.int64)
