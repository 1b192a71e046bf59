"""The worst cases of each kind of error, to be looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.people import Floats, Ints
from repro.diagnosis.joints import JudgedJoints
from repro.diagnosis.kinds import JOINT_KINDS, KINDS
from repro.diagnosis.persons import JudgedPersons
from repro.diagnosis.placing import Placement
from repro.diagnosis.shares import wrongly_scored


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """One person or pose with errors of a kind."""

    kind: str
    position: int
    """of the image in the annotation file"""
    person: int | None
    """place in the annotation file; None for a pose at nobody"""
    poses: tuple[int, ...]
    """places in the results; none for a person who was not found"""
    joints: tuple[int, ...]
    """those of the kind"""
    what: str


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case as it is told."""

    side: int
    """of which evaluation, from 0"""
    kind: str
    image: int | str
    """id"""
    file: str
    person: int | None
    """id of the annotation; null for a pose at nobody"""
    poses: tuple[int, ...]
    """places in the results, from 0"""
    joints: tuple[str, ...]
    """those that are wrong"""
    what: str
    picture: str | None
    """the file; null where it is not drawn"""


def described(persons: JudgedPersons, side: int, case: ErrorCase, path: Path | None) -> FoundCase:
    """A case by the ids and names of the annotation file."""
    images, people = persons.annotations.images, persons.annotations.people
    (image,) = images.given(images.ids[case.position : case.position + 1])
    names = persons.annotations.entry.skeleton.joints
    return FoundCase(
        side,
        case.kind,
        image,
        images.files[case.position],
        None if case.person is None else int(people.ids[case.person]),
        case.poses,
        tuple(names[joint] for joint in case.joints),
        case.what,
        None if path is None else str(path),
    )


def worst(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, most: int
) -> list[ErrorCase]:
    """Up to `most` cases of each kind, the worst first.

    Joints: persons with the most of the kind, of equals those whose other joints fare worst.
    Scoring: where the better pose is better by the most. Poses at nobody: those with the highest
    scores. Persons who were not found: the largest.
    """
    cases: list[ErrorCase] = []
    for kind in KINDS:
        found = _of_joints if kind in JOINT_KINDS else OTHERS[kind]
        cases += found(persons, placement, joints, most, kind)
    return cases


def _of_joints(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, most: int, kind: str
) -> Iterator[ErrorCase]:
    wrong = joints.is_(kind)
    number = wrong.sum(axis=1)
    order = np.lexsort((joints.similarity.sum(axis=1), -number))
    for person in order[number[order] > 0][:most].tolist():
        judged = int((joints.state[person] >= 0).sum())
        what = f"{number[person]} of {judged} joints"
        places = tuple(np.flatnonzero(wrong[person]).tolist())
        yield _case(kind, persons, person, (int(placement.pose[person]),), places, what)


def _of_scores(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, most: int, kind: str
) -> Iterator[ErrorCase]:
    if persons.annotations.entry.measure != "OKS":
        return
    wrong = np.flatnonzero(wrongly_scored(placement))
    near = np.flatnonzero(np.isin(placement.person, wrong) & placement.counted)
    scores = placement.poses.scores
    by_score, by_oks = (
        _first(near, placement.person, values) for values in (scores, placement.oks)
    )
    lost = [placement.oks[by_oks[one]] - placement.oks[by_score[one]] for one in wrong.tolist()]
    for place in _largest(np.array(lost), most):
        person = int(wrong[place])
        better, higher = by_oks[person], by_score[person]
        what = (
            f"OKS {placement.oks[better]:.2f} with score {scores[better]:.3g}, "
            f"OKS {placement.oks[higher]:.2f} with score {scores[higher]:.3g}"
        )
        yield _case(kind, persons, person, (better, higher), (), what)


def _of_background(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, most: int, kind: str
) -> Iterator[ErrorCase]:
    poses = np.flatnonzero(placement.background)
    for place in _largest(placement.poses.scores[poses], most):
        pose = int(poses[place])
        what = f"score {placement.poses.scores[pose]:.3g}"
        yield ErrorCase(kind, int(placement.image[pose]), None, (pose,), (), what)


def _of_unfound(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, most: int, kind: str
) -> Iterator[ErrorCase]:
    lost = np.flatnonzero(persons.expected & (placement.pose < 0))
    areas = persons.annotations.people.areas[lost]
    for place in _largest(areas, most):
        what = f"{np.sqrt(areas[place]):.0f} pixels large"
        yield _case(kind, persons, int(lost[place]), (), (), what)


OTHERS = {
    "scoring": _of_scores,
    "false_positive": _of_background,
    "false_negative": _of_unfound,
}


def _case(
    kind: str,
    persons: JudgedPersons,
    person: int,
    poses: tuple[int, ...],
    joints: tuple[int, ...],
    what: str,
) -> ErrorCase:
    return ErrorCase(kind, int(persons.image[person]), person, poses, joints, what)


def _largest(values: Floats, most: int) -> list[int]:
    order: list[int] = np.argsort(-values, kind="stable")[:most].tolist()
    return order


def _first(poses: Ints, owner: Ints, values: Floats) -> dict[int, int]:
    """Person -> of their poses the one with the highest value, the first of equals."""
    backwards = poses[::-1]
    rising = backwards[np.argsort(values[backwards], kind="stable")]
    return dict(zip(owner[rising].tolist(), rising.tolist(), strict=True))  # the last counts
