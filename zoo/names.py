"""Official names of the parameters of library backbones, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from torch import nn

NORM_ENTRIES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def bare_names(model: nn.Module) -> dict[str, str]:
    """Names without `backbone.` and `keypoint_head.`, as the HRNet and LPN repositories have."""
    return {
        own: own.removeprefix("backbone.").removeprefix("keypoint_head.")
        for own in model.state_dict()
    }


def names_by_position(model: nn.Module, units: Iterable[str]) -> dict[str, str]:
    """Names of a backbone whose convolutions with batch norms come in the order of `units`."""
    own = [name for name in model.state_dict() if name.startswith("backbone.")]
    official = [
        f"backbone.{unit}.{entry}"
        for unit in units
        for entry in ("conv.weight", *(f"bn.{norm}" for norm in NORM_ENTRIES))
    ]
    return dict(zip(own, official, strict=True))


def mobilenetv2_units() -> Iterator[str]:
    """MMPose's wrapped convolutions of MobileNetV2, in order."""
    yield "conv1"
    for layer, count in enumerate((1, 2, 3, 4, 3, 3, 1), 1):
        for block in range(count):
            for conv in range(2 if layer == 1 else 3):
                yield f"layer{layer}.{block}.conv.{conv}"
    yield "conv2"


def shufflenetv2_units() -> Iterator[str]:
    """MMPose's wrapped convolutions of ShuffleNetV2, in order."""
    yield "conv1"
    for layer, count in enumerate((4, 8, 4)):
        for block in range(count):
            if block == 0:
                yield from (f"layers.{layer}.{block}.branch1.{conv}" for conv in range(2))
            yield from (f"layers.{layer}.{block}.branch2.{conv}" for conv in range(3))
    yield "layers.3"
