"""Trained networks beside the mean pose: is anything learnt that a box alone does not tell?

    python benchmarks/mean_pose.py --train train.json --val val.json poses.json ... [--json]

The mean pose puts the mean of the training persons' joints, in parts of their box, into each
validation person's box. Each FILE of poses (CrowdPose's format, one person an image) gets its AP
and its PCK@0.2, a joint within 0.2 torso diagonals (left shoulder to right hip), both with 95 %
intervals over images, and the PCK it is above the mean pose, over the same images.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.data.annotations import read
from repro.data.people import Annotations, Poses
from repro.papers.datasets import DATASETS
from repro.scoring import results
from repro.scoring.score import of_poses

SHARE = 0.2
RESAMPLES = 10_000
DATASET = "crowdpose"


@dataclass(frozen=True)
class Points:
    """PCK@0.2 of some poses."""

    right: NDArray[np.float64]
    """(I,) joints of each image within reach"""
    of: NDArray[np.float64]
    """(I,) joints of each image that count"""

    @property
    def value(self) -> float:
        """In per cent."""
        return float(100 * self.right.sum() / self.of.sum())

    def resampled(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B,) per cent for images (B, I)."""
        return 100 * self.right[chosen].sum(axis=1) / self.of[chosen].sum(axis=1)


def mean_pose(train: Annotations, val: Annotations) -> Poses:
    """The mean pose in each validation person's box."""
    people = train.people
    seen = people.keypoints[..., 2] > 0
    inside = (people.keypoints[..., :2] - people.boxes[:, None, :2]) / people.boxes[:, None, 2:]
    mean = np.nanmean(np.where(seen[..., None], inside, np.nan), axis=0)  # (K, 2)
    boxes = val.people.boxes
    points = boxes[:, None, :2] + mean * boxes[:, None, 2:]
    scores = np.ones((*points.shape[:2], 1))
    ids = val.images.ids[val.people.image]
    return Poses(ids, np.concatenate([points, scores], axis=2), np.ones(len(boxes)))


def within_reach(val: Annotations, poses: Poses) -> Points:
    """PCK@0.2 of the best pose of each image; an image without any has no joint right."""
    people = val.people
    if len(np.unique(people.image)) != len(people):
        raise SystemExit("PCK is reckoned for one person an image")
    names = DATASETS[DATASET].skeleton.joints
    shoulder, hip = names.index("left shoulder"), names.index("right hip")
    joints, visible = people.keypoints[..., :2], people.keypoints[..., 2] > 0
    torso = np.linalg.norm(joints[:, shoulder] - joints[:, hip], axis=1)
    counted = visible & (visible[:, shoulder] & visible[:, hip] & (torso > 0))[:, None]
    right = np.zeros(len(people))
    for place, image in enumerate(val.images.ids[people.image]):
        own = np.flatnonzero(poses.image_ids == image)
        if len(own):
            best = own[poses.scores[own].argmax()]
            away = np.linalg.norm(poses.keypoints[best, :, :2] - joints[place], axis=1)
            right[place] = ((away <= SHARE * torso[place]) & counted[place]).sum()
    return Points(right, counted.sum(axis=1).astype(np.float64))


def main() -> int:
    """Print a line a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("poses", type=Path, nargs="*")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    train, val = (read(path, DATASET) for path in (given.train, given.val))
    found = {"mean pose": mean_pose(train, val)}
    for path in given.poses:
        found[str(path)] = results.read(path, len(DATASETS[DATASET].skeleton.joints)).poses
    chosen = np.random.default_rng(0).integers(len(val.people), size=(RESAMPLES, len(val.people)))
    lines, base = [], within_reach(val, found["mean pose"])
    for name, poses in found.items():
        score = of_poses(given.val, val, poses)
        pck = within_reach(val, poses)
        above = pck.resampled(chosen) - base.resampled(chosen)
        ap, bounds = score.metrics["AP"], score.intervals["AP"]
        lines.append(
            {
                "poses": name,
                "AP": [100 * value for value in (ap or 0.0, bounds.low, bounds.high)],
                "PCK@0.2": [pck.value, *np.percentile(pck.resampled(chosen), [2.5, 97.5])],
                "above": [pck.value - base.value, *np.percentile(above, [2.5, 97.5])],
            }
        )
    if given.json:
        print(json.dumps(lines))
        return 0
    for line in lines:
        figures = (
            f"{name} {value[0]:.1f} [{value[1]:.1f}, {value[2]:.1f}]"
            for name, value in line.items()
            if isinstance(value, list)
        )
        print(f"{line['poses']}: {', '.join(figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
