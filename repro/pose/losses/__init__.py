"""Losses by name, and which of them each network of the zoo is trained with.

A loss compares the outputs of a network with the targets of a batch and gives its parts by name,
each a scalar with its factor in it; what is minimised is their sum.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

import zoo
from repro.errors import ReproError, unknown
from repro.pose.losses.adaptive import adaptive_embedding
from repro.pose.losses.batch import Heatmaps
from repro.pose.losses.embedding_loss import squared_embedding
from repro.pose.losses.field_loss import part_fields
from repro.pose.losses.hard_joints import hard_joints
from repro.pose.losses.offset_loss import centre_offsets
from repro.pose.losses.scale_adaptive import scale_adaptive_embedding
from repro.pose.losses.squared import half_squared, mean_squared
from repro.pose.losses.weighting import heatmap_weighting

__all__ = ["FAMILIES", "LOSSES", "Criterion", "Heatmaps", "criterion", "for_model"]

Criterion = Callable[[Sequence[Tensor], Heatmaps], dict[str, Tensor]]

LOSSES: Mapping[str, Callable[..., dict[str, Tensor]]] = {
    "mse": mean_squared,
    "half-mse": half_squared,
    "heatmap-weighting": heatmap_weighting,
    "hard-joints": hard_joints,
    "mse+embedding": squared_embedding,
    "weight-adaptive+embedding": adaptive_embedding,
    "scale-adaptive+embedding": scale_adaptive_embedding,
    "centre-offsets": centre_offsets,
    "part-fields": part_fields,
}
"""the settings of a loss are the keyword arguments of its function"""

FAMILIES: Mapping[str, str] = {
    "hwl_": "heatmap-weighting",
    "simplebaseline_resnet": "half-mse",
    "simplebaseline_": "mse",
    "vipnas_": "mse",
    "small_hrnet_": "mse",
    "lpn_": "half-mse",
    "hrnet_": "half-mse",
    "hourglass_": "half-mse",
    "cpn_": "hard-joints",
    "litehrnet_": "mse",
    "naive_litehrnet_": "mse",
    "ditehrnet_": "mse",
    "cbam_litehrnet_": "mse",
    "tokenpose_": "half-mse",
    "lightweight_openpose": "part-fields",
    "litepose_": "mse+embedding",
    "wlitepose_": "weight-adaptive+embedding",
    "higherhrnet_": "mse+embedding",
    "efficienthrnet_": "mse+embedding",
    "swahr_": "scale-adaptive+embedding",
    "dekr_": "centre-offsets",
}
"""the loss of the official code of the networks whose names start so; the first that fits counts"""


USUAL: Mapping[str, str] = {
    "": "mse",
    "associative embedding": "mse+embedding",
    "centre offsets": "centre-offsets",
    "part affinity fields": "part-fields",
}
"""the loss of any other network, by how it groups persons"""


def for_model(name: str) -> str:
    """The loss that a network of the zoo is trained with; ReproError for a name it has not."""
    if name not in zoo.MODELS:
        raise unknown("model", name, zoo.MODELS)
    fitting = (loss for start, loss in FAMILIES.items() if name.startswith(start))
    return next(fitting, USUAL[zoo.MODELS[name].grouping])


def criterion(name: str, **settings: float | str) -> Criterion:
    """The named loss with settings, on outputs and targets: its parts by name, scalars.

    Outputs of less than single precision are compared in single precision. Raise ReproError for a
    name or a setting that does not exist; the loss does for outputs and targets that do not fit.
    """
    if name not in LOSSES:
        raise unknown("loss", name, LOSSES)
    loss = LOSSES[name]
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
