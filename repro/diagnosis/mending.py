"""What the accuracy would be if the errors of a kind were set right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from repro.data.mpii import Truth
from repro.data.people import Annotations, Floats, Ints, Poses
from repro.diagnosis.influence import linear
from repro.diagnosis.joints import JudgedJoints
from repro.diagnosis.kinds import JOINT_KINDS, KINDS
from repro.diagnosis.persons import JudgedPersons
from repro.diagnosis.placing import Placement, placed
from repro.papers.metrics import MAIN
from repro.scoring import oks, pckh
from repro.scoring.confidence import Evaluation

NOW = "now"


@dataclass(frozen=True, eq=False)
class MendedAccuracy:
    """The accuracy as it is, with kinds of errors mended, and what each mending gains.

    The names are `now`, `only KIND`, `up to KIND`, which mends those before it too, and `gain of
    only KIND` and `gain of up to KIND` over `now`.
    """

    metric: str
    """AP, or the mean of PCKh; per cent"""
    parts: Mapping[str, Evaluation]
    """name -> the evaluation whose main figure it is"""

    @property
    def units(self) -> Ints:
        """(I,) ids of the images."""
        return self.parts[NOW].units

    def metrics(self) -> dict[str, float | None]:
        """Every accuracy and gain; None where there is none."""
        values = {name: part.metrics()[self.metric] for name, part in self.parts.items()}
        now, gains = values[NOW], {}
        for name, value in values.items():
            if name != NOW:
                known = value is not None and now is not None
                gains[f"gain of {name}"] = value - now if known else None  # type: ignore[operator]
        return values | gains

    def resampled(self, weights: Ints) -> dict[str, Floats]:
        """The same (B,) of images that occur so often."""
        values = {name: part.resampled(weights)[self.metric] for name, part in self.parts.items()}
        gains = {f"gain of {name}": value - values[NOW] for name, value in values.items()}
        return values | {name: gain for name, gain in gains.items() if name != f"gain of {NOW}"}


@dataclass(frozen=True, eq=False)
class Mended:
    """Poses and persons, of which some errors are set right."""

    annotations: Annotations
    poses: Poses
    boxes: Floats | None


def by_oks(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, boxes: Floats | None
) -> MendedAccuracy:
    """AP, as the official evaluation has it, for each kind alone and for one after the other."""
    start = Mended(persons.annotations, placement.poses, boxes)
    steps: Mapping[str, Callable[[Mended], Mended]] = {
        **{
            kind: partial(_moved, persons=persons, placement=placement, joints=joints, kind=kind)
            for kind in JOINT_KINDS
        },
        "scoring": lambda given: _rescored(given, persons, placement),
        "false_positive": lambda given: _without_poses(given, ~placement.background),
        "false_negative": lambda given: _without_persons(
            given, (placement.pose >= 0) | ~persons.expected
        ),
    }
    made = {NOW: start}
    made |= {f"only {kind}": steps[kind](start) for kind in KINDS}
    so_far = start
    for kind in KINDS:
        so_far = steps[kind](so_far)
        made[f"up to {kind}"] = so_far
    parts = {
        name: linear(oks.evaluate(one.annotations, one.poses, one.boxes))
        for name, one in made.items()
    }
    return MendedAccuracy("AP", parts)


def by_pckh(
    persons: JudgedPersons, placement: Placement, joints: JudgedJoints, truth: Truth
) -> MendedAccuracy:
    """The mean of PCKh, for each kind that a joint can be."""
    parts: dict[str, Evaluation] = {}

    def add(name: str, kinds: Sequence[str]) -> None:
        points = placement.poses.keypoints[..., :2].copy()
        for kind in kinds:
            wrong = joints.is_(kind)
            points[wrong] = persons.points[wrong]
        parts[name] = pckh.evaluate(truth, points, persons.image)

    add(NOW, ())
    for kind in JOINT_KINDS:
        add(f"only {kind}", (kind,))
    for number, kind in enumerate(JOINT_KINDS, start=1):
        add(f"up to {kind}", JOINT_KINDS[:number])
    metric = next(name for name in MAIN if name in parts[NOW].metrics())
    return MendedAccuracy(metric, parts)


def _moved(
    given: Mended, persons: JudgedPersons, placement: Placement, joints: JudgedJoints, kind: str
) -> Mended:
    who, joint = np.nonzero(joints.is_(kind))
    keypoints = given.poses.keypoints.copy()
    keypoints[placement.pose[who], joint, :2] = persons.points[who, joint]
    return replace(given, poses=replace(given.poses, keypoints=keypoints))


def _rescored(given: Mended, persons: JudgedPersons, placement: Placement) -> Mended:
    known = placement if given.poses is placement.poses else placed(persons, given.poses)
    best = known.highest
    return replace(given, poses=replace(given.poses, scores=best))


def _without_poses(given: Mended, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Mended:
    boxes = None if given.boxes is None else given.boxes[kept]
    return replace(given, poses=given.poses[kept], boxes=boxes)


def _without_persons(given: Mended, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Mended:
    people = given.annotations.people
    left = replace(people, **{name: values[kept] for name, values in vars(people).items()})
    return replace(given, annotations=replace(given.annotations, people=left))
