"""What bottom-up networks are trained on: randomly varied whole images with all their persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from repro.data import augmentation
from repro.data.augmentation import ImageAugmentation, View
from repro.data.masks import Masks
from repro.data.people import Annotations, Bools, Floats
from repro.data.pictures import Pixels, coloured, picture
from repro.data.sampler import Place
from repro.papers.protocol import APPLY, GROUPINGS, Protocol
from repro.pose.bottom_up_targets import heatmaps, joint_indices
from repro.pose.field_targets import field_targets
from repro.pose.losses.batch import Heatmaps
from repro.pose.offset_targets import offset_targets
from repro.pose.transforms import crop

EMBEDDING, OFFSETS, FIELDS = GROUPINGS


@dataclass(frozen=True, slots=True, eq=False)
class ImageSample:
    """One image as a network is shown it, and its M persons."""

    pixels: Pixels
    """(S, S, 3)"""
    joints: Floats
    """(M, K, 2) x, y in pixels of the input, inside or not"""
    places: tuple[Floats, ...]
    """(M, K, 2) x, y in pixels of each output map; see `augmentation.image_matrix`"""
    labelled: Bools
    """(M, K)"""
    masks: tuple[NDArray[np.float32], ...]
    """(s, s) for each output map: 0 where nobody is labelled though somebody is, or beyond the
    image; 1 elsewhere"""
    index: int
    """position in the images that have persons"""


class ImageSamples(Dataset[ImageSample]):
    """Images with persons, square, varied by the seed, the epoch and the image's position.

    `samples[epoch, index]`; colours and joints are those of the protocol. `side` is the input's and
    `sides` those of the output maps. Crowds without labelled joints are left to the masks.
    """

    def __init__(
        self,
        folder: Path,
        annotations: Annotations,
        masks: Masks,
        protocol: Protocol,
        side: int,
        sides: tuple[int, ...],
        rules: ImageAugmentation,
        seed: int,
    ) -> None:
        people = annotations.people
        self.folder = folder
        self.annotations = annotations
        self.masks = masks
        self.protocol = protocol
        self.side = side
        self.sides = sides
        self.rules = rules
        self.seed = seed
        self.images = np.unique(people.image)
        """(N,) positions in Images"""
        shown = np.flatnonzero(~people.crowd | (people.labelled > 0))
        shown = shown[np.argsort(people.image[shown], kind="stable")]
        ends = np.searchsorted(people.image[shown], self.images, side="right")
        self._people = np.split(shown, ends[:-1])
        self._mirrored = list(protocol.skeleton.mirrored)

    def __len__(self) -> int:
        return len(self.images)

    def view(self, epoch: int, index: int, size: tuple[int, int]) -> View:
        """The region that an epoch shows of an image of height, width."""
        random = augmentation.generator(self.seed, epoch, index)
        return augmentation.image_view(self.rules, random, size)

    def __getitem__(self, place: Place) -> ImageSample:
        epoch, index = place
        position = int(self.images[index])
        image = picture(self.folder, self.annotations, position, self.protocol.exif == APPLY)
        view = self.view(epoch, index, (image.shape[0], image.shape[1]))
        matrix = augmentation.image_matrix(view, self.side)
        pixels = crop(image, matrix, (self.side, self.side))
        joints = self.annotations.people.keypoints[self._people[index]]
        if view.mirrored:
            joints = joints[:, self._mirrored]
        points, labelled = joints[..., :2], joints[..., 2] > 0
        maps = [augmentation.image_matrix(view, side) for side in self.sides]
        mask = self.masks.of(position, (image.shape[0], image.shape[1]))
        return ImageSample(
            coloured(pixels, "RGB" if self.protocol.colour == "RGB" else "BGR"),
            _moved(points, matrix),
            tuple(_moved(points, one) for one in maps),
            labelled,
            tuple(_warped(mask, one, side) for one, side in zip(maps, self.sides, strict=True)),
            index,
        )

    def name(self, index: int) -> str:
        """The image's file."""
        return self.annotations.images.files[int(self.images[index])]


def _moved(points: Floats, matrix: Floats) -> Floats:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _warped(mask: Pixels, matrix: Floats, side: int) -> NDArray[np.float32]:
    """A mask of 0 and 255 as one of 0 and 1 of the size of a map."""
    warped = cv2.warpAffine(mask, matrix, (side, side), flags=cv2.INTER_LINEAR)
    return (np.asarray(warped) > 127).astype(np.float32)


@dataclass(frozen=True, slots=True)
class ImageTargets:
    """What whole images are compared with, by how the persons are found: one of GROUPINGS."""

    grouping: str = EMBEDDING
    sigma: float = 2.0
    """in heatmap pixels, of associative embedding; the others have their own"""

    def __call__(self, samples: Sequence[ImageSample]) -> Heatmaps:
        """The targets of a batch."""
        count, side = len(samples), len(samples[0].pixels)
        images = np.repeat(np.arange(count), [len(one.labelled) for one in samples])
        labelled = np.concatenate([one.labelled for one in samples])
        levels = range(len(samples[0].places))
        places = [np.concatenate([one.places[level] for one in samples]) for level in levels]
        stacked = [np.stack([one.masks[level] for one in samples]) for level in levels]
        masks = tuple(map(torch.from_numpy, stacked))
        sizes = [(mask.shape[1], mask.shape[2]) for mask in stacked]
        if self.grouping == FIELDS:
            joints = np.concatenate([one.joints for one in samples])
            maps, fields = field_targets(joints, labelled, images, count, (side, side))
            return Heatmaps(
                (torch.from_numpy(maps),), masks=masks[:1], fields=torch.from_numpy(fields)
            )
        where = [(places[level], labelled, images, count, sizes[level], 1) for level in levels]
        if self.grouping == OFFSETS:
            maps, offsets, weights = offset_targets(*where[0])
            return Heatmaps(
                (torch.from_numpy(maps),),
                masks=masks[:1],
                offsets=torch.from_numpy(offsets),
                offset_weights=torch.from_numpy(weights),
            )
        return Heatmaps(
            tuple(torch.from_numpy(heatmaps(*one, self.sigma)) for one in where),
            masks=masks,
            joints=torch.from_numpy(joint_indices(*where[0])),
        )
