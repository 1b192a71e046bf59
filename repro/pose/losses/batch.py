"""What the outputs of a network are compared with, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from repro.errors import ReproError


@dataclass(frozen=True, eq=False)
class Heatmaps:
    """The targets of N images or crops with K joints each; what a loss does not use may be left.

    A DataLoader can pin it and Lightning Fabric can move it.
    """

    maps: tuple[Tensor, ...]
    """(N, K, h, w) for each output with heatmaps, in their order; the only one serves all.
    DEKR's have K + 1 channels, the last that of the centres, Lightweight OpenPose's 19"""
    weights: Tensor | None = None
    """(N, K), top-down: 1 where the joint is labelled and within reach of the map, 0 elsewhere;
    None counts every joint"""
    masks: tuple[Tensor, ...] = ()
    """(N, h, w) for each of `maps`, bottom-up: 0 where people are that nobody labelled, 1
    elsewhere; none counts every pixel"""
    joints: Tensor | None = None
    """(N, P, K, 2) int64, associative embedding: of joint k of person p its flat index into the
    first of `maps`, (k h + y) w + x, and 1; 0, 0 for one that is not visible or outside"""
    offsets: Tensor | None = None
    """(N, 2 K, h, w), DEKR: x and y of each joint in turn, a pixel's place less the joint's"""
    offset_weights: Tensor | None = None
    """(N, 2 K, h, w), above 0 where offsets are taught"""
    fields: Tensor | None = None
    """(N, 38, h, w), Lightweight OpenPose: part affinity fields, x and y of each limb in turn"""

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Heatmaps:
        """The same targets on a device."""
        return self._each(lambda one: one.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> Heatmaps:
        """The same targets in pinned memory, from which a GPU copies while it computes."""
        return self._each(lambda one: one.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> Heatmaps:
        single = ("weights", "joints", "offsets", "offset_weights", "fields")
        kept = {name: one for name in single if (one := getattr(self, name)) is not None}
        return Heatmaps(
            tuple(map(change, self.maps)),
            masks=tuple(map(change, self.masks)),
            **{name: change(one) for name, one in kept.items()},
        )


class OutputTarget(NamedTuple):
    """One output and what it should be."""

    output: Tensor
    """(N, K, h, w)"""
    maps: Tensor
    """(N, K, h, w)"""
    counts: tuple[Tensor, ...]
    """what the error is multiplied by before it is squared: weights (N, K, 1, 1), if any"""
    mask: tuple[Tensor, ...]
    """what it is multiplied by afterwards: a mask (N, 1, h, w), if any"""


def paired(outputs: Sequence[Tensor], targets: Heatmaps) -> list[OutputTarget]:
    """Outputs (N, K, h, w) each beside its maps; ReproError if their number or shapes differ."""
    maps, masks = targets.maps, targets.masks
    if len(maps) == 1:
        maps, masks = maps * len(outputs), masks * len(outputs)
    if len(maps) != len(outputs):
        raise ReproError(
            f"The network has {len(outputs)} outputs, but there are heatmaps for {len(maps)}.",
            "Give heatmaps for each of them, or the same for all.",
        )
    counts = () if targets.weights is None else (targets.weights[:, :, None, None],)
    pairs = []
    for i, (output, wanted) in enumerate(zip(outputs, maps, strict=True)):
        same_shape(f"Output {i + 1} of the network", output, wanted)
        pairs.append(
            OutputTarget(output, wanted, counts, tuple(mask[:, None] for mask in masks[i : i + 1]))
        )
    return pairs


def same_shape(what: str, output: Tensor, wanted: Tensor) -> None:
    """Raise ReproError for an output that has another shape than its target."""
    if output.shape != wanted.shape:
        raise ReproError(
            f"{what} has the shape {tuple(output.shape)}, its target {tuple(wanted.shape)}.",
            "The loss must be one for this network, and the data must have its joints.",
        )


def present(targets: Tensor | None, what: str) -> Tensor:
    """Targets that a loss cannot do without; ReproError if they are not there."""
    if targets is None:
        raise ReproError(f"The batch has no {what}.", "The loss must be one for these data.")
    return targets
