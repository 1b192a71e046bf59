"""Which detections were right, and the figures that follow."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from repro.data.people import Bools, Floats, Ints
from repro.scoring.oks_rules import EPSILON, RECALLS, Rules, SummaryFigure
from repro.scoring.resampled import averages


@dataclass(frozen=True, eq=False)
class Matches:
    """The detections of an evaluation, best first."""

    rules: Rules
    units: Ints
    """(I,) ids of the images, ascending: what is resampled"""
    crowding: Floats | None
    """(I,) CrowdPose's crowdIndex"""
    expected: Ints
    """(A, I) persons to be found, by class of size"""
    image: Ints
    """(N,) position in `units`"""
    right: Bools
    """(A, T, N) matches somebody who is expected"""
    wrong: Bools
    """(A, T, N) matches nobody, and counts"""

    def metrics(self) -> dict[str, float | None]:
        """The official figures; None where nobody is to be found."""
        figures: dict[str, float | None] = {}
        curves: dict[tuple[object, int], tuple[Floats, Floats] | None] = {}
        for figure in self.rules.figures:
            key = figure.crowding, figure.size
            if key not in curves:
                curves[key] = self.only(self.among(figure)).curve(figure.size)
            curve = curves[key]
            figures[figure.name] = None if curve is None else _average(figure, *curve)
        return figures

    def absent(self) -> dict[str, str]:
        """Why figures are None."""
        sizes = list(self.rules.sizes)
        reasons: dict[str, str] = {}
        for figure in self.rules.figures:
            among = self.among(figure)
            if not self.expected[figure.size, among].any():
                who = "no labelled person" + (f" of {sizes[figure.size]} size" * bool(figure.size))
                where = "" if figure.crowding is None else " on images of this crowding"
                reasons[figure.name] = who + where
        return reasons

    def among(self, figure: SummaryFigure) -> Bools:
        """(I,) the images that a figure is about."""
        if figure.crowding is None:
            return np.ones(len(self.units), np.bool_)
        if self.crowding is None:
            return np.zeros(len(self.units), np.bool_)
        low, high = figure.crowding
        return (low <= self.crowding) & (self.crowding < high)

    def only(self, chosen: Bools) -> "Matches":
        """The evaluation of some of the images, by a mask (I,)."""
        if chosen.all():
            return self
        kept = chosen[self.image]
        return replace(
            self,
            units=self.units[chosen],
            crowding=None if self.crowding is None else self.crowding[chosen],
            expected=self.expected[:, chosen],
            image=(np.cumsum(chosen) - 1)[self.image[kept]],
            right=self.right[..., kept],
            wrong=self.wrong[..., kept],
        )

    def curve(self, size: int = 0) -> tuple[Floats, Floats] | None:
        """Precision (T, R) at RECALLS and final recall (T,) in a class of size."""
        total = int(self.expected[size].sum())
        if not total:
            return None
        right = self.right[size]
        counted = np.cumsum(right | self.wrong[size], axis=1, dtype=np.int32)
        precision = np.zeros((len(right), len(RECALLS)))
        recall = np.zeros(len(right))
        for lane, hits in enumerate(right):
            place = np.flatnonzero(hits)  # between two of them precision only falls
            number = np.arange(1, len(place) + 1)
            best = np.maximum.accumulate((number / (counted[lane, place] + EPSILON))[::-1])[::-1]
            at = np.searchsorted(number / total, RECALLS)
            reached = at < len(place)
            precision[lane, reached] = best[at[reached]]
            recall[lane] = len(place) / total
        return precision, recall

    def resampled(self, weights: Ints) -> Mapping[str, Floats]:
        """The figures (B,) when image i occurs weights[b, i] times; NaN where nobody is expected.

        What evaluating every copy of an image gives, up to the order of equal scores; the
        crowding splits are not rounded.
        """
        figures: dict[str, Floats] = {}
        curves: dict[tuple[object, int], tuple[Floats, Floats]] = {}
        for figure in self.rules.figures:
            key = figure.crowding, figure.size
            if key not in curves:
                part = self.only(self.among(figure))
                copies = weights if part is self else weights[:, self.among(figure)]
                curves[key] = averages(
                    copies,
                    part.image,
                    part.right[figure.size],
                    part.wrong[figure.size],
                    part.expected[figure.size],
                )
            values = curves[key][figure.recall]
            at = figure.threshold
            figures[figure.name] = values.mean(axis=1) if at is None else values[:, at]
        return figures


def _average(figure: SummaryFigure, precision: Floats, recall: Floats) -> float:
    values = recall if figure.recall else precision
    value = np.mean(values if figure.threshold is None else values[figure.threshold])
    # crowdposetools rounds its figures by crowding
    return float(value if figure.crowding is None else np.round(value, 4))
