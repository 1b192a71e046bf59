"""Losses by name, and which of them each network of the zoo is trained with.

A loss compares the outputs of a network with the targets of a batch and gives its parts by name,
each a scalar with its factor in it; what is minimised is their sum.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

import zoo
from repro.errors import ReproError, unknown
from repro.models import registry
from repro.pose.losses.adaptive import adaptive_embedding
from repro.pose.losses.batch import Heatmaps
from repro.pose.losses.embedding_loss import squared_embedding
from repro.pose.losses.field_loss import part_fields
from repro.pose.losses.hard_joints import hard_joints
from repro.pose.losses.offset_loss import centre_offsets
from repro.pose.losses.scale_adaptive import scale_adaptive_embedding
from repro.pose.losses.squared import half_squared, mean_squared
from repro.pose.losses.weighting import heatmap_weighting

__all__ = [
    "FAMILIES",
    "LOSSES",
    "Criterion",
    "Heatmaps",
    "LossKind",
    "criterion",
    "family",
    "for_model",
    "outputs_of",
]

Criterion = Callable[[Sequence[Tensor], Heatmaps], dict[str, Tensor]]


@dataclass(frozen=True, slots=True)
class LossKind:
    """A loss that a recipe can name."""

    compare: Callable[..., dict[str, Tensor]]
    """its settings are the keyword arguments"""
    outputs: str = "heatmaps"
    """what a network must give beside or instead of heatmaps, for this loss to teach it"""


LOSSES: Mapping[str, LossKind] = {
    "mse": LossKind(mean_squared),
    "half-mse": LossKind(half_squared),
    "heatmap-weighting": LossKind(heatmap_weighting),
    "hard-joints": LossKind(hard_joints),
    "mse+embedding": LossKind(squared_embedding, "embeddings"),
    "weight-adaptive+embedding": LossKind(adaptive_embedding, "embeddings"),
    "scale-adaptive+embedding": LossKind(scale_adaptive_embedding, "embeddings and scales"),
    "centre-offsets": LossKind(centre_offsets, "offsets"),
    "part-fields": LossKind(part_fields, "fields"),
}

FAMILIES: Mapping[str, str] = {
    "zoo.hwl.hwl_mobilenetv3": "heatmap-weighting",
    "zoo.simplebaseline.simplebaseline_resnet": "half-mse",
    "zoo.simplebaseline.simplebaseline_mobilenetv2": "mse",
    "zoo.simplebaseline.simplebaseline_mobilenetv3": "mse",
    "zoo.simplebaseline.simplebaseline_shufflenetv2": "mse",
    "zoo.vipnas.vipnas_mobilenetv3": "mse",
    "zoo.hrnet.small_hrnet": "mse",
    "zoo.hrnet.hrnet": "half-mse",
    "zoo.lpn.lpn": "half-mse",
    "zoo.hourglass.hourglass": "half-mse",
    "zoo.cpn.cpn": "hard-joints",
    "zoo.litehrnet.litehrnet": "mse",
    "zoo.litehrnet.naive_litehrnet": "mse",
    "zoo.ditehrnet.ditehrnet": "mse",
    "zoo.cbam_litehrnet.cbam_litehrnet": "mse",
    "zoo.tokenpose.tokenpose_s": "half-mse",
    "zoo.tokenpose.tokenpose_b": "half-mse",
    "zoo.tokenpose.tokenpose_l": "half-mse",
    "zoo.lightweight_openpose.lightweight_openpose": "part-fields",
    "zoo.lightweight_openpose_0001.lightweight_openpose_0001": "part-fields",
    "zoo.litepose.litepose": "mse+embedding",
    "zoo.wlitepose.wlitepose": "weight-adaptive+embedding",
    "zoo.wlitepose_readings.wlitepose_reading": "weight-adaptive+embedding",
    "zoo.higherhrnet.higherhrnet": "mse+embedding",
    "zoo.higherhrnet.small_higherhrnet": "mse+embedding",
    "zoo.higherhrnet.swahr": "scale-adaptive+embedding",
    "zoo.efficienthrnet.efficienthrnet": "mse+embedding",
    "zoo.dekr.dekr": "centre-offsets",
}
"""module and name of a builder of the zoo -> the loss of the official code of its networks"""

USUAL: Mapping[str, str] = {
    "": "mse",
    "associative embedding": "mse+embedding",
    "centre offsets": "centre-offsets",
    "part affinity fields": "part-fields",
}
"""the loss of any other network that names none, by how it groups persons"""


def for_model(name: str) -> str:
    """The loss that a network is trained with where nobody names another: the one that its entry
    names as `loss`, that of its family, or the usual one of its kind.

    ReproError for a name that no network has.
    """
    if name not in zoo.MODELS:
        raise unknown("model", name, zoo.MODELS)
    entry = zoo.MODELS[name]
    own = registry.loss_of(name) or getattr(entry, "loss", "")
    if own and own not in LOSSES:
        error = unknown("loss", own, LOSSES)
        raise ReproError(f"The module of `{name}` names a wrong loss: {error}", error.hint)
    return own or FAMILIES.get(family(name), USUAL[entry.grouping])


def family(name: str) -> str:
    """What the networks of one builder share: its module and name."""
    return f"{zoo.MODELS[name].module}.{zoo.MODELS[name].builder}"


def outputs_of(loss: str) -> str:
    """What a network must give for a loss to teach it; ReproError for a loss that is none."""
    if loss not in LOSSES:
        raise unknown("loss", loss, LOSSES)
    return LOSSES[loss].outputs


def criterion(name: str, **settings: float | str) -> Criterion:
    """The named loss with settings, on outputs and targets: its parts by name, scalars.

    Outputs of less than single precision are compared in single precision. Raise ReproError for a
    name or a setting that does not exist; the loss does for outputs and targets that do not fit.
    """
    if name not in LOSSES:
        raise unknown("loss", name, LOSSES)
    loss = LOSSES[name].compare
    valid = [
        one.name
        for one in inspect.signature(loss).parameters.values()
        if one.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for setting in settings:
        if setting not in valid:
            raise ReproError(
                f"The loss `{name}` has no setting `{setting}`.",
                f"It has {', '.join(valid)}." if valid else "It has none.",
            )

    def compare(outputs: Sequence[Tensor], targets: Heatmaps) -> dict[str, Tensor]:
        return loss([_precise(output) for output in outputs], targets, **settings)

    return compare


def _precise(output: Tensor) -> Tensor:
    return output.float() if output.dtype in (torch.float16, torch.bfloat16) else output
