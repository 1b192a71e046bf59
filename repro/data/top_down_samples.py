"""What top-down networks are trained on: a randomly varied crop around each labelled person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from repro.data import augmentation
from repro.data.augmentation import PersonAugmentation, View
from repro.data.boxes import Instances
from repro.data.people import Annotations, Bools, Floats
from repro.data.person_cache import CachedPerson, PersonCache
from repro.data.pictures import Pixels, coloured, picture
from repro.data.sampler import Place
from repro.papers.protocol import APPLY, Protocol
from repro.pose.losses.batch import Heatmaps
from repro.pose.targets import gaussian
from repro.pose.transforms import crop


@dataclass(frozen=True, slots=True, eq=False)
class PersonSample:
    """One person as a network is shown it."""

    pixels: Pixels
    """(H, W, 3)"""
    joints: Floats
    """(K, 2) x, y in pixels of the input, inside or not"""
    labelled: Bools
    """(K,)"""
    index: int
    """position in the instances"""


class PersonSamples(Dataset[PersonSample]):
    """Crops of labelled persons, varied by the seed, the epoch and the person's position.

    `samples[epoch, index]`; colours, geometry and joints are those of the protocol. With a cache
    the crops are cut out of what it keeps, else out of the images.
    """

    def __init__(
        self,
        folder: Path,
        annotations: Annotations,
        instances: Instances,
        protocol: Protocol,
        size: tuple[int, int],
        rules: PersonAugmentation,
        seed: int,
        cache: PersonCache | None = None,
    ) -> None:
        boxes = augmentation.moved(instances.boxes, rules, seed)
        self.folder = folder
        self.annotations = annotations
        self.instances = replace(instances, boxes=boxes)
        self.protocol = protocol
        self.size = size
        self.rules = rules
        self.seed = seed
        self.cache = cache
        self._upper = np.isin(np.arange(protocol.keypoints), protocol.skeleton.upper)
        self._mirrored = list(protocol.skeleton.mirrored)

    def __len__(self) -> int:
        return len(self.instances)

    def view(self, epoch: int, index: int) -> View:
        """The region that an epoch shows of a person."""
        centre = self.instances.centres(self.size)[index]
        extent = self.instances.extents(self.size)[index]
        return augmentation.person_view(
            self.rules,
            augmentation.generator(self.seed, epoch, index),
            View(centre, extent),
            self._joints(index),
            self._upper,
            self.size[1] / self.size[0],
        )

    def __getitem__(self, place: Place) -> PersonSample:
        epoch, index = place
        view = self.view(epoch, index)
        source = self._source(index)
        matrix = augmentation.person_matrix(view, self.size, source.image_width, self.protocol.udp)
        moved = np.column_stack((matrix[:, :2], matrix[:, 2] + matrix[:, :2] @ source.corner))
        pixels = crop(source.pixels, moved, self.size)
        joints = self._joints(index)
        if view.mirrored:
            joints = joints[self._mirrored]
        points = joints[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        colours = coloured(pixels, "RGB" if self.protocol.colour == "RGB" else "BGR")
        return PersonSample(colours, points, joints[:, 2] > 0, index)

    def name(self, index: int) -> str:
        """The image's file and the annotation's id."""
        people, images = self.annotations.people, self.annotations.images
        person = self.instances.person[index]
        return f"{images.files[people.image[person]]} · {people.ids[person]}"

    def _joints(self, index: int) -> Floats:
        """(K, 3) as annotated."""
        joints: Floats = self.annotations.people.keypoints[self.instances.person[index]]
        return joints

    def _source(self, index: int) -> CachedPerson:
        """Pixels that the person is in."""
        if self.cache is not None:
            return self.cache[index]
        upright = self.protocol.exif == APPLY
        image = picture(self.folder, self.annotations, int(self.instances.image[index]), upright)
        return CachedPerson(image, np.zeros(2, np.int64), image.shape[1])


@dataclass(frozen=True, slots=True)
class PersonTargets:
    """How the heatmaps are drawn that crops are trained on; see `repro.pose.targets.gaussian`."""

    size: tuple[int, int]
    """of the input"""
    maps: tuple[int, int]
    """of the network's output"""
    sigma: float = 2.0
    rounded: bool = True
    cut: float = 3.0
    udp: bool = False

    def __call__(self, samples: Sequence[PersonSample]) -> Heatmaps:
        """The targets of a batch."""
        interval = int(self.udp)  # the unit is a pixel, or the interval between two
        height, width = (
            (coarse - interval) / (fine - interval)
            for coarse, fine in zip(self.maps, self.size, strict=True)
        )
        points = np.stack([one.joints for one in samples]) * (width, height)
        labelled = np.stack([one.labelled for one in samples])
        maps, weights = gaussian(points, labelled, self.maps, 1, self.sigma, self.rounded, self.cut)
        return Heatmaps((torch.from_numpy(maps),), torch.from_numpy(weights))
