"""Heatmaps to joints: argmax, quarter offset, DARK, DARK-UDP and beta-soft-argmax, by batch.

Points are (x, y) in heatmap pixels, (0, 0) being the middle of the first pixel; every decoder
follows the official procedure it is named after:

- argmax and quarter: `get_max_preds` and `get_final_preds` of deep-high-resolution-net.pytorch
- dark and dark-udp: see repro.pose.dark
- soft-argmax: Zhang et al., Simple and Lightweight Human Pose Estimation, section 3.4; the code of
  lpn-pytorch adds the quarter offset on top, which the paper does not say

A joint that a network gives nothing for is told by its score. Where the largest value of a map is
not above zero, the maximum-based decoders answer (0, 0) and that value. A map that holds a NaN
(for soft-argmax also an infinity) gives (0, 0) and the score NaN; nothing is raised, it is for the
caller to report.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError, unknown
from repro.pose import dark

Floats = NDArray[np.float64]
Maps = NDArray[np.float32]
Joints = tuple[Floats, Floats]
"""(M, 2) points and (M,) scores"""

NEGLIGIBLE = 30.0
"""how far below the largest exponent of a softmax its terms no longer count"""
CACHED = 200_000
"""pixels worked on at a time, so that intermediate arrays stay in the processor's cache"""


def decode(maps: Maps, how: str, sigma: float = 2.0, beta: float = 160.0) -> Joints:
    """Points (N, K, 2) in heatmap pixels and scores (N, K) of heatmaps (N, K, h, w).

    `how` is a name of DECODERS. `sigma` is that of the training targets, in heatmap pixels (DARK's
    blur follows it); `beta` the sharpness of soft-argmax. An unknown name, or a sigma or beta that
    is not above zero, is a ReproError. The score is the largest value of the map, for soft-argmax
    the value at the rounded point.
    """
    if how not in DECODERS:
        raise unknown("decoder", how, DECODERS)
    for name, value in (("sigma", sigma), ("beta", beta)):
        if not 0 < value < math.inf:
            raise ReproError(
                f"Decoding with {name} `{value}` is not possible.",
                "Give a number above zero: 2 or 3 for sigma, 160 for beta, as the papers do.",
            )
    people, joints, height, width = maps.shape
    single = np.ascontiguousarray(maps, dtype=np.float32).reshape(people * joints, height, width)
    points, scores = DECODERS[how](single, sigma, beta)
    return points.reshape(people, joints, 2), scores.reshape(people, joints)


def _argmax(maps: Maps) -> Joints:
    count, height, width = maps.shape
    flat = maps.reshape(count, height * width)
    best = flat.argmax(axis=1)  # of a map with a NaN: where the first NaN is
    scores = flat[np.arange(count), best].astype(np.float64)
    points = np.stack((best % width, best // width), axis=1).astype(np.float64)
    points[~(scores > 0)] = 0
    return points, scores


def _quarter(maps: Maps, points: Floats) -> Floats:
    """The points moved by a quarter pixel towards the larger neighbour, in x and in y.

    Not within one pixel of the right and lower or two of the left and upper border, as officially.
    """
    _, height, width = maps.shape
    x, y = np.floor(points + 0.5).astype(np.int64).T
    inside = np.flatnonzero((x > 1) & (x < width - 1) & (y > 1) & (y < height - 1))
    x, y = x[inside], y[inside]
    before = np.stack((maps[inside, y, x - 1], maps[inside, y - 1, x]), axis=1)
    after = np.stack((maps[inside, y, x + 1], maps[inside, y + 1, x]), axis=1)
    moved = points.copy()
    moved[inside] += np.where(after > before, 0.25, np.where(after < before, -0.25, 0))
    return moved


def _soft_argmax(maps: Maps, beta: float) -> Joints:
    """The mean place under softmax(beta x map), and the value at the nearest pixel.

    A map is read in bands of rows; of those whose maximum lies so far below the map's that all
    their shares together are below 1e-8, nothing more is computed.
    """
    count, height, width = maps.shape
    deep = math.gcd(height, 4)
    bands = maps.reshape(-1, deep * width)
    peaks = np.maximum.reduceat(maps.reshape(-1), np.arange(0, maps.size, deep * width))
    peaks = peaks.reshape(count, height // deep)  # four times as fast as maxima over an axis
    tops = peaks.max(axis=1)
    joint, band = np.nonzero(peaks >= (tops - NEGLIGIBLE / beta)[:, None])
    x, y = np.tile(np.arange(width), deep), np.repeat(np.arange(deep), width)
    sums_to = np.stack((np.ones_like(x), x, y), axis=1).astype(np.float32)
    sums = np.empty((len(joint), 3))
    chosen = joint * (height // deep) + band
    step = max(1, CACHED // (deep * width))
    for start in range(0, len(joint), step):
        block = slice(start, start + step)
        shares = bands[chosen[block]]
        with np.errstate(invalid="ignore"):
            shares -= tops[joint[block], None]
            shares *= np.float32(beta)
            sums[block] = np.exp(shares, out=shares) @ sums_to
    sums[:, 2] += sums[:, 0] * band * deep
    total = np.stack([np.bincount(joint, column, count) for column in sums.T], axis=1)
    with np.errstate(invalid="ignore"):
        points = total[:, 1:] / total[:, :1]
    whole = np.isfinite(points).all(axis=1)
    points[~whole] = 0
    nearest = np.round(points).astype(np.int64)
    scores = maps[np.arange(count), nearest[:, 1], nearest[:, 0]].astype(np.float64)
    scores[~whole] = np.nan
    return points, scores


def _argmax_quarter(maps: Maps, sigma: float, beta: float) -> Joints:
    points, scores = _argmax(maps)
    return _quarter(maps, points), scores


def _argmax_dark(maps: Maps, sigma: float, beta: float) -> Joints:
    points, scores = _argmax(maps)
    return dark.refine(maps, points, scores, sigma), scores


def _argmax_dark_udp(maps: Maps, sigma: float, beta: float) -> Joints:
    points, scores = _argmax(maps)
    return dark.refine_udp(maps, points, scores, sigma), scores


def _soft_argmax_quarter(maps: Maps, sigma: float, beta: float) -> Joints:
    points, scores = _soft_argmax(maps, beta)
    return _quarter(maps, points), scores


DECODERS: Mapping[str, Callable[[Maps, float, float], Joints]] = {
    "argmax": lambda maps, sigma, beta: _argmax(maps),
    "quarter": _argmax_quarter,
    "dark": _argmax_dark,
    "dark-udp": _argmax_dark_udp,
    "soft-argmax": lambda maps, sigma, beta: _soft_argmax(maps, beta),
    "soft-argmax+quarter": _soft_argmax_quarter,
}
"""What turns maps (M, h, w), sigma and beta into points and scores, by its name."""
