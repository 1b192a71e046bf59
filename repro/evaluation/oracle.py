"""The annotations in place of a network: what the rest of an evaluation loses by itself."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.evaluation.network import Network, sigma_of
from repro.evaluation.request import STRIDES
from repro.papers.protocol import Protocol
from repro.papers.values import Size
from repro.pose import targets, transforms, whole_image

APART = 10.0
"""between the tags of two persons"""
FAINT = 0.3
"""height of the heatmap of a joint outside the input: seen nowhere, so unsure, yet it counts"""


@dataclass(frozen=True, eq=False)
class TruthOfCrops:
    """The heatmaps that a perfect top-down network would give.

    A joint outside the input is where its edge is nearest, and faint.
    """

    annotations: Annotations
    instances: Instances
    size: Size
    protocol: Protocol
    rounded: bool
    """whether the Gaussians stand on whole pixels, as in the official training targets"""

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        persons = self.annotations.people.keypoints[self.instances.person[chosen]]
        centres = self.instances.centres(self.size)[chosen]
        extents = self.instances.extents(self.size)[chosen]
        points = np.empty_like(persons[..., :2])
        for place, (centre, extent) in enumerate(zip(centres, extents, strict=True)):
            matrix = transforms.matrix(centre, extent, self.size, udp=self.protocol.udp)
            points[place] = persons[place, :, :2] @ matrix[:, :2].T + matrix[:, 2]
        visible = persons[..., 2] > 0
        if mirrored:
            points, visible = _mirrored(points, visible, self.size[1], self.protocol)
        sides = np.array(self.size[::-1])
        last = sides - STRIDES[0]  # where the last pixel of the heatmap is
        if self.protocol.udp_maps:
            points *= last / (sides - 1)
        within = (points >= -STRIDES[0] / 2) & (points < last + STRIDES[0] / 2)
        inside: NDArray[np.bool_] = np.all(within, axis=-1)
        points = np.where(inside[..., None], points, points.clip(0, last))
        maps, _ = targets.gaussian(
            points, visible, self.size, sigma=sigma_of(self.size), rounded=self.rounded
        )
        maps *= np.where(inside, 1, FAINT).astype(np.float32)[..., None, None]
        return [torch.from_numpy(maps)]


@dataclass(frozen=True, eq=False)
class TruthOfImages:
    """The heatmaps and tags that a perfect associative embedding network would give."""

    annotations: Annotations
    size: Size
    protocol: Protocol
    rounded: bool

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        people, index = self.annotations.people, int(chosen[0])
        height, width = (int(side) for side in self.annotations.images.sizes[index])
        fit = whole_image.fit((height, width), self.size[0])
        here = (people.image == index) & ~people.crowd & (people.keypoints[..., 2] > 0).any(axis=1)
        points = fit.to_input(people.keypoints[here, :, :2])
        visible = people.keypoints[here, :, 2] > 0
        if mirrored:
            points, visible = _mirrored(points, visible, fit.size[1], self.protocol)
        outputs = []
        for stride in STRIDES:
            maps, _ = targets.gaussian(
                points, visible, fit.size, stride=stride, rounded=self.rounded
            )
            joints = maps.max(axis=0, initial=0)
            if stride == STRIDES[0]:
                joints = np.concatenate([joints, _tags(maps)])
            outputs.append(torch.from_numpy(joints)[None])
        return outputs


def _tags(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tags (K, h, w): everywhere that of the person whose joint is strongest there."""
    if not len(maps):
        return np.zeros(maps.shape[1:], np.float32)
    owners = maps.argmax(axis=0)
    return np.asarray(owners * APART, np.float32)


def _mirrored(
    points: NDArray[np.float64], visible: NDArray[np.bool_], width: int, protocol: Protocol
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Joints as they stand in the mirrored input."""
    order = list(protocol.skeleton.mirrored)
    turned = points[:, order].copy()
    turned[..., 0] = width - 1 - turned[..., 0]
    return turned, visible[:, order]


def network(
    annotations: Annotations,
    instances: Instances | None,
    size: Size,
    protocol: Protocol,
    rounded: bool = True,
) -> Network:
    """What stands for a perfect network under a protocol; ReproError where nothing can."""
    if instances is None:
        if protocol.decode != "associative embedding":
            raise ReproError(
                f"`truth` cannot stand for a network that is decoded by {protocol.decode}.",
                "It can for heatmaps of one person and for associative embedding.",
            )
        return TruthOfImages(annotations, size, protocol, rounded)
    if (instances.person < 0).any():
        raise ReproError(
            "`truth` does not know whose person a detector's box is.", "Take --boxes gt."
        )
    return TruthOfCrops(annotations, instances, size, protocol, rounded)
