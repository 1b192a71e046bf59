"""SimCC (Li et al., ECCV 2022): a joint as a place along x and one along y.

After `get_simcc_maximum` and `SimCCLabel.decode` of MMPose 1.x, which RTMPose is evaluated with:
the bin with the largest value, divided by the bins of a pixel. A joint's score is the smaller of
the two largest values; where that is not above 0, the joint lies before the first bin, at -1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bins = NDArray[np.float32]
Floats = NDArray[np.float64]
Size = tuple[int, int]
"""height, width"""


def decode(across: Bins, down: Bins, size: Size) -> tuple[Floats, Floats]:
    """Points (N, K, 2) in pixels of an input of `size`, and scores (N, K).

    `across` (N, K, bins) are the values along x, `down` those along y. A joint with a NaN has the
    score NaN.
    """
    bins = np.array([across.shape[2], down.shape[2]])
    places = np.stack([across.argmax(axis=2), down.argmax(axis=2)], axis=2)
    scores = np.minimum(across.max(axis=2), down.max(axis=2)).astype(np.float64)
    places[scores <= 0] = -1
    return places * (np.array([size[1], size[0]]) / bins), scores


def mirror_bins(bins: Sequence[Bins], mirrored: Sequence[int]) -> list[Bins]:
    """The bins along x and along y of a mirrored image as those of the image (`flip_vectors`).

    `mirrored` names for each joint the one that takes its place (Skeleton.mirrored).
    """
    across, down = bins
    return [across[:, list(mirrored), ::-1], down[:, list(mirrored)]]
