"""Joints of associative embedding moved by a quarter pixel, and missing ones looked for."""

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float32]
Ints = NDArray[np.int64]

SAMPLED = 8192
"""about as many pixels of a map tell which are among its largest"""
SHARE = 0.02
"""of the pixels that are looked at first"""


def towards_larger(heatmaps: Maps, channels: Ints, rows: Ints, columns: Ints) -> Maps:
    """Points (N, 2), x and y, of pixels of heatmaps (K, H, W), measured from the map's corner.

    From the middle of the pixel they are moved by a quarter to the right if the right neighbour
    is larger than the left, else to the left; up and down alike. At the border the pixel is its own
    neighbour.
    """
    _, height, width = heatmaps.shape
    right = heatmaps[channels, rows, np.minimum(columns + 1, width - 1)]
    left = heatmaps[channels, rows, np.maximum(columns - 1, 0)]
    below = heatmaps[channels, np.minimum(rows + 1, height - 1), columns]
    above = heatmaps[channels, np.maximum(rows - 1, 0), columns]
    x = columns + np.where(right > left, 0.75, 0.25)
    y = rows + np.where(below > above, 0.75, 0.25)
    return np.stack((x, y), axis=1).astype(np.float32)


def fill(keypoints: Maps, heatmaps: Maps, tags: Maps, means: Maps) -> None:
    """Look for the missing joints of people (M, K, 3), in place (`refine` of HeatmapParser).

    A joint whose score is 0 goes to the largest value of its heatmap (K, H, W) less the rounded
    distance of the tags (K, H, W, T) there to the person's mean tag (M, T), moved as in
    `towards_larger`, if the heatmap is above 0 there.
    """
    width = heatmaps.shape[2]
    for joint in range(len(heatmaps)):
        people = np.flatnonzero(keypoints[:, joint, 2] == 0)
        if not len(people):
            continue
        pixels = _best(heatmaps[joint], tags[joint], means[people])
        rows, columns = np.divmod(pixels, width)
        scores = heatmaps[joint, rows, columns]
        good = (scores > 0) & (pixels >= 0)
        people, rows, columns = people[good], rows[good], columns[good]
        channels = np.full(len(people), joint)
        keypoints[people, joint, :2] = towards_larger(heatmaps, channels, rows, columns)
        keypoints[people, joint, 2] = scores[good]


def _best(heatmap: Maps, tags: Maps, means: Maps) -> Ints:
    """For each mean (P, T) the flat pixel of the largest heatmap less rounded distance, or -1.

    No value exceeds its heatmap: whoever has one above a level among the few pixels whose heatmap
    is above it, needs no look at the others.
    """
    flat = heatmap.reshape(-1)
    sample = flat[:: max(1, len(flat) // SAMPLED)]
    rank = int(len(sample) * (1 - SHARE))
    level = np.partition(sample, rank)[rank]
    pixels = np.flatnonzero(flat > level)
    rows, columns = np.divmod(pixels, heatmap.shape[1])
    values, few = flat[pixels], np.ascontiguousarray(tags[rows, columns].T)
    all_tags: Maps | None = None
    best = np.full(len(means), -1)
    for person, mean in enumerate(means):
        place, value = _largest(values, few, mean)
        if value > level:
            best[person] = pixels[place]
            continue
        if all_tags is None:
            all_tags = np.ascontiguousarray(np.moveaxis(tags, -1, 0)).reshape(len(mean), -1)
        place, value = _largest(flat, all_tags, mean)
        best[person] = place if value > -np.inf else -1
    return best


def _largest(values: Maps, tags: Maps, mean: Maps) -> tuple[int, float]:
    """Where values (N,) less the rounded distance of tags (T, N) are largest, and how."""
    if not len(values):
        return -1, -np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        total = tags[0] - mean[0]
        total *= total
        for plane, tag in zip(tags[1:], mean[1:], strict=True):
            apart = plane - tag
            apart *= apart
            total += apart
        np.sqrt(total, out=total)
        np.rint(total, out=total)
        np.subtract(values, total, out=total)
    place = int(total.argmax())
    if not np.isfinite(total[place]):
        total[~np.isfinite(total)] = -np.inf
        place = int(total.argmax())
    return place, float(total[place])
