"""An evaluation whose files were read: annotations and boxes, before its network is opened.

What does not fit is refused here, before torch is loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from repro.data import boxes, image_files, picture_heads
from repro.data.annotations import read
from repro.data.boxes import Instances
from repro.data.layout import Source
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.evaluation.request import EvaluationRequest
from repro.papers.datasets import MPII_TRUTHS
from repro.papers.protocol import GROUND_TRUTH, Protocol, changed
from repro.papers.values import Size
from repro.records.remarks import Remark


@dataclass(frozen=True)
class PreparedEvaluation:
    """One evaluation whose files were read; its network is opened when it is measured."""

    request: EvaluationRequest
    size: Size
    """of the input"""
    annotations: Annotations
    instances: Instances | None
    """the boxes; None where persons are found in the whole image"""
    source: Source

    @property
    def total(self) -> int:
        """How many crops or images it takes."""
        return len(self.annotations.images if self.instances is None else self.instances)

    @property
    def unit(self) -> str:
        """What `total` counts."""
        return "images" if self.instances is None else "crops"

    @property
    def positions(self) -> Sequence[int]:
        """Which images are looked at."""
        if self.instances is None:
            return range(len(self.annotations.images))
        positions: list[int] = np.unique(self.instances.image).tolist()
        return positions

    def check_images(self) -> None:
        """Raise ReproError unless every image that is looked at is there."""
        check_images(self.source.images, self.annotations, self.positions)

    def remarks(self) -> tuple[Remark, ...]:
        """What a reader must know of the annotations, the boxes and the headers of pictures."""
        files = self.annotations.images.files
        paths = (self.source.images / files[position] for position in self.positions)
        own = () if self.instances is None else self.instances.remarks
        heads = picture_heads.remarks(paths, self.request.protocol.exif)
        return (*self.annotations.remarks, *own, *heads)


def prepare(request: EvaluationRequest, source: Source) -> PreparedEvaluation:
    """Read annotations and boxes; raise ReproError for whatever does not fit.

    The request must say the size of its input; `repro.evaluation.choice` finds the usual one.
    """
    size = request.size
    assert size is not None
    rules = changed(request.protocol, split=source.split)
    if rules.entry.measure == "PCKh":
        _check_pckh(rules, source)
    annotations = image_files.found(
        read(source.annotations, rules.chosen), source.images, rules.exif
    )
    instances = None if rules.bottom_up else _instances(rules, source, annotations)
    request = replace(request, protocol=rules)
    return PreparedEvaluation(request, size, annotations, instances, source)


def _check_pckh(rules: Protocol, source: Source) -> None:
    """PCKh is measured on the annotated persons, whose head boxes must be known."""
    if rules.boxes != GROUND_TRUTH:
        raise ReproError(
            "PCKh is measured on MPII's own persons, not on those that somebody finds.",
            "Take a top-down network, and --boxes gt.",
        )
    if source.truth is None:
        raise ReproError(
            f"PCKh takes MPII's head boxes, which are in {' or '.join(MPII_TRUTHS)}.",
            "Put the file beside the annotations, or name it: --truth FILE.",
        )


def check_images(folder: Path, annotations: Annotations, positions: Sequence[int]) -> None:
    """Raise ReproError unless each of these images is there."""
    files = [annotations.images.files[position] for position in positions]
    lacking = [file for file in files if not _there(folder / file)]
    if lacking:
        raise ReproError(
            f"`{folder}` lacks {len(lacking):,} of the {len(files):,} images "
            f"(first: `{lacking[0]}`).",
            "Fetch the rest, or correct --images; `repro data check` counts what is there.",
        )


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _instances(rules: Protocol, source: Source, annotations: Annotations) -> Instances:
    if rules.boxes == GROUND_TRUTH:
        instances = boxes.ground_truth(annotations)
    elif source.boxes is not None:
        instances = boxes.detected(source.boxes, annotations, rules.box_score)
    else:
        raise ReproError(
            f"The protocol takes the boxes of {rules.boxes}, which is not there.",
            "Give the file with --boxes, or take ground truth: --boxes gt.",
        )
    if not len(instances):
        raise ReproError(f"`{source.annotations}` has no labelled person to look at.")
    return replace(instances, padding=rules.padding)
