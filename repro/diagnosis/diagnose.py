"""One evaluation, diagnosed: who is where, what became of the joints, and what it costs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.comparing import kept_poses
from repro.data import own_dataset
from repro.data.annotations import read, told
from repro.data.mpii import Truth
from repro.data.people import Annotations, Floats, Poses
from repro.diagnosis import joint_curves, joints, mending, persons, placing, shares
from repro.diagnosis.joints import JudgedJoints
from repro.diagnosis.mending import MendedAccuracy
from repro.diagnosis.persons import JudgedPersons
from repro.diagnosis.placing import Placement
from repro.diagnosis.shares import ErrorShare, ErrorShares
from repro.errors import ReproError, listed
from repro.records.record import Record
from repro.records.remarks import Remark, counted
from repro.records.store import Store
from repro.scoring import results
from repro.scoring.pckh import LEFT_OUT
from repro.scoring.results import Results
from repro.scoring.score import truth

UNJUDGED = Remark(
    "annotations",
    f"The joints {listed(LEFT_OUT)} are not judged, as the mean of PCKh leaves them out.",
)


@dataclass(frozen=True, eq=False)
class ExpectedPersons:
    """What an annotation file says is to be found."""

    path: Path
    annotations: Annotations
    truth: Truth | None
    """MPII's joints and head boxes"""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """All that is known of the errors of an evaluation."""

    name: str
    record: str | None
    """key of the record that keeps the poses; None for a file"""
    persons: JudgedPersons
    placement: Placement
    joints: JudgedJoints
    figures: tuple[ErrorShare, ...]
    shares: ErrorShares
    mended: MendedAccuracy
    curves: ErrorShares
    remarks: tuple[Remark, ...]
    """on the annotations and the results"""


def expected(path: Path, dataset: str | None) -> ExpectedPersons:
    """The persons of an annotation file; a ReproError for what is none."""
    annotations = read(path, own_dataset.found(dataset)) if dataset else told(path)
    heads = None
    if annotations.entry.measure == "PCKh":
        heads, _ = truth(path)
    return ExpectedPersons(path, annotations, heads)


def diagnose(
    word: str, store: Store, wanted: ExpectedPersons, zero_based: bool = False
) -> Diagnosis:
    """Diagnose a results file, or the evaluation whose key begins so.

    A ReproError for what is neither; an IncomparableError for a record of other annotations.
    """
    annotations = wanted.annotations
    if zero_based and wanted.truth is None:
        raise ReproError(
            f"`{annotations.dataset}` counts pixels from 0 already.", "Leave --zero-based out."
        )
    record = kept_poses.record_of(word, store)
    kept_poses.check_data(word, record, annotations, wanted.path)
    with kept_poses.poses_file(word, record, store) as file:
        given = _given(file, wanted, zero_based and record is None)
    return of_poses(kept_poses.name_of(word, record), record, wanted, given)


def of_poses(
    name: str, record: Record | None, wanted: ExpectedPersons, given: Results
) -> Diagnosis:
    """Diagnose poses that were read."""
    annotations, poses = wanted.annotations, given.poses
    if wanted.truth is None:
        people = persons.by_oks(annotations)
        placement = placing.placed(people, poses)
        states = joints.judged(people, placement)
        mended = mending.by_oks(people, placement, states, given.boxes)
        told = _empty(people, placement)
    else:
        people = persons.by_pckh(annotations, wanted.truth)
        placement = placing.one_each(people, poses)
        states = joints.judged(people, placement)
        mended = mending.by_pckh(people, placement, states, wanted.truth)
        told = (UNJUDGED,)
    figures, found = shares.shares(people, placement, states, _areas(poses, given.boxes))
    return Diagnosis(
        name,
        None if record is None else record.key,
        people,
        placement,
        states,
        figures,
        found,
        mended,
        joint_curves.curves(people, states),
        (*annotations.remarks, *given.remarks, *told),
    )


def _given(file: Path, wanted: ExpectedPersons, zero_based: bool) -> Results:
    annotations = wanted.annotations
    if wanted.truth is None:
        return results.matched(file, annotations)
    points = results.points(file) - (0 if zero_based else 1)
    people = annotations.people
    if len(points) != len(people):
        raise ReproError(
            f"There are {len(points):,} poses for {len(people):,} persons.",
            "Give one pose a person, in the order of the valid list.",
        )
    sure = np.ones((*points.shape[:2], 1))
    ids = annotations.images.ids[people.image]
    return Results(Poses(ids, np.concatenate([points, sure], axis=2), np.ones(len(ids))), None)


def _areas(poses: Poses, boxes: Floats | None) -> Floats:
    """(N,) of the boxes of a results file, else of the extent of the joints."""
    if boxes is not None:
        return np.asarray(boxes[:, 2:].prod(axis=1))
    with np.errstate(over="ignore"):
        return np.asarray(np.ptp(poses.keypoints[..., :2], axis=1).prod(axis=1))


def _empty(people: JudgedPersons, placement: Placement) -> tuple[Remark, ...]:
    """The remark on images with persons to be found and without any pose."""
    wanted = np.unique(people.image[people.expected])
    bare = np.setdiff1d(wanted, placement.image)
    if not len(bare):
        return ()
    lost = int(np.isin(people.image[people.expected], bare).sum())
    what = f"images with persons have no pose; their {lost:,} persons are false negatives"
    return (counted("results", len(bare), len(wanted), what),)
