"""What is told of the errors of one evaluation, or of two side by side; all shares in per cent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.diagnosis import joint_curves
from repro.diagnosis.diagnose import Diagnosis
from repro.diagnosis.kinds import KINDS
from repro.diagnosis.mending import NOW
from repro.scoring.confidence import (
    RESAMPLES,
    Difference,
    Evaluation,
    Interval,
    bootstrap,
    paired,
)

ALONE, TOGETHER = "only", "up to"


@dataclass(frozen=True, slots=True)
class DiagnosedSide:
    """An evaluation and how its poses and persons came together."""

    name: str
    record: str | None
    """key of the record that keeps the poses; null for a file"""
    images: int
    persons: int
    """who are to be found"""
    found: int
    """of them have a pose of their own"""
    unfound: int
    """of them have none"""
    shared: int
    """of those are reached by poses that are somebody else's"""
    poses: int
    """that count"""
    joints: int
    """labelled joints of those who were found"""
    metric: str
    """AP, or the mean of PCKh"""
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class ShareOfSide:
    """How many of how many, and the share with its 95 % interval; null of nothing."""

    value: float | None
    low: float | None
    high: float | None
    count: int
    total: int


@dataclass(frozen=True, slots=True)
class FoundShare:
    """The share of one kind of error in one group."""

    kind: str
    group: str
    """all, joint, size, overlap or crowding"""
    of: str
    """which joint, size ...; empty for all"""
    sides: tuple[ShareOfSide, ...]
    difference: Difference | None
    """B less A, on the same resamples of the images"""


@dataclass(frozen=True, slots=True)
class GainOfSide:
    """The accuracy when errors are mended, and what that gains, with its 95 % interval."""

    accuracy: float | None
    gain: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class FoundGain:
    """What mending one kind of error gives."""

    kind: str
    together: bool
    """whether the kinds before it are mended too"""
    sides: tuple[GainOfSide, ...]
    difference: Difference | None
    """of the gains, B less A"""


@dataclass(frozen=True, slots=True)
class CurveOfSide:
    """Shares at each threshold with their 95 % intervals; empty where no joint is labelled."""

    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class JointCurve:
    """How the share of a joint that is close enough grows."""

    joint: str
    measure: str
    """similarity: at least the threshold; PCK: at most so far, in sizes of the person"""
    thresholds: tuple[float, ...]
    sides: tuple[CurveOfSide, ...]


@dataclass(frozen=True, slots=True)
class ErrorFindings:
    """Everything but pictures."""

    sides: tuple[DiagnosedSide, ...]
    shares: tuple[FoundShare, ...]
    gains: tuple[FoundGain, ...]
    curves: tuple[JointCurve, ...]
    absent: Mapping[str, str]
    """kind of error -> why it cannot be told of this data set"""
    size_of: str
    """what distances are divided by for PCK"""

    def share(self, kind: str, group: str = "all", of: str = "") -> FoundShare | None:
        """One share; None where there is none."""
        wanted = (kind, group, of)
        return next((one for one in self.shares if (one.kind, one.group, one.of) == wanted), None)

    def gain(self, kind: str, together: bool = False) -> FoundGain | None:
        """What mending a kind gives; None where that cannot be."""
        wanted = (kind, together)
        return next((one for one in self.gains if (one.kind, one.together) == wanted), None)


def findings(diagnoses: Sequence[Diagnosis], resamples: int = RESAMPLES) -> ErrorFindings:
    """The findings on one evaluation, or on two of the same images in pairs."""
    first = diagnoses[0]
    known = {one.kind for one in first.figures}
    why = f"{first.persons.annotations.entry.title} gives each person one pose"
    return ErrorFindings(
        tuple(_side(one) for one in diagnoses),
        _shares(diagnoses, resamples),
        _gains(diagnoses, resamples),
        _curves(diagnoses, resamples),
        {kind: why for kind in KINDS if kind not in known},
        first.persons.size_of,
    )


def _side(one: Diagnosis) -> DiagnosedSide:
    placement, wanted = one.placement, one.persons.expected
    has_pose = placement.pose >= 0
    return DiagnosedSide(
        one.name,
        one.record,
        len(one.persons.annotations.images),
        int(wanted.sum()),
        int((wanted & has_pose).sum()),
        int((wanted & ~has_pose).sum()),
        int((wanted & ~has_pose & placement.reached).sum()),
        int(placement.counted.sum()),
        int((one.joints.state >= 0).sum()),
        one.mended.metric,
        one.mended.metrics()[NOW],
    )


def _shares(diagnoses: Sequence[Diagnosis], resamples: int) -> tuple[FoundShare, ...]:
    values = [one.shares.metrics() for one in diagnoses]
    counts = [one.shares.counts() for one in diagnoses]
    bounds = [bootstrap(one.shares, resamples) for one in diagnoses]
    apart = _apart([one.shares for one in diagnoses], resamples)
    return tuple(
        FoundShare(
            figure.kind,
            figure.group,
            figure.of,
            tuple(
                ShareOfSide(value[figure.name], *_ends(bound.get(figure.name)), *count[figure.name])
                for value, bound, count in zip(values, bounds, counts, strict=True)
            ),
            apart.get(figure.name),
        )
        for figure in diagnoses[0].figures
    )


def _gains(diagnoses: Sequence[Diagnosis], resamples: int) -> tuple[FoundGain, ...]:
    values = [one.mended.metrics() for one in diagnoses]
    bounds = [bootstrap(one.mended, resamples) for one in diagnoses]
    apart = _apart([one.mended for one in diagnoses], resamples)
    found = []
    for way in (ALONE, TOGETHER):
        for kind in KINDS:
            name, gain = f"{way} {kind}", f"gain of {way} {kind}"
            if name in values[0]:
                sides = tuple(
                    GainOfSide(value[name], value[gain], *_ends(bound.get(gain)))
                    for value, bound in zip(values, bounds, strict=True)
                )
                found.append(FoundGain(kind, way == TOGETHER, sides, apart.get(gain)))
    return tuple(found)


def _curves(diagnoses: Sequence[Diagnosis], resamples: int) -> tuple[JointCurve, ...]:
    values = [one.curves.metrics() for one in diagnoses]
    bounds = [bootstrap(one.curves, resamples) for one in diagnoses]
    sides = list(zip(values, bounds, strict=True))
    return tuple(
        JointCurve(
            joint,
            measure,
            tuple(thresholds.tolist()),
            tuple(_curve(*side, f"{measure}/{joint}", len(thresholds)) for side in sides),
        )
        for measure, thresholds in joint_curves.MEASURES.items()
        for joint in diagnoses[0].persons.annotations.entry.skeleton.joints
    )


def _curve(
    values: Mapping[str, float | None], bounds: Mapping[str, Interval], name: str, number: int
) -> CurveOfSide:
    names = [f"{name}/{place}" for place in range(number)]
    points = [value for one in names if (value := values[one]) is not None]
    ends = [bounds[one] for one in names if one in bounds]
    return CurveOfSide(
        tuple(points), tuple(one.low for one in ends), tuple(one.high for one in ends)
    )


def _apart(sides: Sequence[Evaluation], resamples: int) -> Mapping[str, Difference]:
    if len(sides) < 2:
        return {}
    first, second = sides
    return paired(first, second, resamples)


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)
