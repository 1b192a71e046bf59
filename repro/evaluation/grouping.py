"""What lies between a bottom-up network and persons, for each way of grouping."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.data.normalising import normalised
from repro.evaluation.network import Network, running
from repro.papers.protocol import Protocol
from repro.papers.values import Size
from repro.pose import embedding, fields, offsets, whole_image

Floats = NDArray[np.float32] | NDArray[np.float64]
Persons = tuple[Floats, Floats]
"""joints (M, K, 3) and scores (M,) of persons"""


@dataclass(frozen=True, eq=False)
class ImageMaps:
    """What a network gave for one image, and how the image was fitted."""

    fit: whole_image.Fit
    plain: list[Tensor]
    mirrored: list[Tensor] | None


def maps(
    network: Network,
    image: NDArray[np.uint8],
    index: int,
    size: Size,
    protocol: Protocol,
    device: str | torch.device,
) -> ImageMaps:
    """Run a network on an image (H, W, 3), and on its mirror image if the protocol says so."""
    height, width = image.shape[:2]
    if protocol.decode == "part affinity fields":
        fit: whole_image.Fit = whole_image.openpose_fit((height, width), size[0])
    else:
        fit = whole_image.fit((height, width), size[0])
    chosen = np.array([index])
    with running():
        images = normalised(fit.warp(image)[None], protocol.normalise, device)
        plain = network(images, chosen, False)
        flipped = _flipped(images, protocol) if protocol.flip else None
        mirrored = None if flipped is None else network(flipped, chosen, True)
    return ImageMaps(fit, plain, mirrored)


def _flipped(images: Tensor, protocol: Protocol) -> Tensor:
    """The mirror image as the official code of a network gives it."""
    if protocol.decode == "centre offsets":
        return offsets.mirrored_input(images)
    return images.flip(3)


def _by_tags(maps: ImageMaps, protocol: Protocol) -> Persons:
    heatmaps, tags = embedding.aggregate(
        maps.plain,
        maps.mirrored,
        protocol.skeleton.mirrored,
        maps.fit.size,
        protocol.keypoints,
    )
    return embedding.group(heatmaps.float().cpu().numpy(), tags.float().cpu().numpy())


def _by_offsets(maps: ImageMaps, protocol: Protocol) -> Persons:
    skeleton = protocol.skeleton
    both = offsets.aggregate(maps.plain, maps.mirrored, skeleton.mirrored, protocol.keypoints)
    return offsets.decode(both)


def _by_fields(maps: ImageMaps, protocol: Protocol) -> Persons:
    if not isinstance(maps.fit, whole_image.PaddedFit):
        raise TypeError("part affinity fields need the fit of Lightweight OpenPose")
    heatmaps, affinities = (output[0].float().cpu().numpy() for output in maps.plain[-2:])
    return fields.decode(heatmaps, affinities, maps.fit)


GROUPINGS: Mapping[str, Callable[[ImageMaps, Protocol], Persons]] = {
    "associative embedding": _by_tags,
    "centre offsets": _by_offsets,
    "part affinity fields": _by_fields,
}


def people(maps: ImageMaps, protocol: Protocol) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The persons in the maps, joints in image pixels; a missing joint is the input's corner."""
    keypoints, scores = GROUPINGS[protocol.decode](maps, protocol)
    placed = keypoints.astype(np.float64)
    placed[..., :2] = maps.fit.to_image(placed[..., :2])
    return placed, scores.astype(np.float64)
