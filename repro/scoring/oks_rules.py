"""What the official evaluations of COCO and CrowdPose fix: thresholds, classes, figures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from repro.errors import unknown
from repro.papers.skeletons import SKELETONS

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""(T,) least OKS of a match"""
RECALLS = np.linspace(0.0, 1.0, 101)
"""(R,) where precision is read"""
MOST = 20
"""detections that count in an image, best first"""
EPSILON = np.spacing(1)
"""what the official code adds to areas and to numbers of detections"""
HIGHEST = 1e5**2
"""square pixels: no person is larger"""


@dataclass(frozen=True, slots=True)
class SummaryFigure:
    """One number of the summary."""

    name: str
    recall: bool = False
    """average recall, else average precision"""
    threshold: int | None = None
    """position in THRESHOLDS; all of them if None"""
    size: int = 0
    """position in the classes of size"""
    crowding: tuple[float, float] | None = None
    """of the images, least and less than; all images if None"""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the keypoints of one data set are scored."""

    sigmas: tuple[float, ...]
    """OKS constants of the joints"""
    sizes: Mapping[str, tuple[float, float]]
    """area in square pixels of each class of persons, both ends included; everyone comes first"""
    figures: tuple[SummaryFigure, ...]


def _figures(*sizes: str) -> tuple[SummaryFigure, ...]:
    return tuple(
        figure
        for name, recall in (("AP", False), ("AR", True))
        for figure in (
            SummaryFigure(name, recall),
            SummaryFigure(f"{name}50", recall, 0),
            SummaryFigure(f"{name}75", recall, 5),
            *(
                SummaryFigure(name + size, recall, size=place + 1)
                for place, size in enumerate(sizes)
            ),
        )
    )


_ALL = (0.0, HIGHEST)
RULES: Mapping[str, Rules] = {
    "coco": Rules(
        SKELETONS["coco"].sigmas,
        {"all": _ALL, "medium": (32.0**2, 96.0**2), "large": (96.0**2, HIGHEST)},
        _figures("M", "L"),
    ),
    "crowdpose": Rules(
        SKELETONS["crowdpose"].sigmas,
        {"all": _ALL},
        (
            *_figures(),
            SummaryFigure("AP_easy", crowding=(-np.inf, 0.2)),
            SummaryFigure("AP_medium", crowding=(0.2, 0.8)),
            SummaryFigure("AP_hard", crowding=(0.8, np.inf)),
        ),
    ),
}


def rules(dataset: str) -> Rules:
    """The rules of a data set that is scored by OKS; a ReproError for any other."""
    if dataset not in RULES:
        raise unknown("OKS evaluation of", dataset, RULES)
    return RULES[dataset]
