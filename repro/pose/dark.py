"""DARK: joints between the pixels, by one Newton step on the logarithm of the blurred heatmap.

The plain kind is Zhang et al., Distribution-Aware Coordinate Representation, CVPR 2020; the other
that of UDP (Huang et al., The Devil is in the Details, CVPR 2020); both as in MMPose 1.x
(`refine_keypoints_dark`, `refine_keypoints_dark_udp`). Those blur every map as a whole; here only
the pixels around the maximum that the step looks at are blurred, with the same result.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Maps = NDArray[np.float32]

CACHED = 200_000
"""pixels gathered at a time, so that they stay in the processor's cache"""


def refine(maps: Maps, points: Floats, peaks: Floats, sigma: float) -> Floats:
    """The points (M, 2) of the largest pixels, `peaks` (M,), of maps (M, h, w), made finer.

    Differences over two pixels. A point within two pixels of the border stays (three at the right
    and below), and one whose peak is not above zero, or not finite.
    """
    _, height, width = maps.shape
    x, y = points.T
    inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)
    which = np.flatnonzero(inside & (peaks > 0) & np.isfinite(peaks))
    v = _log_blurred(maps, which, points, peaks, sigma, (1e-10, np.inf), reach=2)
    finer = points.copy()
    finer[which] += _newton(
        0.5 * (v[:, 2, 3] - v[:, 2, 1]),
        0.5 * (v[:, 3, 2] - v[:, 1, 2]),
        0.25 * (v[:, 2, 4] - 2 * v[:, 2, 2] + v[:, 2, 0]),
        0.25 * (v[:, 4, 2] - 2 * v[:, 2, 2] + v[:, 0, 2]),
        0.25 * (v[:, 3, 3] - v[:, 1, 3] - v[:, 3, 1] + v[:, 1, 1]),
    )
    return finer


def refine_udp(maps: Maps, points: Floats, peaks: Floats, sigma: float) -> Floats:
    """As `refine`, with differences over one pixel and the border repeated outwards."""
    _, height, width = maps.shape
    which = np.flatnonzero((peaks > 0) & np.isfinite(peaks))
    v = _log_blurred(maps, which, points, peaks, sigma, (1e-3, 50.0), reach=1)
    x, y = points[which].T
    v[x == 0, :, 0] = v[x == 0, :, 1]
    v[x == width - 1, :, 2] = v[x == width - 1, :, 1]
    v[y == 0, 0] = v[y == 0, 1]
    v[y == height - 1, 2] = v[y == height - 1, 1]
    tiny = float(np.finfo(np.float32).eps)
    middle, cross = v[:, 1, 1], v[:, 1, 2] + v[:, 2, 1] + v[:, 1, 0] + v[:, 0, 1]
    finer = points.copy()
    finer[which] += _newton(
        0.5 * (v[:, 1, 2] - v[:, 1, 0]),
        0.5 * (v[:, 2, 1] - v[:, 0, 1]),
        v[:, 1, 2] - 2 * middle + v[:, 1, 0] + tiny,
        v[:, 2, 1] - 2 * middle + v[:, 0, 1] + tiny,
        0.5 * (v[:, 2, 2] - cross + 2 * middle + v[:, 0, 0]),
    )
    return finer


def _newton(dx: Floats, dy: Floats, dxx: Floats, dyy: Floats, dxy: Floats) -> Floats:
    """The step (M, 2) to where the quadratic is level; none where there is no such place."""
    determinant = dxx * dyy - dxy * dxy
    with np.errstate(divide="ignore", invalid="ignore"):
        across = (dxy * dy - dyy * dx) / determinant
        down = (dxy * dx - dxx * dy) / determinant
    steps = np.stack((across, down), axis=1)
    steps[~np.isfinite(steps).all(axis=1)] = 0
    return steps


def _log_blurred(
    maps: Maps,
    which: Ints,
    points: Floats,
    peaks: Floats,
    sigma: float,
    bounds: tuple[float, float],
    reach: int,
) -> Floats:
    """The logarithm of the chosen maps, blurred and held in bounds, (m, n, n) around their points.

    Officially a blurred map is first brought back to its old maximum. In the logarithm that is one
    constant and drops out of every difference, unless it decides what the bounds hold: only then
    is the whole map blurred. A blur only lowers a maximum, so bringing it back only raises values,
    and never above the peak.
    """
    low, high = bounds
    radius = max(1, round(3 * sigma) - 1)  # a kernel of 11 for sigma 2, of 17 for sigma 3
    values = _blurred_around(maps, which, points[which].astype(np.int64), radius, reach)
    held = np.flatnonzero((values < low).any(axis=(1, 2)) | (peaks[which] > high))
    with np.errstate(divide="ignore", invalid="ignore"):
        back = peaks[which[held]] / _blurred_maxima(maps[which[held]], radius)
        values[held] *= back[:, None, None]
        logs: Floats = np.log(np.clip(values, low, high))
    return logs


def _gaussian(radius: int) -> Floats:
    """OpenCV's kernel of 2 radius + 1 pixels, with the width it derives from their number."""
    sigma = 0.3 * (radius - 1) + 0.8
    weights: Floats = np.exp(-(np.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    total: float = weights.sum()
    return weights / total


def _blurred_around(maps: Maps, which: Ints, points: Ints, radius: int, reach: int) -> Floats:
    """The chosen maps (m,), blurred, around one point (m, 2) of each: (m, n, n), n = 2 reach + 1.

    One matrix product blurs all patches, as big as the kernel sees from there and zero outside the
    map, which is what blurring the whole zero-bordered map gives.
    """
    _, height, width = maps.shape
    span, side = radius + reach, 2 * reach + 1
    bands = np.zeros((side, 2 * span + 1))  # row i: the kernel moved by i
    for i in range(side):
        bands[i, i : i + 2 * radius + 1] = _gaussian(radius)
    kernel = np.kron(bands, bands).T.astype(np.float32)  # (patch pixels, side x side)
    steps, step = np.arange(-span, span + 1), max(1, CACHED // len(kernel))
    out = np.empty((len(which), side * side))
    for start in range(0, len(which), step):
        block = slice(start, start + step)
        columns, rows = points[block, :1] + steps, points[block, 1:] + steps
        x, y = np.clip(columns, 0, width - 1), np.clip(rows, 0, height - 1)
        starts = (which[block, None] * height + y) * width
        patches = maps.reshape(-1)[starts[:, :, None] + x[:, None, :]]
        patches[y != rows] = 0
        patches.swapaxes(1, 2)[x != columns] = 0
        with np.errstate(invalid="ignore"):
            out[block] = patches.reshape(len(patches), -1) @ kernel
    return out.reshape(-1, side, side)


def _blurred_maxima(maps: Maps, radius: int) -> Floats:
    """The largest value (M,) of each whole blurred map."""

    def bands(size: int) -> Maps:
        apart = np.abs(np.arange(size)[:, None] - np.arange(size))
        weights = np.append(_gaussian(radius)[radius:], 0)
        kernels: Maps = weights[np.minimum(apart, radius + 1)].astype(np.float32)
        return kernels

    _, height, width = maps.shape
    down, across = bands(height), bands(width)
    return np.array([(down @ one @ across).max() for one in maps], dtype=np.float64)
