"""All people of an image to heatmaps and joint positions: the targets of bottom-up networks.

After HigherHRNet and LitePose (`HeatmapGenerator` and `JointsGenerator` of their
`target_generators.py`), for the images of a batch at once. M persons are given one after another,
with the image that each is in; points are in pixels of the inputs, which are `size` = height, width
large, and maps are `stride` times smaller.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Maps = NDArray[np.float32]
Flags = NDArray[np.bool_]


def heatmaps(
    points: Floats,
    visible: NDArray[np.generic],
    images: Ints,
    count: int,
    size: tuple[int, int],
    stride: int,
    sigma: float = 2.0,
    whole: bool = True,
) -> Maps:
    """Heatmaps (count, K, h, w) of the persons (M, K, 2) that are in `images` (M,), 0 to count - 1.

    A Gaussian of height 1 and of `sigma` heatmap pixels for every joint with `visible` (M, K) above
    zero, hidden or not, that lies in the map; the largest of several. It is zero outside the square
    of 3 sigma + 1 pixels around the joint. `whole` cuts joints to whole pixels first, towards zero:
    one less than a pixel outside counts as inside, as officially. DEKR leaves them as they are.
    """
    height, width = size[0] // stride, size[1] // stride
    joints = points.shape[1]
    maps = np.zeros((count, joints, height, width), dtype=np.float32)
    flat = maps.reshape(-1)
    places, drawn = inside(points, visible, (height, width), stride, whole)
    reach = round(3 * sigma + 1)
    for some in in_turn(images):
        person, joint = np.nonzero(drawn[some])
        if not len(person):
            continue
        centres = places[some][person, joint]
        columns, across = _profile(centres[:, 0], width, reach, sigma)
        rows, down = _profile(centres[:, 1], height, reach, sigma)
        first = (images[some][person] * joints + joint) * height
        index = ((first[:, None] + rows) * width)[:, :, None] + columns[:, None]
        values = (down[:, :, None] * across[:, None]).astype(np.float32)
        flat[index] = np.maximum(flat[index], values)
    return maps


def joint_indices(
    points: Floats,
    visible: NDArray[np.generic],
    images: Ints,
    count: int,
    size: tuple[int, int],
    stride: int,
) -> Ints:
    """Where tags are read: (count, P, K, 2), for P persons, as many as any image has.

    Of each joint the flat index (k h + y) w + x into maps (K, h, w), and 1; both 0 for a joint that
    is not visible or not in the map, and for persons that an image has not. Officially P is 30 and
    the joints of a person that are there come first, whatever their number.
    """
    height, width = size[0] // stride, size[1] // stride
    joints = points.shape[1]
    places, drawn = inside(points, visible, (height, width), stride, whole=True)
    turns = list(in_turn(images))
    indices = np.zeros((count, len(turns), joints, 2), dtype=np.int64)
    columns, rows = np.moveaxis(np.where(drawn[..., None], places, 0).astype(np.int64), -1, 0)
    index = (np.arange(joints) * height + rows) * width + columns
    for turn, some in enumerate(turns):
        indices[images[some], turn, :, 0] = np.where(drawn, index, 0)[some]
        indices[images[some], turn, :, 1] = drawn[some]
    return indices


def inside(
    points: Floats,
    visible: NDArray[np.generic],
    inner: tuple[int, int],
    stride: int,
    whole: bool,
) -> tuple[Floats, Flags]:
    """Points (M, K, 2) in pixels of maps of size `inner`, and which of them are seen in these."""
    places = np.asarray(points, dtype=np.float64) / stride
    seen = (np.asarray(visible) > 0) & np.isfinite(places).all(axis=2)
    places = np.where(seen[..., None], places, 0)
    if whole:
        places = np.trunc(places)
    height, width = inner
    return places, seen & ((places >= 0) & (places < (width, height))).all(axis=2)


def in_turn(images: Ints) -> Iterator[Ints]:
    """The first persons of all images, as positions (n,), then the second ones, and so on."""
    order = np.argsort(images, kind="stable")
    ordered = images[order]
    turns = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    for turn in range(turns.max(initial=-1) + 1):
        yield order[turns == turn]


def _profile(middles: Floats, length: int, reach: int, sigma: float) -> tuple[Ints, Floats]:
    """The pixels (n, s) of one axis to write, all in the map, and a Gaussian's values there."""
    before, after = np.floor(middles) - reach, np.ceil(middles) + reach
    span = min(2 * reach + 2, length)
    first = np.clip(before, 0, length - span).astype(np.int64)
    pixels = first[:, None] + np.arange(span)
    values = np.exp(-((pixels - middles[:, None]) ** 2) / (2 * sigma**2))
    values[(pixels < before[:, None]) | (pixels > after[:, None])] = 0
    return pixels, values
