"""What lies between a bottom-up network and persons, for each way of grouping."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.data.normalising import normalised
from repro.errors import ReproError
from repro.evaluation.network import Network, running
from repro.exported.exported_network import ExportedNetwork
from repro.papers.protocol import ROWS, Protocol
from repro.papers.values import Size
from repro.pose import embedding, fields, offsets, rows, whole_image

Floats = NDArray[np.float32] | NDArray[np.float64]
Persons = tuple[Floats, Floats]
"""joints (M, K, 3) and scores (M,) of persons"""
GREY = 114
"""what Ultralytics puts around an image"""


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
    shape = image.shape[0], image.shape[1]
    canvas = network.canvas if isinstance(network, ExportedNetwork) else None
    fit = fit_of(protocol.decode, shape, size, canvas)
    chosen = np.array([index])
    with running():
        images = normalised(fit.warp(image)[None], protocol.normalise, device)
        plain = network(images, chosen, False)
        flipped = _flipped(images, protocol) if protocol.flip else None
        mirrored = None if flipped is None else network(flipped, chosen, True)
    return ImageMaps(fit, plain, mirrored)


def fit_of(decode: str, shape: Size, size: Size, canvas: Size | None) -> whole_image.Fit:
    """How an image of height, width becomes an input, whose short side `size` names.

    All are scaled into a `canvas` where a network has an input of one size.
    """
    if decode == ROWS:
        return whole_image.letterbox(shape, canvas or size, GREY)
    if decode == "part affinity fields":
        return whole_image.openpose_fit(shape, size[0], canvas=canvas)
    return (
        whole_image.fit(shape, size[0]) if canvas is None else whole_image.contained(shape, canvas)
    )


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


def _by_rows(maps: ImageMaps, protocol: Protocol) -> Persons:
    if maps.mirrored is not None:
        raise ReproError(
            f"The mirrored image is not taken into account by {protocol.decode}.",
            "Leave --flip out.",
        )
    return rows.decode(maps.plain[0][0].float().cpu().numpy(), protocol.keypoints, maps.fit.size)


GROUPINGS: Mapping[str, Callable[[ImageMaps, Protocol], Persons]] = {
    "associative embedding": _by_tags,
    "centre offsets": _by_offsets,
    "part affinity fields": _by_fields,
    ROWS: _by_rows,
}


def people(maps: ImageMaps, protocol: Protocol) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The persons in the maps, joints in image pixels; a missing joint is the input's corner."""
    keypoints, scores = GROUPINGS[protocol.decode](maps, protocol)
    placed = keypoints.astype(np.float64)
    placed[..., :2] = maps.fit.to_image(placed[..., :2])
    return placed, scores.astype(np.float64)
