"""What an annotation file of a user's own holds, and whether one can train or evaluate on it."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from repro.data import boxes, image_files, picture_heads
from repro.data.annotations import read
from repro.data.people import Annotations, Bools, Floats
from repro.errors import ReproError
from repro.papers.datasets import DatasetChoice
from repro.papers.protocol import IGNORE
from repro.papers.skeletons import Skeleton
from repro.records.remarks import Remark, counted

FEWEST = 5
"""persons from whom on a share tells something"""
MOSTLY = 0.8
"""the share from which on sides look named from where the viewer stands"""


@dataclass(frozen=True, slots=True)
class JointCheck:
    """One joint over all persons with joints."""

    joint: str
    labelled: int
    share: float
    """of the persons with joints"""
    hidden: int
    """of the labelled, by their visibility"""
    outside: int
    """of the labelled, outside their picture"""
    mirror: str
    """what takes its place in a mirrored image"""
    sigma: float
    """OKS constant"""


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How much a file holds, and how much of that is there."""

    images: int
    present: int
    people: int
    labelled: int
    """persons with joints that are no crowds"""
    crowd: int
    usable: int
    """of the labelled, those that a top-down network can look at"""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """An annotation file against itself and its pictures."""

    file: str
    title: str
    category: str
    counts: FileCounts
    sha256: str
    joints: tuple[JointCheck, ...]
    remarks: tuple[Remark, ...]
    """on the file and its pictures"""
    evaluation: tuple[str, ...]
    """why nothing can be evaluated on it; empty where it can"""
    training: tuple[str, ...]
    """why nothing can be trained on it; empty where it can"""

    @property
    def fit(self) -> bool:
        """Whether it can be evaluated on."""
        return not self.evaluation

    def described(self) -> dict[str, object]:
        """The same as plain values, for JSON."""
        fit = {"fit_for_evaluation": self.fit, "fit_for_training": not self.training}
        return {**asdict(self), **fit}


def check(annotations: Path, folder: Path, dataset: DatasetChoice) -> tuple[Annotations, FileCheck]:
    """The annotations with the files of their images in a folder, and what is to be said of them.

    A ReproError for a file that cannot be read at all.
    """
    if not folder.is_dir():
        raise ReproError(f"There is no folder `{folder}`.", "It was given with --images.")
    expected = image_files.found(read(annotations, dataset), folder)
    there = np.array(list(image_files.present(folder, expected.images.files)), np.bool_)
    people, entry = expected.people, expected.entry
    persons = (people.keypoints[..., 2] > 0).any(axis=1) & ~people.crowd
    usable = len(boxes.ground_truth(expected)) if persons.any() else 0
    joints = _joints(expected, persons)
    remarks = [
        *expected.remarks,
        *_of_persons(expected, persons),
        *_of_sides(people.keypoints[persons], entry.skeleton),
        *_of_pictures(expected, folder, there),
    ]
    counts = FileCounts(
        len(expected.images),
        int(there.sum()),
        len(people),
        int(persons.sum()),
        int(people.crowd.sum()),
        usable,
    )
    evaluation = _reasons(expected, persons, there, usable)
    never = [joint.joint for joint in joints if not joint.labelled] if persons.any() else []
    training = [*evaluation, *([f"nobody has {_few(never)} labelled"] if never else [])]
    name = expected.own.category if expected.own is not None else "person"
    return expected, FileCheck(
        str(annotations),
        entry.title,
        name,
        counts,
        expected.sha256,
        joints,
        tuple(remarks),
        tuple(evaluation),
        tuple(training),
    )


def _few(names: Sequence[str]) -> str:
    """`a, b and 3 more`, each in backticks."""
    first = ", ".join(f"`{name}`" for name in names[:4])
    return first if len(names) <= 4 else f"{first} and {len(names) - 4} more"


def _reasons(annotations: Annotations, persons: Bools, there: Bools, usable: int) -> list[str]:
    """Why nothing can be evaluated on a file."""
    images = annotations.images
    wanted = np.zeros(len(images), np.bool_)
    wanted[annotations.people.image[persons]] = True
    reasons = []
    if not persons.any():
        reasons.append("nobody has a labelled joint")
    elif not usable:
        reasons.append("nobody with joints has a box of some size in a picture of known size")
    absent = wanted & ~there
    if absent.any():
        first = images.files[int(np.flatnonzero(absent)[0])]
        reasons.append(
            f"{int(absent.sum()):,} of {int(wanted.sum()):,} pictures with persons are not there "
            f"(first: `{first}`)"
        )
    return reasons


def _joints(annotations: Annotations, persons: Bools) -> tuple[JointCheck, ...]:
    skeleton, people = annotations.entry.skeleton, annotations.people
    points = people.keypoints[persons]
    labelled = points[..., 2] > 0
    hidden = labelled & (points[..., 2] < 2)
    outside = labelled & _outside(points, annotations, persons)
    total = max(1, len(points))
    sigmas = skeleton.sigmas or (0.0,) * len(skeleton.joints)
    return tuple(
        JointCheck(
            name,
            int(labelled[:, place].sum()),
            float(labelled[:, place].sum() / total),
            int(hidden[:, place].sum()),
            int(outside[:, place].sum()),
            skeleton.joints[skeleton.mirrored[place]],
            sigmas[place],
        )
        for place, name in enumerate(skeleton.joints)
    )


def _outside(points: Floats, annotations: Annotations, persons: Bools) -> Bools:
    """(N, K) whether points lie outside their picture, where its size is known."""
    sizes = annotations.images.sizes[annotations.people.image[persons]][:, None, ::-1]
    beyond = (points[..., :2] < 0) | (points[..., :2] > sizes)
    return np.asarray(beyond.any(axis=2) & (sizes > 0).all(axis=2))


def _of_persons(annotations: Annotations, persons: Bools) -> list[Remark]:
    """Boxes against joints and pictures, counts against visibilities, and persons twice."""
    people, total = annotations.people, int(persons.sum())
    points, own = people.keypoints[persons], people.boxes[persons]
    labelled = points[..., 2] > 0
    low, high = own[:, None, :2] - 1, own[:, None, :2] + own[:, None, 2:] + 1
    away = labelled & ((points[..., :2] < low) | (points[..., :2] > high)).any(axis=2)
    sizes = annotations.images.sizes[people.image[persons]][:, ::-1]
    beyond = ((own[:, :2] + own[:, 2:] > sizes + 1) | (own[:, :2] < -1)).any(axis=1)
    beyond &= (sizes > 0).all(axis=1)
    corners = beyond & (own[:, 2:] > own[:, :2]).all(axis=1) & (own[:, 2:] <= sizes + 1).all(axis=1)
    differing = people.labelled[persons] != labelled.sum(axis=1)
    outside = labelled & _outside(points, annotations, persons)
    twice = total - len(
        {
            (image, *point.ravel().tolist())
            for image, point in zip(people.image[persons].tolist(), points, strict=True)
        }
    )
    found = [
        (away.any(axis=1).sum(), "persons have labelled joints outside of their boxes"),
        (beyond.sum(), "persons have a box that leaves its picture"),
        (outside.any(axis=1).sum(), "persons have labelled joints outside of their pictures"),
        (differing.sum(), "persons have a `num_keypoints` that is not the number of their joints"),
        ((own[:, 2:] <= 0).any(axis=1).sum(), "persons have a box of no size"),
        (twice, "persons stand twice in the file, on the same picture with the same joints"),
    ]
    remarks = [counted("annotations", int(n), total, what) for n, what in found if n]
    if total >= FEWEST and 2 * int(corners.sum()) > total:
        text = (
            "Most boxes look like two corners (left, top, right, bottom), not like corner and size."
        )
        remarks.append(Remark("annotations", text, int(corners.sum()), total))
    return remarks


def _of_sides(points: Floats, skeleton: Skeleton) -> list[Remark]:
    """Pairs of joints whose left and right look exchanged, by where the other pairs lie."""
    mirror = skeleton.mirrored
    pairs = [
        (place, other) if skeleton.side(place) != "right" else (other, place)
        for place, other in enumerate(mirror)
        if place < other and skeleton.side(place)
    ]
    if not pairs:
        return []
    left, right = (points[:, [pair[side] for pair in pairs]] for side in (0, 1))
    both = (left[..., 2] > 0) & (right[..., 2] > 0)
    apart = np.where(both, np.sign(left[..., 0] - right[..., 0]), 0)  # (N, pairs)
    remarks = []
    for place, pair in enumerate(pairs):
        others = np.sign(apart.sum(axis=1) - apart[:, place])
        told = (others != 0) & (apart[:, place] != 0)
        against = int((apart[told, place] == -others[told]).sum())
        if told.sum() >= FEWEST and 2 * against > told.sum():
            names = " and ".join(f"`{skeleton.joints[joint]}`" for joint in pair)
            what = f"persons have {names} the other way round than their other pairs: exchanged?"
            remarks.append(counted("annotations", against, int(told.sum()), what))
    facing = np.sign(apart.sum(axis=1))
    known = int((facing != 0).sum())
    seen = int((facing < 0).sum())
    if known >= FEWEST and seen >= MOSTLY * known:
        what = (
            "persons have their left joints on the left of the picture: seen from behind, or "
            "named from the viewer's side?"
        )
        remarks.append(counted("annotations", seen, known, what))
    return remarks


def _of_pictures(annotations: Annotations, folder: Path, there: Bools) -> list[Remark]:
    """Pictures that are not there, of another size, the same twice; images without persons."""
    images, total = annotations.images, len(annotations.images)
    differing = swapped = unreadable = 0
    by_length: dict[int, list[Path]] = defaultdict(list)
    for place in np.flatnonzero(there).tolist():
        path, stated = folder / images.files[place], tuple(images.sizes[place].tolist())
        by_length[path.stat().st_size].append(path)
        size = image_files.size_of(path)
        unreadable += size is None
        if size is not None and 0 not in stated and size != stated:
            differing += 1
            swapped += size == stated[::-1]
    same = sum(_repeated(paths) for paths in by_length.values() if len(paths) > 1)
    empty = total - len(np.unique(annotations.people.image))
    names = total - len(set(images.files))
    turned = f", of which {swapped:,} have height and width exchanged"
    found = [
        (int((~there).sum()), f"images are not in `{folder}`"),
        (unreadable, "images cannot be read"),
        (differing, f"images are not of the size in the file{turned if swapped else ''}"),
        (names, "images have a `file_name` that another has, too"),
        (same, "images are the same picture as another, byte for byte"),
        (empty, "images have no person"),
    ]
    told = [counted("pictures", count, total, what) for count, what in found if count]
    paths = [folder / images.files[place] for place in np.flatnonzero(there).tolist()]
    return [*told, *picture_heads.remarks(paths, IGNORE)]


def _repeated(paths: Sequence[Path]) -> int:
    """How many of files of one length have the bytes of another; one file twice is none."""
    digests = {path: hashlib.sha256(path.read_bytes()).digest() for path in dict.fromkeys(paths)}
    return len(digests) - len(set(digests.values()))
