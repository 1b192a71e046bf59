"""What the official evaluations by OKS fix: thresholds, classes, figures."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from repro.errors import unknown
from repro.papers.datasets import (
    DATASETS,
    LARGEST_AREA,
    DatasetChoice,
    OwnDataset,
    find_dataset,
)

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""(T,) least OKS of a match"""
RECALLS = np.linspace(0.0, 1.0, 101)
"""(R,) where precision is read"""
MOST = 20
"""detections that count in an image, best first"""
EPSILON = np.spacing(1)
"""what the official code adds to areas and to numbers of detections"""


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


@functools.cache
def rules(dataset: DatasetChoice) -> Rules:
    """The rules of a data set that is scored by OKS; a ReproError for any other."""
    scored = {name: entry for name, entry in DATASETS.items() if entry.measure == "OKS"}
    if not isinstance(dataset, OwnDataset) and dataset not in scored:
        raise unknown("OKS evaluation of", dataset, scored)
    entry = find_dataset(dataset)
    figures = [
        figure
        for name, recall in (("AP", False), ("AR", True))
        for figure in (
            SummaryFigure(name, recall),
            SummaryFigure(f"{name}50", recall, 0),
            SummaryFigure(f"{name}75", recall, 5),
            *(
                SummaryFigure(name + size[0].upper(), recall, size=place)
                for place, size in enumerate(entry.sizes, start=1)
            ),
        )
    ]
    figures += [SummaryFigure(f"AP_{name}", crowding=of) for name, of in entry.crowding.items()]
    sizes = {"all": (0.0, LARGEST_AREA), **entry.sizes}
    return Rules(entry.skeleton.sigmas, sizes, tuple(figures))
