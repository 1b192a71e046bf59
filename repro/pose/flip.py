"""The flip test: heatmaps of the mirrored image brought back."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def mirror_maps(
    maps: NDArray[np.float32], mirrored: Sequence[int], shift: bool
) -> NDArray[np.float32]:
    """The maps (N, K, h, w) of a mirrored image as maps of the image, ready to be averaged.

    `mirrored` names for each joint the one that takes its place (Skeleton.mirrored). `shift` moves
    all to the right by one pixel, the first column staying as it is: strided convolutions are not
    symmetric, and plain (not UDP) networks lose accuracy without it (SHIFT_HEATMAP in
    deep-high-resolution-net.pytorch).
    """
    back = maps[..., ::-1][:, list(mirrored)]
    if shift:
        back[..., 1:] = back[..., :-1].copy()
    return back
