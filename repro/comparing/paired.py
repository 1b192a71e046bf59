"""Two sets of poses on the same images: which is better, and is it more than chance?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from repro.comparing import kept_poses
from repro.data import own_dataset
from repro.data.annotations import read, told
from repro.data.mpii import Truth
from repro.data.people import Annotations, Ints
from repro.errors import ReproError
from repro.papers.metrics import MAIN
from repro.records.record import Record
from repro.records.store import Store
from repro.scoring import oks, pckh, results
from repro.scoring.confidence import RESAMPLES, Difference, Evaluation, paired
from repro.scoring.score import truth

Heads = tuple[Truth, Ints | None]
"""MPII's joints and head boxes, and the image of each person if the file names it"""


@dataclass(frozen=True)
class PairedComparison:
    """Two evaluations by the same annotations; the differences are B less A."""

    names: tuple[str, str]
    metrics: tuple[Mapping[str, float | None], Mapping[str, float | None]]
    """of each; per cent"""
    differences: Mapping[str, Difference]
    """in points, with 95 % intervals of the paired bootstrap over images"""
    rules: Mapping[str, tuple[object, object]]
    """what differs between the two runs, where both are records"""

    @property
    def main(self) -> str | None:
        """The figure that decides: AP, or the mean of PCKh; None where there is none."""
        return next((name for name in MAIN if name in self.differences), None)

    def calls(self) -> dict[str, str]:
        """better, worse or same: whether the interval of a difference leaves zero out."""
        return {
            name: "better" if one.low > 0 else "worse" if one.high < 0 else "same"
            for name, one in self.differences.items()
        }


def compare(
    a: str,
    b: str,
    annotations: Path,
    dataset: str | None,
    store: Store,
    resamples: int = RESAMPLES,
    zero_based: bool = False,
) -> PairedComparison:
    """Compare two runs: keys of records, or result files of the same annotations.

    A ReproError for what is neither; an IncomparableError for records of other data.
    """
    expected = read(annotations, own_dataset.found(dataset)) if dataset else told(annotations)
    if zero_based and expected.entry.measure != "PCKh":
        raise ReproError(
            f"`{expected.dataset}` counts pixels from 0 already.", "Leave --zero-based out."
        )
    records = [kept_poses.record_of(word, store) for word in (a, b)]
    for word, record in zip((a, b), records, strict=True):
        kept_poses.check_data(word, record, expected, annotations)
    heads = truth(annotations) if expected.entry.measure == "PCKh" else None
    first, second = (
        _evaluation(word, record, expected, heads, store, zero_based)
        for word, record in zip((a, b), records, strict=True)
    )
    scale = expected.entry.scale
    differences = _differences(first, second, resamples, scale)
    names = (kept_poses.name_of(a, records[0]), kept_poses.name_of(b, records[1]))
    metrics = (_scaled(first.metrics(), scale), _scaled(second.metrics(), scale))
    return PairedComparison(names, metrics, differences, _rules(*records))


def of_records(
    a: tuple[Record, Store], b: tuple[Record, Store], annotations: Path, resamples: int
) -> dict[str, Difference]:
    """The differences, in points, of two recorded evaluations whose poses are kept."""
    expected = told(annotations)
    heads = truth(annotations) if expected.entry.measure == "PCKh" else None
    first, second = (
        _evaluation("", record, expected, heads, store, False) for record, store in (a, b)
    )
    return _differences(first, second, resamples, expected.entry.scale)


def _differences(
    first: Evaluation, second: Evaluation, resamples: int, scale: float
) -> dict[str, Difference]:
    return {
        name: replace(one, value=one.value * scale, low=one.low * scale, high=one.high * scale)
        for name, one in paired(first, second, resamples).items()
    }


def _scaled(metrics: Mapping[str, float | None], scale: float) -> dict[str, float | None]:
    return {name: None if value is None else value * scale for name, value in metrics.items()}


def _rules(a: Record | None, b: Record | None) -> dict[str, tuple[object, object]]:
    if a is None or b is None:
        return {}
    before, after = _flat(a.spec), _flat(b.spec)
    return {
        name: (before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def _flat(spec: Mapping[str, object]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in spec.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat


def _evaluation(
    word: str,
    record: Record | None,
    expected: Annotations,
    heads: Heads | None,
    store: Store,
    zero_based: bool,
) -> Evaluation:
    with kept_poses.poses_file(word, record, store) as poses:
        return _matched(poses, expected, heads, zero_based and record is None)


def _matched(
    poses: Path, expected: Annotations, heads: Heads | None, zero_based: bool
) -> Evaluation:
    if heads is not None:
        joints, units = heads
        points = results.points(poses)
        return pckh.evaluate(joints, points if zero_based else points - 1, units)
    given = results.matched(poses, expected)
    for remark in given.remarks:  # what only one side has is no pair
        hint = "Leave out what has another `image_id` or `category_id` than the annotations."
        raise ReproError(f"`{poses}`: {remark}", hint)
    return oks.evaluate(expected, given.poses, given.boxes)
