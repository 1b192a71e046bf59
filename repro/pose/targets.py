"""Joints to heatmaps: the Gaussian targets that top-down networks are trained on.

Rounded centres as in SimpleBaseline, HRNet and LPN (`generate_target` of their JointsDataset);
centres as they are as in DARK and UDP.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Maps = NDArray[np.float32]


def gaussian(
    points: Floats,
    visible: NDArray[np.generic],
    size: tuple[int, int],
    stride: float = 4,
    sigma: float = 2.0,
    rounded: bool = True,
    cut: float = 3.0,
) -> tuple[Maps, Maps]:
    """Targets (N, K, h, w) and weights (N, K) of joints (N, K, 2) in pixels of inputs of `size`.

    A Gaussian of height 1 and of `sigma` heatmap pixels, zero outside the square of `cut` sigma
    around the pixel nearest to the joint (math.inf: nowhere). `rounded` puts its middle on that
    pixel. Weight 1 for every joint with `visible` (N, K) above zero, hidden or not, and 0 where
    the square (for math.inf that of 3 sigma) misses the map altogether; one that touches the upper
    or left border from outside still counts, as officially.
    """
    height, width = round(size[0] / stride), round(size[1] / stride)
    people, joints = visible.shape
    maps = np.zeros((people * joints, height, width), dtype=np.float32)
    exact = np.asarray(points, dtype=np.float64).reshape(-1, 2) / stride
    drawn = (np.asarray(visible).reshape(-1) > 0) & np.isfinite(exact).all(axis=1)
    nearest = np.trunc(np.where(drawn[:, None], exact, 0) + 0.5)  # official: int(x + 0.5)
    reach = math.floor(sigma * (cut if math.isfinite(cut) else 3))
    before, after = nearest - reach, nearest + reach + 1
    drawn &= (before < (width, height)).all(axis=1) & (after >= 0).all(axis=1)
    middle = (nearest if rounded else exact)[drawn]

    def profile(axis: int, length: int) -> tuple[NDArray[np.int64], Maps]:
        """Per joint the pixels of an axis to write, all inside the map, and their values."""
        span = min(2 * reach + 1, length) if math.isfinite(cut) else length
        first = np.clip(before[drawn, axis], 0, length - span).astype(np.int64)
        pixels = first[:, None] + np.arange(span)
        values = np.exp(-((pixels - middle[:, axis, None]) ** 2) / (2 * sigma**2))
        if math.isfinite(cut):
            values[np.abs(pixels - nearest[drawn, axis, None]) > reach] = 0
        return pixels, values.astype(np.float32)

    (columns, across), (rows, down) = profile(0, width), profile(1, height)
    index = (np.flatnonzero(drawn)[:, None] * height + rows) * width
    maps.reshape(-1)[index[:, :, None] + columns[:, None, :]] = down[:, :, None] * across[:, None]
    weights = drawn.astype(np.float32).reshape(people, joints)
    return maps.reshape(people, joints, height, width), weights
