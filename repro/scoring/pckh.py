"""PCKh of MPII: the share of joints within a part of the head's size, as HRNet counts it.

`lib/dataset/mpii.py` of the HRNet repository: a joint is right within half of 0.6 x the diagonal of
the head box, the bound included; the mean is over all joints but pelvis and thorax, each joint of
each person alike; "Mean@0.1" is at 0.11, which stands where 0.10 would in a list that starts at 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from repro.data.mpii import Truth
from repro.data.people import Bools, Floats, Ints
from repro.errors import ReproError
from repro.papers.skeletons import MPII

HEAD_SHARE = 0.6
"""of the diagonal of the head box"""
BOUND = 0.5
FINE_BOUND = np.arange(0, 0.51, 0.01)[11]
GROUPS: Mapping[str, tuple[str, ...]] = {
    "Head": ("head top",),
    **{
        part.capitalize(): (f"left {part}", f"right {part}")
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    },
}
MEAN, FINE_MEAN = "Mean", "Mean@0.1"
LEFT_OUT = ("pelvis", "thorax")
"""of the mean"""
COUNTED = [place for place, joint in enumerate(MPII.joints) if joint not in LEFT_OUT]


@dataclass(frozen=True, eq=False)
class Hits:
    """Which joints were found."""

    units: Ints
    """(I,) what is resampled: images, or persons where the file does not name images"""
    unit: Ints
    """(N,) position in `units`"""
    annotated: Bools
    """(N, 16)"""
    right: Bools
    """(N, 16) within half of the head's size"""
    close: Bools
    """(N, 16) within 0.11 of it"""

    def metrics(self) -> dict[str, float | None]:
        """Percent of the groups of joints and of all; None where none is annotated."""
        figures = self.resampled(np.ones((1, len(self.units)), np.int64))
        return {name: None if np.isnan(one[0]) else float(one[0]) for name, one in figures.items()}

    def joints(self) -> dict[str, float]:
        """Percent of each annotated joint."""
        number = self.annotated.sum(axis=0)
        right = 100.0 * self.right.sum(axis=0)
        return {
            joint: float(right[place] / number[place])
            for place, joint in enumerate(MPII.joints)
            if number[place]
        }

    def absent(self) -> dict[str, str]:
        """Why figures are None."""
        figures = self.metrics()
        return {name: "joints never annotated" for name, value in figures.items() if value is None}

    def resampled(self, weights: Ints) -> dict[str, Floats]:
        """The figures (B,) when unit i occurs weights[b, i] times; NaN where none is annotated."""
        copies = weights.astype(np.float64)
        number, right, close = (
            copies @ self._by_unit(marks) for marks in (self.annotated, self.right, self.close)
        )
        figures = {}
        with np.errstate(invalid="ignore"):
            shares = 100.0 * right / number
            for name, joints in GROUPS.items():
                places = [MPII.joints.index(joint) for joint in joints]
                figures[name] = shares[:, places].mean(axis=1)
            share_of = number[:, COUNTED] / number[:, COUNTED].sum(axis=1, keepdims=True)
            for name, hits in ((MEAN, right), (FINE_MEAN, close)):
                values = 100.0 * hits[:, COUNTED] / number[:, COUNTED]
                figures[name] = np.where(share_of > 0, values * share_of, 0).sum(axis=1)
                figures[name][number[:, COUNTED].sum(axis=1) == 0] = np.nan
        return figures

    def _by_unit(self, marks: Bools) -> Floats:
        """(I, 16) how many joints of a unit are marked."""
        sums = np.zeros((len(self.units), marks.shape[1]))
        np.add.at(sums, self.unit, marks)
        return sums


def evaluate(truth: Truth, points: Floats, units: Ints | None = None) -> Hits:
    """Compare predictions (N, 16, 2), counted from 0, with the joints of the valid list.

    `units` (N,) names the image of each person; without it persons are resampled. A ReproError if
    there are not as many predictions as persons.
    """
    if len(points) != len(truth.points):
        message = f"There are {len(points):,} poses for {len(truth.points):,} persons"
        raise ReproError(f"{message}.", "Give one pose a person, in the order of the valid list.")
    with np.errstate(over="ignore"):
        away = np.linalg.norm(points - truth.points, axis=2)
    head = HEAD_SHARE * np.linalg.norm(truth.heads[:, 1] - truth.heads[:, 0], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(truth.annotated, away / head[:, None], np.inf)
    named, unit = np.unique(np.arange(len(points)) if units is None else units, return_inverse=True)
    return Hits(named, unit, truth.annotated, error <= BOUND, error <= FINE_BOUND)
