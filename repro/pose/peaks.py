"""Local maxima of heatmaps."""

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
Ints = NDArray[np.int64]

CROSS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def peaks(maps: Maps, threshold: float, window: int, most: int) -> tuple[Ints, Ints]:
    """Where maps (C, H, W) have their largest local maxima: channels (N,) and flat pixels (N,).

    A local maximum is finite, above the threshold and nowhere exceeded in the window x window
    pixels around it: all pixels of a plateau are one each, as where a max-pooled map equals the
    map. A pixel with a NaN in its window is none. Of each channel come the `most` largest, the
    largest first, equal ones in the order of the pixels.
    """
    height, width = maps.shape[1:]
    flat = np.ascontiguousarray(maps).reshape(-1)
    places = np.flatnonzero(flat > threshold)
    reach = range(-(window // 2), window // 2 + 1)
    steps = [(dy, dx) for dy in reach for dx in reach if (dy, dx) != (0, 0)]
    # Nearly all pixels fall by their direct neighbours: few are compared with the others.
    for step in sorted(steps, key=lambda step: step not in CROSS):
        places = places[flat[places] >= flat[_moved(places, step, height, width)]]
    places = places[np.isfinite(flat[places])]
    channels, pixels = np.divmod(places, height * width)
    order = np.lexsort((-flat[places], channels))
    channels, pixels = channels[order], pixels[order]
    rank = np.arange(len(channels)) - np.searchsorted(channels, channels)
    return channels[rank < most], pixels[rank < most]


def _moved(places: Ints, step: tuple[int, int], height: int, width: int) -> Ints:
    """Flat places in stacked maps moved by dy, dx, but not over the border of their map."""
    dy, dx = step
    moved = places
    if dx:
        columns = places % width
        moved = moved + (np.clip(columns + dx, 0, width - 1) - columns)
    if dy:
        rows = places // width % height
        moved = moved + (np.clip(rows + dy, 0, height - 1) - rows) * width
    return moved
