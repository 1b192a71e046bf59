"""Lightweight OpenPose (Osokin, 2018): heatmaps and part affinity fields of every stage.

After `modules/loss.py` and `train.py` of
Daniil-Osokin/lightweight-human-pose-estimation.pytorch. With N images and a mask m, for the
heatmaps and for the fields of each stage

    1/2 sum over images, channels and pixels of (m P - m H)^2 / N

added up. It is a sum where other losses are means: learning rates are not comparable.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from repro.errors import ReproError
from repro.pose.losses.batch import Heatmaps, present, same_shape
from repro.pose.losses.squared import total


def part_fields(outputs: Sequence[Tensor], targets: Heatmaps) -> dict[str, Tensor]:
    """`heatmaps` and `fields` of outputs (N, 19, h, w) and (N, 38, h, w) in turn.

    Raise ReproError for an odd number of outputs.
    """
    if not outputs or len(outputs) % 2:
        raise ReproError(
            f"The network has {len(outputs)} outputs.",
            "Lightweight OpenPose has heatmaps and fields for each stage.",
        )
    wanted = {"heatmaps": targets.maps[0], "fields": present(targets.fields, "fields")}
    return {
        name: total([_summed(output, maps, targets.masks) for output in outputs[first::2]])
        for first, (name, maps) in enumerate(wanted.items())
    }


def _summed(output: Tensor, maps: Tensor, masks: tuple[Tensor, ...]) -> Tensor:
    same_shape("An output of the network", output, maps)
    apart = output - maps
    for mask in masks:
        apart = apart * mask[:, None]
    return apart.square().sum() / (2 * len(output))
