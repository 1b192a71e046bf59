"""How large a share of joints, persons and poses each kind of error has, by groups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from repro.data.people import Bools, Floats, Ints
from repro.diagnosis.joints import JudgedJoints
from repro.diagnosis.kinds import GOOD, JOINT_KINDS
from repro.diagnosis.persons import BESIDE, SIZES, JudgedPersons
from repro.diagnosis.placing import Placement

EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class ErrorShare:
    """What one figure is about."""

    kind: str
    group: str
    """all, joint, size, overlap or crowding"""
    of: str
    """which joint, size ...; empty for all"""

    @property
    def name(self) -> str:
        """One word for it."""
        return "/".join((self.kind, self.group, self.of))


@dataclass(frozen=True, eq=False)
class ErrorShares:
    """Shares in per cent, which can be resampled by image."""

    units: Ints
    """(I,) ids of the images, in the order of the annotation file"""
    names: tuple[str, ...]
    """F of them"""
    part: Floats
    """(I, F) how many of an image are of the kind"""
    whole: Floats
    """(I, F) of how many"""

    def metrics(self) -> dict[str, float | None]:
        """Per cent of all images; None of nothing."""
        part, whole = self.part.sum(axis=0), self.whole.sum(axis=0)
        shares = zip(self.names, part.tolist(), whole.tolist(), strict=True)
        return {name: 100 * some / all_ if all_ else None for name, some, all_ in shares}

    def counts(self) -> dict[str, tuple[int, int]]:
        """How many of how many."""
        part, whole = self.part.sum(axis=0), self.whole.sum(axis=0)
        return {
            name: (round(some), round(all_))
            for name, some, all_ in zip(self.names, part.tolist(), whole.tolist(), strict=True)
        }

    def resampled(self, weights: Ints) -> dict[str, Floats]:
        """Per cent (B,) where image i occurs weights[b, i] times."""
        copies = weights.astype(np.float64)
        with np.errstate(invalid="ignore"):
            shares = 100 * (copies @ self.part) / (copies @ self.whole)
        return dict(zip(self.names, shares.T, strict=True))


@dataclass(frozen=True, eq=False)
class Counted:
    """What shares are taken of: joints, persons or poses, each on an image and in some groups."""

    image: Ints
    """(E,)"""
    kinds: Mapping[str, Bools]
    """kind -> (E,) whether each is of the kind"""
    groups: Mapping[tuple[str, str], Bools]
    """(group, of) -> (E,) whether each belongs to it"""


def shares(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, areas: Floats
) -> tuple[tuple[ErrorShare, ...], ErrorShares]:
    """All figures of an evaluation; `areas` (N,) are those of the poses."""
    images = persons.annotations.images
    facts, parts, wholes = [], [], []
    for counted in _counted(persons, placement, joints, areas):
        for (group, of), inside in counted.groups.items():
            whole = np.bincount(counted.image[inside], minlength=len(images))
            for kind, marked in counted.kinds.items():
                facts.append(ErrorShare(kind, group, of))
                wholes.append(whole)
                parts.append(np.bincount(counted.image[inside & marked], minlength=len(images)))
    names = tuple(one.name for one in facts)
    part, total = (np.array(one, np.float64).T.copy() for one in (parts, wholes))
    return tuple(facts), ErrorShares(images.ids, names, part, total)


def _counted(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, areas: Floats
) -> Iterator[Counted]:
    """Joints of found persons; found persons; expected persons; counted poses."""
    oks = persons.annotations.entry.measure == "OKS"
    of_person = _groups(persons, persons.image, persons.annotations.people.areas, oks)
    of_person |= _within("overlap", persons.beside(), BESIDE) if oks else {}
    owner, joint = np.nonzero(joints.state >= 0)
    names = persons.annotations.entry.skeleton.joints
    yield Counted(
        persons.image[owner],
        {kind: joints.is_(kind)[owner, joint] for kind in (GOOD, *reversed(JOINT_KINDS))},
        {
            **{key: inside[owner] for key, inside in of_person.items()},
            **{("joint", name): joint == place for place, name in enumerate(names)},
        },
    )
    if not oks:
        return
    found = np.flatnonzero(placement.pose >= 0)
    yield Counted(
        persons.image[found],
        {"scoring": wrongly_scored(placement)[found]},
        {key: inside[found] for key, inside in of_person.items()},
    )
    wanted = np.flatnonzero(persons.expected)
    yield Counted(
        persons.image[wanted],
        {"false_negative": placement.pose[wanted] < 0},
        {key: inside[wanted] for key, inside in of_person.items()},
    )
    poses = np.flatnonzero(placement.counted)
    of_pose = _groups(persons, placement.image[poses], areas[poses], oks)
    yield Counted(placement.image[poses], {"false_positive": placement.background[poses]}, of_pose)


def wrongly_scored(placement: Placement) -> Bools:
    """(P,) whether of the poses nearest to a person the best placed has a lower score than another
    that is placed worse.
    """
    wrong = np.zeros(len(placement.pose), np.bool_)
    near = np.flatnonzero((placement.person >= 0) & placement.counted)
    order = near[np.lexsort((-placement.oks[near], placement.person[near]))]
    owner, oks = placement.person[order], placement.oks[order]
    best = order[np.searchsorted(owner, owner)]
    scores = placement.poses.scores
    wrong[owner[(scores[order] > scores[best]) & (oks < placement.oks[best])]] = True
    return wrong


def _groups(
    persons: JudgedPersons, image: Ints, areas: Floats, sized: bool
) -> dict[tuple[str, str], Bools]:
    """Everything, classes of size, and of the crowding of images where the data set has them."""
    groups = {(EVERYTHING, ""): np.ones(len(image), np.bool_)}
    groups |= _within("size", areas, SIZES) if sized else {}
    crowding, classes = persons.annotations.images.crowding, persons.annotations.entry.crowding
    return groups | ({} if crowding is None else _within("crowding", crowding[image], classes))


def _within(
    group: str, values: Floats | Ints, bounds: Mapping[str, tuple[float, float]]
) -> dict[tuple[str, str], Bools]:
    return {
        (group, name): np.asarray((low <= values) & (values < high))
        for name, (low, high) in bounds.items()
    }
