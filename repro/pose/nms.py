"""Scores of top-down persons, and the removal of those found twice.

After `oks_nms` of deep-high-resolution-net.pytorch (`lib/nms/nms.py`) and the evaluation of its
COCO data set.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def rescore(joint_scores: Floats, box_scores: Floats, threshold: float = 0.2) -> Floats:
    """The score (N,) of each person: box score (N,) x mean of its joint scores (N, K) > threshold.

    0 where no joint scores more. A joint of score NaN counts as not found.
    """
    counted = joint_scores > threshold
    total = np.where(counted, joint_scores, 0).sum(axis=1, dtype=np.float64)
    scores: Floats = box_scores * total / np.maximum(counted.sum(axis=1), 1)
    return scores


def oks(keypoints: Floats, areas: Floats, sigmas: Sequence[float]) -> Floats:
    """The likeness (N, N) of each two persons (N, K, 2 or more), over all joints.

    The area of a pair is the mean of the two: in square pixels, of the padded box (officially the
    product of scale x 200).
    """
    apart = ((keypoints[:, None, :, :2] - keypoints[None, :, :, :2]) ** 2).sum(axis=-1)
    width = 2 * (2 * np.asarray(sigmas, dtype=np.float64)) ** 2  # (K,)
    area = (areas[:, None] + areas) / 2 + np.spacing(1.0)
    likeness: Floats = np.exp(-apart / (area[..., None] * width)).mean(axis=-1)
    return likeness


def oks_nms(
    keypoints: Floats,
    scores: Floats,
    areas: Floats,
    sigmas: Sequence[float],
    threshold: float = 0.9,
) -> Ints:
    """Which persons of one image to keep, best first: none is alike to a better one by > threshold.

    Among equal scores the later person comes first, as officially. A score that is NaN comes last;
    a person with a NaN among its coordinates is like nobody.
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    left = np.argsort(known, kind="stable")[::-1]
    alike = oks(keypoints, areas, sigmas) > threshold
    kept = []
    while left.size:
        kept.append(left[0])
        left = left[1:][~alike[left[0], left[1:]]]
    return np.array(kept, dtype=np.int64)
