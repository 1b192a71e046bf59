"""Inputs to calibrate and to measure with: pictures, prepared by the evaluation itself.

A network of the evaluation is made to keep what it is given, so that colours, normalisation, size
and crops are what they will be when the network is at work.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from repro.data import boxes, image_files
from repro.data.annotations import read
from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.data.pictures import decoded
from repro.errors import ReproError
from repro.evaluation import inference
from repro.evaluation.inference import Tell
from repro.evaluation.inputs import named
from repro.evaluation.network import Network
from repro.evaluation.predict import Predictor
from repro.evaluation.request import EvaluationRequest
from repro.evaluation.shards import Shards
from repro.exported.exported_network import ExportedNetwork, as_given
from repro.files import sha256
from repro.papers.protocol import APPLY, GROUND_TRUTH, changed
from repro.quantising.request import QuantisationRequest
from repro.records.remarks import Remark, counted

MEASURED, LEAST = 32, 8
"""inputs by which both networks are compared at most; and at least of those not calibrated on"""
CLEAR = 0.2
"""score from which on a joint counts as found, as HRNet's evaluation has it"""


class PictureSource(Protocol):
    """Where inputs come from."""

    @property
    def unit(self) -> str:
        """What it has: crops, or pictures."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What a reader must know of them."""

    def __len__(self) -> int:
        """How many there are."""

    def look(self, network: Network, places: Sequence[int], tell: Tell) -> int:
        """Show some of them to a network, each once; of how many a joint was found."""


@dataclass(frozen=True)
class PersonCrops:
    """A crop around each annotated person."""

    request: EvaluationRequest
    folder: Path
    annotations: Annotations
    instances: Instances
    remarks: tuple[Remark, ...] = ()
    unit: str = "crops"

    def __len__(self) -> int:
        return len(self.instances)

    def look(self, network: Network, places: Sequence[int], tell: Tell) -> int:
        """See PictureSource."""
        size = self.request.size
        assert size is not None
        poses, _ = inference.poses(
            network,
            self.request,
            size,
            self.folder,
            self.annotations,
            _chosen(self.instances, np.array(places)),
            Shards(None),
            tell,
        )
        return seen(poses.keypoints)


@dataclass(frozen=True)
class WholePictures:
    """Whole pictures: of a top-down network each is taken for one person."""

    predictor: Predictor
    paths: tuple[Path, ...]
    remarks: tuple[Remark, ...] = ()
    unit: str = "pictures"

    def __len__(self) -> int:
        return len(self.paths)

    def look(self, network: Network, places: Sequence[int], tell: Tell) -> int:
        """See PictureSource."""
        self.predictor.network = network
        upright, found = self.predictor.request.protocol.exif == APPLY, 0
        for place in places:
            found += seen(self.predictor.poses(decoded(self.paths[place], upright)).poses.keypoints)
            tell(1)
        return found


@dataclass
class InputRecorder:
    """A network that keeps each input in a file, as the exported one is given it."""

    network: ExportedNetwork
    folder: Path
    paths: list[Path] = field(default_factory=list)

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network; a file of a batch is given the image as often."""
        image = self.network.file.image
        filled = images.expand(image.batch or len(images), -1, -1, -1)
        path = self.folder / f"{len(self.paths)}.npy"
        np.save(path, as_given(filled, image))
        self.paths.append(path)
        return self.network(images, chosen, mirrored)


@dataclass(frozen=True)
class DrawnPictures:
    """Which inputs calibrate a network and which measure it, by their places in a source."""

    calibration: tuple[int, ...]
    measured: tuple[int, ...]
    total: int
    unit: str
    remarks: tuple[Remark, ...] = ()


def source(request: QuantisationRequest) -> PictureSource:
    """The persons of the annotated pictures in the folder; its whole pictures without any.

    Bottom-up networks take whole pictures anyhow. ReproError where there is no picture.
    """
    rules = replace(request.evaluation.protocol, flip=False, nms=None)
    execution = replace(request.evaluation.execution, batch=1)
    evaluation = replace(request.evaluation, protocol=rules, execution=execution)
    if rules.bottom_up:
        return _whole(evaluation, request, ())
    if request.people is None:
        said = "The pictures are calibrated on whole, each as one person"
        remark = Remark("pictures", f"{said}: annotations would give the persons' boxes.")
        return _whole(evaluation, request, (remark,))
    crops = _crops(evaluation, request, request.people)
    if crops is not None:
        return crops
    said = f"None of the annotated pictures is in `{request.folder.name}`"
    remark = Remark("pictures", f"{said}: its pictures are taken whole, each as one person.")
    return _whole(evaluation, request, (remark,))


def drawn(request: QuantisationRequest, found: PictureSource) -> DrawnPictures:
    """A seeded choice of what calibrates, and of what measures: others, where there are enough."""
    total, count = len(found), request.pictures
    order = np.random.default_rng(request.seed).permutation(total).tolist()
    calibration, others = order[:count], order[count : count + MEASURED]
    remarks = list(found.remarks)
    if total < count:
        text = f"There are {total:,} {found.unit}, not {count:,}: all calibrate."
        remarks.append(Remark("pictures", text))
    if len(others) < LEAST:
        others = calibration[:MEASURED]
        text = f"The outputs are compared on {len(others):,} of the {found.unit} that calibrate."
        remarks.append(Remark("pictures", text))
    return DrawnPictures(tuple(calibration), tuple(others), total, found.unit, tuple(remarks))


def digest(paths: Sequence[Path]) -> str:
    """The sha256 of inputs in their order."""
    return hashlib.sha256("\n".join(map(sha256, paths)).encode()).hexdigest()


def seen(keypoints: NDArray[np.float64]) -> int:
    """How many of the persons (N, K, 3) have a joint that is clearly found."""
    return int((keypoints[..., 2] >= CLEAR).any(axis=1).sum())


def _whole(
    evaluation: EvaluationRequest, request: QuantisationRequest, remarks: tuple[Remark, ...]
) -> WholePictures:
    paths = [one.path for one in named([request.folder], True, request.output) if not one.is_video]
    return WholePictures(Predictor(evaluation), tuple(paths), remarks)


def _crops(
    evaluation: EvaluationRequest, request: QuantisationRequest, people: Path
) -> PersonCrops | None:
    """The persons whose pictures are in the folder; None where there is no such one."""
    if not people.is_file():
        raise ReproError(f"There is no file `{people}`.", "It should annotate the pictures.")
    rules = changed(evaluation.protocol, boxes=GROUND_TRUTH)
    annotations = image_files.found(read(people, rules.chosen), request.folder, rules.exif)
    instances = replace(boxes.ground_truth(annotations), padding=rules.padding)
    there = np.array(list(image_files.present(request.folder, annotations.images.files)), bool)
    kept = np.flatnonzero(there[instances.image])
    if not len(kept):
        return None
    remarks = (*annotations.remarks, *instances.remarks)
    if len(kept) < len(instances):
        what = f"annotated persons are on pictures in `{request.folder.name}`"
        remarks = (*remarks, counted("pictures", len(kept), len(instances), what))
    chosen = _chosen(instances, kept)
    evaluation = replace(evaluation, protocol=rules)
    return PersonCrops(evaluation, request.folder, annotations, chosen, remarks)


def _chosen(instances: Instances, places: NDArray[np.int64]) -> Instances:
    return replace(
        instances,
        image=instances.image[places],
        boxes=instances.boxes[places],
        scores=instances.scores[places],
        person=instances.person[places],
    )
