"""Which pose is at which person: by OKS alone, however the poses are scored."""

from dataclasses import dataclass

import numpy as np

from repro.data.people import Bools, Floats, Ints, Poses
from repro.diagnosis.kinds import LEAST
from repro.diagnosis.persons import JudgedPersons
from repro.scoring.oks_rules import MOST
from repro.scoring.pairs import Detections, Pairs, Persons, similar


@dataclass(frozen=True, eq=False)
class Placement:
    """The poses of an evaluation and the persons they are at."""

    poses: Poses
    image: Ints
    """(N,) position of each pose's image in the annotation file"""
    counted: Bools
    """(N,) whether a pose is among the best of its image that the evaluation counts"""
    pose: Ints
    """(P,) the pose that was given to a person; -1 for none"""
    person: Ints
    """(N,) the nearest person; -1 for none that is to be found"""
    oks: Floats
    """(N,) with that person; 0 for none"""
    highest: Floats
    """(N,) the highest OKS with anybody, ignored or not; 0 where nobody is reached"""
    reached: Bools
    """(P,) whether any pose is at a person, be it that of somebody else"""

    @property
    def background(self) -> Bools:
        """(N,) counted poses at nobody, not even at somebody who is ignored."""
        return self.counted & (self.highest < LEAST)


def placed(persons: JudgedPersons, poses: Poses) -> Placement:
    """Give poses to persons, the most similar pair first, each once, from an OKS of LEAST on."""
    annotations = persons.annotations
    ids = annotations.images.ids
    by_id = np.argsort(ids, kind="stable")
    image = by_id[np.searchsorted(ids[by_id], poses.image_ids)]
    order = np.lexsort((-poses.scores, image))
    rank = np.arange(len(order)) - np.searchsorted(image[order], image[order])
    kept = order[rank < MOST]
    rows = np.argsort(persons.image, kind="stable")
    found = _similar(persons, poses, image, kept, rows)
    pose, person, oks = kept[found.detection], rows[found.person], found.oks
    expected = persons.expected[person]
    given = _given(pose[expected], person[expected], oks[expected], len(persons.image), len(poses))
    nearest = np.full(len(poses), -1)
    near, highest = np.zeros(len(poses)), np.zeros(len(poses))
    np.maximum.at(highest, pose, oks)
    np.maximum.at(near, pose[expected], oks[expected])
    rising = np.lexsort((oks[expected], pose[expected]))
    nearest[pose[expected][rising]] = person[expected][rising]  # the last is the most similar
    counted, reached = np.zeros(len(poses), np.bool_), np.zeros(len(persons.image), np.bool_)
    counted[kept] = True
    reached[person] = True
    return Placement(poses, image, counted, given, nearest, near, highest, reached)


def one_each(persons: JudgedPersons, poses: Poses) -> Placement:
    """The poses of MPII: one for each person, in the order of the list."""
    every, all_ = np.arange(len(persons.image)), np.ones(len(persons.image), np.bool_)
    sure = np.ones(len(every))
    return Placement(poses, persons.image, all_, every, every, sure, sure, all_)


def _similar(persons: JudgedPersons, poses: Poses, image: Ints, kept: Ints, rows: Ints) -> Pairs:
    """All pairs of a pose and a person of its image from LEAST on, by `kept` and `rows`."""
    people = persons.annotations.people
    nothing = np.zeros((len(rows), 1), np.bool_)
    truth = Persons(
        people.ids[rows],
        people.image[rows],
        people.boxes[rows],
        people.keypoints[rows],
        people.areas[rows],
        people.crowd[rows],
        nothing,
    )
    nowhere = np.zeros((len(kept), 1), np.bool_)
    detections = Detections(image[kept], poses.scores[kept], poses.keypoints, kept, nowhere)
    sigmas = np.array(persons.annotations.entry.skeleton.sigmas)
    return similar(detections, truth, sigmas, LEAST)


def _given(pose: Ints, person: Ints, oks: Floats, persons: int, poses: int) -> Ints:
    """(P,) the pose of each person."""
    given = np.full(persons, -1)
    free = [True] * poses
    taken = given.tolist()
    order = np.lexsort((pose, person, -oks))
    for one, who in zip(pose[order].tolist(), person[order].tolist(), strict=True):
        if free[one] and taken[who] < 0:
            taken[who], free[one] = one, False
    given[:] = taken
    return given
