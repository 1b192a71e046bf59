"""The limbs of OpenPose's 18 joints, and people put together of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JOINTS = 18
"""nose, neck, right arm, left arm, right leg, left leg, right eye, left eye, right ear, left ear"""


class Limb(NamedTuple):
    """From one joint to another, and the first of its two fields, along x; the next is along y."""

    start: int
    end: int
    field: int


TRAINED = (
    *((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 2), (2, 3), (3, 4), (2, 16), (1, 5), (5, 6), (6, 7), (5, 17)),
    *((1, 0), (0, 14), (0, 15), (14, 16), (15, 17)),
)
"""the limbs in the order of their fields"""

ORDER = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7)),
    *((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (2, 16), (5, 17)),
)
"""the limbs in the order in which people grow"""

LIMBS = tuple(Limb(*ends, field=2 * TRAINED.index(ends)) for ends in ORDER)
CLOSING = ((2, 16), (5, 17))
"""limbs that end at joints which others lead to as well"""


class LimbCandidates(NamedTuple):
    """The limbs of one kind that were found, (N,) each; no joint is in two of them."""

    starts: Ints
    """number of the joint among those of its kind"""
    ends: Ints
    scores: Floats


NOTHING = LimbCandidates(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


class PartialPeople(NamedTuple):
    """M persons that are still to be sorted out."""

    joints: Ints
    """(M, 18) number of each joint among those of its kind, -1 for none"""
    totals: Floats
    """(M,) scores of joints and limbs, but not of the closing limbs and what they added"""
    counts: Ints
    """(M,) joints, without what closing limbs added"""


def best(starts: Ints, ends: Ints, scores: Floats) -> LimbCandidates:
    """Of limbs of one kind those that share no joint, taken from the best score downwards."""
    taken: tuple[set[int], set[int]] = set(), set()
    kept = []
    for limb in np.argsort(-scores, kind="stable").tolist():
        start, end = int(starts[limb]), int(ends[limb])
        if start not in taken[0] and end not in taken[1]:
            taken[0].add(start)
            taken[1].add(end)
            kept.append(limb)
    return LimbCandidates(starts[kept], ends[kept], scores[kept])


def assemble(scores: Sequence[Floats], candidates: Sequence[LimbCandidates]) -> PartialPeople:
    """The people that limbs, of all kinds in the order of LIMBS, make of joints of 18 kinds.

    `scores` are those of the joints of each kind. A limb goes to the persons that have its start,
    and makes a new one of two joints if nobody has. A closing limb gives its end to whoever has its
    start and no end, and its start to whoever has its end and no start.
    """
    people = PartialPeople(np.full((0, JOINTS), -1), np.zeros(0), np.zeros(0, dtype=np.int64))
    for limb, limbs in zip(LIMBS, candidates, strict=True):
        joints = people.joints
        by_start = _partners(limbs.starts, len(scores[limb.start]), joints[:, limb.start])
        if limb[:2] in CLOSING:
            by_end = _partners(limbs.ends, len(scores[limb.end]), joints[:, limb.end])
            gains = (by_start >= 0) & (joints[:, limb.end] < 0)
            lacks = (by_end >= 0) & (joints[:, limb.start] < 0)
            joints[gains, limb.end] = limbs.ends[by_start[gains]]
            joints[lacks, limb.start] = limbs.starts[by_end[lacks]]
            continue
        gains = by_start >= 0
        given = by_start[gains]
        joints[gains, limb.end] = limbs.ends[given]
        ends = scores[limb.end][limbs.ends] + limbs.scores
        people.totals[gains] += ends[given]
        people.counts[gains] += 1
        new = np.setdiff1d(np.arange(len(limbs.starts)), given)
        more = np.full((len(new), JOINTS), -1)
        more[:, limb.start], more[:, limb.end] = limbs.starts[new], limbs.ends[new]
        people = PartialPeople(
            np.concatenate((joints, more)),
            np.concatenate((people.totals, scores[limb.start][limbs.starts[new]] + ends[new])),
            np.concatenate((people.counts, np.full(len(new), 2))),
        )
    return people


def _partners(limb_joints: Ints, count: int, joints: Ints) -> Ints:
    """For each person's joint (M,), -1 for none, the limb that has it, else -1."""
    limbs = np.full(count + 1, -1)  # the last is what -1 looks up
    limbs[limb_joints] = np.arange(len(limb_joints))
    return limbs[joints]
