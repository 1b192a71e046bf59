"""What a top-down network gives that gives no heatmaps: SimCC, or points.

Each is read in three steps: the outputs are checked, those of the mirrored image are averaged with
the plain ones, and joints are found in them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from repro.errors import ReproError
from repro.papers.protocol import Protocol
from repro.papers.values import Size
from repro.pose import simcc

Outputs = list[NDArray[np.float32]]
HALF = np.float32(0.5)


@dataclass(frozen=True, eq=False)
class FoundJoints:
    """Joints of some crops."""

    points: NDArray[np.float64]
    """(N, K, 2) in pixels of the grid"""
    scores: NDArray[np.float64]
    """(N, K)"""
    grid: Size
    """height and width of what the whole crop is in those pixels"""


@dataclass(frozen=True)
class TopDownHead:
    """One kind of head."""

    checked: Callable[[Sequence[Tensor], int], list[Tensor]]
    """the outputs that are read, of a network of K joints; ReproError for others"""
    turned: Callable[[Outputs, Protocol], Outputs] | None
    """the outputs for a mirrored image as those of the image; None where nobody averages them"""
    joints: Callable[[Outputs, Size], FoundJoints]
    """the joints in the outputs for inputs of a size"""


def of_protocol(protocol: Protocol) -> TopDownHead | None:
    """The head that a protocol's decoding reads; None for heatmaps."""
    return HEADS.get(protocol.decode)


def outputs(head: TopDownHead, found: Sequence[Tensor], protocol: Protocol) -> Outputs:
    """What a network gave as the head reads it, in float32."""
    return [one.float().cpu().numpy() for one in head.checked(found, protocol.keypoints)]


def averaged(head: TopDownHead, plain: Outputs, mirrored: Outputs, protocol: Protocol) -> Outputs:
    """The outputs for an image and those for its mirror image, in one."""
    if head.turned is None:
        raise ReproError(
            f"The mirrored image is not taken into account by {protocol.decode}.",
            "Leave --flip out.",
        )
    back = head.turned(mirrored, protocol)
    return [(one + other) * HALF for one, other in zip(plain, back, strict=True)]


def _bins(found: Sequence[Tensor], joints: int) -> list[Tensor]:
    """Two outputs (N, K, bins), of x and of y."""
    if len(found) != 2 or any(one.ndim != 3 or one.shape[1] != joints for one in found):
        raise _others(found, "bins", joints)
    return list(found)


def _turned_bins(found: Outputs, protocol: Protocol) -> Outputs:
    return simcc.mirror_bins(found, protocol.skeleton.mirrored)


def _joints_of_bins(found: Outputs, size: Size) -> FoundJoints:
    points, scores = simcc.decode(found[0], found[1], size)
    return FoundJoints(points, scores, size)


def _shares(found: Sequence[Tensor], joints: int) -> list[Tensor]:
    """One output (N, K, 3), or (N, 1, K, 3) as MoveNet's."""
    if len(found) != 1 or tuple(found[0].shape[1:]) not in ((joints, 3), (1, joints, 3)):
        raise _others(found, "points", joints)
    return [found[0].reshape(len(found[0]), joints, 3)]


def _joints_of_shares(found: Outputs, size: Size) -> FoundJoints:
    """MoveNet: y and x in shares of the input's sides, and a score."""
    values = found[0].astype(np.float64)
    points = values[..., 1::-1] * np.array([size[1], size[0]])
    return FoundJoints(points, values[..., 2], size)


def _others(found: Sequence[Tensor], what: str, joints: int) -> ReproError:
    shapes = ", ".join(" x ".join(map(str, one.shape)) for one in found)
    return ReproError(
        f"The network gives {shapes}, which are no {what} of {joints} joints.",
        "Is it a network for this data set? --head says what it gives.",
    )


HEADS: Mapping[str, TopDownHead] = {
    "SimCC": TopDownHead(_bins, _turned_bins, _joints_of_bins),
    "points": TopDownHead(_shares, None, _joints_of_shares),
}
"""decoding of a protocol -> the head that it reads"""
