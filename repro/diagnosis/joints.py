"""What became of each joint: good, jitter, inversion, swap or miss."""

from dataclasses import dataclass

import numpy as np

from repro.data.people import Bools, Floats, Ints
from repro.diagnosis.kinds import NEAR, RIGHT, STATES
from repro.diagnosis.persons import JudgedPersons, pairs_of_images
from repro.diagnosis.placing import Placement


@dataclass(frozen=True, eq=False)
class JudgedJoints:
    """The joints of the persons who were given a pose."""

    state: Ints
    """(P, K) position in STATES; -1 for what is not labelled, or whose person has no pose"""
    similarity: Floats
    """(P, K) of a joint with where it is annotated; 0 where the state is -1"""
    away: Floats
    """(P, K) pixels between the two; infinite where the state is -1"""

    def is_(self, kind: str) -> Bools:
        """(P, K) whether a joint is of a kind."""
        return np.asarray(self.state == STATES.index(kind))


def judged(persons: JudgedPersons, placement: Placement) -> JudgedJoints:
    """The state of each joint; similarity is exp(-d**2 / (2 s**2 k**2)), as in OKS.

    Its own place is asked first, then the mirrored joint of the same person, then the same and the
    mirrored joint of the other persons on the image, each by its own size.
    """
    owners = np.flatnonzero(placement.pose >= 0)
    points = placement.poses.keypoints[placement.pose[owners], :, :2]
    known = persons.labelled[owners]
    shape = persons.labelled.shape
    state, similarity, away = np.full(shape, -1), np.zeros(shape), np.full(shape, np.inf)
    own = _distance(points, persons.points[owners])
    near = _similarity(own, persons.reach[owners])
    swapped = persons.mirrored
    mirror = _at(points, persons, owners, swapped)
    mirror[:, swapped == np.arange(len(swapped))] = 0
    places = [near >= RIGHT, near >= NEAR, mirror >= NEAR]
    undecided = known & ~np.logical_or.reduce(places)
    other = _of_others(points, persons, owners, undecided)
    every = np.ones_like(known)
    decided = np.argmax(np.stack([*places, other >= NEAR, every]), axis=0)
    state[owners] = np.where(known, decided, -1)
    similarity[owners] = np.where(known, near, 0)
    away[owners] = np.where(known, own, np.inf)
    return JudgedJoints(state, similarity, away)


def _of_others(points: Floats, persons: JudgedPersons, owners: Ints, asked: Bools) -> Floats:
    """(M, K) the best similarity with the same or the mirrored joint of anybody else."""
    best = np.zeros(asked.shape)
    row = np.full(len(persons.image), -1)
    row[owners] = np.where(asked.any(axis=1), np.arange(len(owners)), -1)
    order, first, second = pairs_of_images(persons.image)
    mine, others = row[order[first]], order[second]
    mine, others = mine[mine >= 0], others[mine >= 0]
    same = np.arange(asked.shape[1])
    for joints in (same, persons.mirrored):
        np.maximum.at(best, mine, _at(points[mine], persons, others, joints))
    return best


def _at(points: Floats, persons: JudgedPersons, who: Ints, joints: Ints) -> Floats:
    """(M, K) the similarity of points (M, K, 2) with these joints of persons; 0 if not labelled."""
    away = _distance(points, persons.points[who][:, joints])
    near = _similarity(away, persons.reach[who][:, joints])
    return np.where(persons.labelled[who][:, joints], near, 0)


def _distance(points: Floats, others: Floats) -> Floats:
    with np.errstate(over="ignore"):  # a joint at 1e300 is as far away as any
        return np.asarray(np.hypot(*np.moveaxis(points - others, -1, 0)))


def _similarity(away: Floats, reach: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(-((away / np.maximum(reach, np.finfo(float).tiny)) ** 2) / 2))
