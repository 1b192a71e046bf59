"""Score a result file: the figures, how sure they are, and who computed them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from repro.data import mpii
from repro.data.annotations import read
from repro.data.coco_people import ID_0
from repro.data.people import Annotations, Floats, Ints, Poses
from repro.env import __version__
from repro.errors import ReproError
from repro.papers.datasets import (
    MPII_TRUTHS,
    PCKH,
    DatasetChoice,
    OwnDataset,
    Tool,
    find_dataset,
)
from repro.papers.skeletons import MPII
from repro.records.measurement import Measurement
from repro.records.remarks import Remark
from repro.scoring import official_evaluators, oks, pckh, results
from repro.scoring.confidence import RESAMPLES, Interval, bootstrap

MANY = 20_000
"""COCO poses above which hotcoco takes pycocotools' place"""
SAME = 1.5
"""pixels between the joints of both, of which one may be cut to whole pixels"""


@dataclass(frozen=True)
class Score:
    """What a result file is worth."""

    dataset: str
    metrics: Mapping[str, float | None]
    """fractions; percent for PCKh; None where nobody is to be found"""
    intervals: Mapping[str, Interval]
    """95 %, from resampled images; resampled persons where the file names no images"""
    evaluator: str
    """name and version"""
    images: int | None
    """None where the file does not name them"""
    people: int
    """who are to be found"""
    poses: int
    absent: Mapping[str, str] = field(default_factory=dict)
    """why a figure is None"""
    notes: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    """on the annotations and the results: what was left out, derived or assumed"""
    scale: float = 100.0
    """what the figures are multiplied by to be per cent"""

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The figures that are known, in per cent."""
        scale, measurements = self.scale, []
        for name, value in self.metrics.items():
            if value is not None:
                bounds = self.intervals.get(name)
                low, high = (bounds.low * scale, bounds.high * scale) if bounds else (None, None)
                measurements.append(Measurement(name, value * scale, "%", low=low, high=high))
        return tuple(measurements)

    def described(self) -> dict[str, object]:
        """As plain values for JSON."""
        return {
            "dataset": self.dataset,
            "metrics": dict(self.metrics),
            "intervals": {name: [one.low, one.high] for name, one in self.intervals.items()},
            "evaluator": self.evaluator,
            "images": self.images,
            "people": self.people,
            "poses": self.poses,
            "absent": dict(self.absent),
            "notes": list(self.notes),
            "remarks": [asdict(remark) for remark in self.remarks],
        }


def score(
    dataset: DatasetChoice,
    annotations: Path,
    file: Path,
    zero_based: bool = False,
    official: bool = True,
    resamples: int = RESAMPLES,
    images: Ints | None = None,
) -> Score:
    """Score a result file of coco, crowdpose or mpii, of a generated data set or a user's own.

    OKS: our evaluator and, unless `official` is False, the official one, whose figures are then
    given; a RunError if they differ by more than 1e-9. COCO's is pycocotools, for more than 20,000
    poses hotcoco, which gives the same; CrowdPose's is faster-coco-eval. `images` are ids
    to restrict the evaluation to. PCKh is HRNet's formula; `zero_based` predictions count pixels
    from 0 where MPII counts from 1. Without `resamples` there are no intervals.
    """
    if find_dataset(dataset).measure == "PCKh":
        joints, units = truth(annotations)
        points = results.points(file)
        return of_points(joints, points if zero_based else points - 1, units, resamples)
    if zero_based:
        raise ReproError(f"`{dataset}` counts pixels from 0 already.", "Leave --zero-based out.")
    expected = read(annotations, dataset)
    given = results.matched(file, expected)
    tool: Tool = "pycocotools" if len(given.poses) <= MANY else "hotcoco"
    whole = of_poses(
        annotations, expected, given.poses, given.boxes, images, official, tool, resamples, file
    )
    name = dataset.name if isinstance(dataset, OwnDataset) else dataset
    return replace(whole, dataset=name, remarks=(*whole.remarks, *given.remarks))


def of_poses(
    path: Path,
    annotations: Annotations,
    poses: Poses,
    boxes: Floats | None = None,
    images: Ints | None = None,
    official: bool = True,
    tool: Tool | None = None,
    resamples: int = RESAMPLES,
    file: Path | None = None,
) -> Score:
    """Score poses by OKS against annotations and the file they were read from, see `score`.

    `file` is the one that the poses were read from, if any.

    Without `tool` COCO's official evaluator is pycocotools.
    """
    matches = oks.evaluate(annotations, poses, boxes, images)
    metrics, evaluator = matches.metrics(), own_evaluator()
    if official:
        verdict = official_evaluators.evaluate(path, annotations, poses, boxes, images, tool, file)
        official_evaluators.agree(metrics, verdict.metrics)
        metrics, evaluator = verdict.metrics, verdict.evaluator
    return Score(
        annotations.dataset,
        metrics,
        bootstrap(matches, resamples),
        evaluator,
        len(matches.units),
        int(matches.expected[0].sum()),
        len(poses),
        matches.absent(),
        (ID_0,) if (annotations.people.ids == 0).any() else (),
        annotations.remarks,
    )


def of_points(
    truth: mpii.Truth, points: Floats, images: Ints | None = None, resamples: int = RESAMPLES
) -> Score:
    """Score predictions (N, 16, 2), counted from 0, by PCKh; `images` (N,) names the images."""
    hits = pckh.evaluate(truth, points, images)
    return Score(
        MPII.name,
        hits.metrics(),
        bootstrap(hits, resamples),
        f"{PCKH}, {own_evaluator()}",
        None if images is None else len(hits.units),
        len(points),
        len(points),
        hits.absent(),
        scale=find_dataset(MPII.name).scale,
    )


def own_evaluator() -> str:
    """Our evaluator's name and version."""
    return f"repro {__version__}"


def truth(path: Path) -> tuple[mpii.Truth, Ints | None]:
    """Joints and head boxes, and the image of each person if the file names it.

    A valid.json has no head boxes: they come from the .mat beside it.
    """
    if path.suffix == ".mat":
        return mpii.truth(path), None
    listed = read(path, MPII.name)
    beside = [path.with_name(name) for name in MPII_TRUTHS if path.with_name(name).is_file()]
    if not beside:
        raise ReproError(
            f"`{path}` has no head boxes, which PCKh is measured by.",
            f"Give {' or '.join(MPII_TRUTHS)}, or put it beside the json file.",
        )
    return mpii.matching(mpii.truth(beside[0]), listed), listed.people.image
