"""The optimizer of a recipe, what a network begins with, and the average of its weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from repro.papers.recipe import Recipe

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


def optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    """Adam, AdamW or SGD over all parameters that are trained, as PyTorch has them."""
    parameters = [value for value in model.parameters() if value.requires_grad]
    if recipe.optimizer == "SGD":
        return torch.optim.SGD(
            parameters, recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
        )
    kind = torch.optim.AdamW if recipe.optimizer == "AdamW" else torch.optim.Adam
    return kind(parameters, recipe.lr, weight_decay=recipe.weight_decay)


def initialise(model: nn.Module, init: str) -> None:
    """Give a network built by the zoo the recipe's initial values; `network` leaves it as it is."""
    if init == "network":
        return
    for module in model.modules():
        if init == "normal 0.001" and isinstance(module, CONVOLUTIONS):
            nn.init.normal_(module.weight, std=0.001)
        elif init == "torch" and isinstance(module, (*CONVOLUTIONS, nn.Linear, nn.LayerNorm)):
            module.reset_parameters()


class Average:
    """A moving average of a network's parameters; what else its state holds is as it is now."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.begin(model)

    def begin(self, model: nn.Module) -> None:
        """Begin with the values as they are."""
        self.values = _copied(model)

    @torch.no_grad()
    def restore(self, values: Mapping[str, Tensor]) -> None:
        """Go on from kept values."""
        for name, value in values.items():
            self.values[name].copy_(value)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """One step of the optimizer is done."""
        for name, value in model.named_parameters():
            self.values[name].lerp_(value, 1 - self.decay)

    @contextmanager
    def lent(self, model: nn.Module) -> Iterator[None]:
        """The model has the average's values meanwhile."""
        before = _copied(model)
        _copy(self.values, model)
        try:
            yield
        finally:
            _copy(before, model)


@torch.no_grad()
def _copy(values: dict[str, Tensor], model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        parameter.copy_(values[name])


def _copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}
