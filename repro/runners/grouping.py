"""What lies between a bottom-up network and persons, for each way of grouping."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.pose import embedding, whole
from repro.protocol import Protocol
from repro.runners.network import Network, normalised
from repro.study import Size

Found = tuple[NDArray[np.float32], NDArray[np.float32]]
"""joints (M, K, 3) and scores (M,) of persons"""


@dataclass(frozen=True, eq=False)
class Maps:
    """What a network gave for one image, and how the image was fitted."""

    fit: whole.Fit
    plain: list[Tensor]
    mirrored: list[Tensor] | None


def maps(
    network: Network,
    image: NDArray[np.uint8],
    index: int,
    size: Size,
    protocol: Protocol,
    device: str | torch.device,
) -> Maps:
    """Run a network on an image (H, W, 3), and on its mirror image if the protocol says so."""
    height, width = image.shape[:2]
    if protocol.decode == "part affinity fields":
        fit: whole.Fit = whole.openpose_fit((height, width), size[0])
    else:
        fit = whole.fit((height, width), size[0])
    images = normalised(fit.warp(image)[None], protocol.normalise, device)
    chosen = np.array([index])
    plain = network(images, chosen, False)
    mirrored = network(images.flip(3), chosen, True) if protocol.flip else None
    return Maps(fit, plain, mirrored)


def _by_tags(found: Maps, protocol: Protocol) -> Found:
    heatmaps, tags = embedding.aggregate(
        found.plain,
        found.mirrored,
        protocol.skeleton.mirrored,
        found.fit.size,
        protocol.keypoints,
    )
    return embedding.group(heatmaps.float().cpu().numpy(), tags.float().cpu().numpy())


GROUPINGS: Mapping[str, Callable[[Maps, Protocol], Found]] = {
    "associative embedding": _by_tags,
}


def people(found: Maps, protocol: Protocol) -> Found:
    """The persons in the maps, joints in image pixels; a missing joint is the input's corner."""
    keypoints, scores = GROUPINGS[protocol.decode](found, protocol)
    keypoints = keypoints.astype(np.float64)
    keypoints[..., :2] = found.fit.to_image(keypoints[..., :2])
    return keypoints, scores
