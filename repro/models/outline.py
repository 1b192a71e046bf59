"""Networks of the zoo without weights, for what their shapes alone tell."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import zoo
from repro.errors import ReproError

if TYPE_CHECKING:
    from torch import nn


def outline(model: str, keypoints: int | None, options: Mapping[str, object]) -> "nn.Module":
    """A network on the meta device, in evaluation mode; ReproError for one that cannot be built."""
    import torch

    import_module(zoo.MODELS[model].module)  # torch 2.6 cannot import under a meta device
    try:
        with torch.device("meta"):
            return zoo.create_model(model, keypoints, **options).eval()
    except (ValueError, TypeError) as error:
        words = " ".join((model, *(f"{name}={value}" for name, value in options.items())))
        raise ReproError(f"`{words}` cannot be built: {error}") from error
