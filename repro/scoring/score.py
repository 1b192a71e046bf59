"""Score a result file: the figures, how sure they are, and who computed them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from repro.data import annotations as reading
from repro.data import mpii
from repro.data.people import Annotations, Floats, Ints
from repro.errors import ReproError, unknown
from repro.scoring import official as officially
from repro.scoring import oks, pckh, results
from repro.skeletons import FORMS, SKELETONS
from repro.stats import RESAMPLES, Interval, bootstrap

OWN = "repro"
MANY = 20_000
"""COCO poses above which faster-coco-eval takes pycocotools' place"""
TRUTHS = ("mpii_gt_valid.mat", "gt_valid.mat", "mpii_gt_val.mat")
"""names of MPII's joints and head boxes, beside a valid.json"""
SAME = 1.5
"""pixels between the joints of both, of which one may be cut to whole pixels"""
ID_0 = "The annotation with id 0 counts as never found: official evaluators take 0 for no match."


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
        }


def score(
    dataset: str,
    annotations: Path,
    found: Path,
    zero_based: bool = False,
    official: bool = True,
    resamples: int = RESAMPLES,
    images: Ints | None = None,
) -> Score:
    """Score a result file of coco, crowdpose or mpii, or of a generated data set.

    OKS: our evaluator and, unless `official` is False, the official one, whose figures are then
    given; a RunError if they differ by more than 1e-9. COCO's is pycocotools, for more than 20,000
    poses faster-coco-eval, which gives the same; CrowdPose's is faster-coco-eval. `images` are ids
    to restrict the evaluation to. PCKh is HRNet's formula; `zero_based` predictions count pixels
    from 0 where MPII counts from 1. Without `resamples` there are no intervals.
    """
    if dataset not in FORMS:
        raise unknown("data set", dataset, FORMS)
    if FORMS[dataset] == "mpii":
        return _pckh(annotations, found, zero_based, resamples)
    if zero_based:
        raise ReproError(f"`{dataset}` counts pixels from 0 already.", "Leave --zero-based out.")
    expected = reading.read(annotations, dataset)
    given = results.read(found, len(SKELETONS[expected.dataset].joints))
    matches = oks.evaluate(expected, given.poses, given.boxes, images)
    metrics, evaluator = matches.metrics(), _own()
    if official:
        fast = expected.dataset != "coco" or len(given.poses) > MANY
        tool: officially.Tool = "faster-coco-eval" if fast else "pycocotools"
        verdict = officially.evaluate(annotations, expected, given.poses, given.boxes, images, tool)
        officially.agree(metrics, verdict.metrics)
        metrics, evaluator = verdict.metrics, verdict.evaluator
    return Score(
        dataset,
        metrics,
        bootstrap(matches, resamples) if resamples else {},
        evaluator,
        len(matches.units),
        int(matches.expected[0].sum()),
        len(given.poses),
        matches.absent(),
        (ID_0,) if (expected.people.ids == 0).any() else (),
    )


def _pckh(annotations: Path, found: Path, zero_based: bool, resamples: int) -> Score:
    truth, units = _truth(annotations)
    poses = results.points(found)
    hits = pckh.evaluate(truth, poses if zero_based else poses - 1, units)
    return Score(
        "mpii",
        hits.metrics(),
        bootstrap(hits, resamples) if resamples else {},
        f"{pckh.NAME}, {_own()}",
        None if units is None else len(hits.units),
        len(poses),
        len(poses),
        hits.absent(),
    )


def _truth(path: Path) -> tuple[mpii.Truth, Ints | None]:
    """Joints and head boxes, and the image of each person if the file names it.

    A valid.json has no head boxes: they come from the .mat beside it.
    """
    if path.suffix == ".mat":
        return mpii.truth(path), None
    listed = reading.read(path, "mpii")
    beside = [path.with_name(name) for name in TRUTHS if path.with_name(name).is_file()]
    if not beside:
        message = f"`{path}` has no head boxes, which PCKh is measured by."
        raise ReproError(message, f"Give {TRUTHS[0]}, or put it beside the json file.")
    truth = mpii.truth(beside[0])
    if not _same(listed, truth):
        message = f"`{path}` and `{beside[0].name}` beside it are not of the same persons."
        raise ReproError(message, f"Give {TRUTHS[0]} itself.")
    return truth, listed.people.image


def _same(listed: Annotations, truth: mpii.Truth) -> bool:
    if len(listed.people) != len(truth.points):
        return False
    joints = listed.people.keypoints
    both = (joints[..., 2] > 0) & truth.annotated
    away: Floats = np.abs(joints[..., :2] - truth.points)[both]
    return bool((away <= SAME).all())


def _own() -> str:
    from repro import __version__

    return f"{OWN} {__version__}"
