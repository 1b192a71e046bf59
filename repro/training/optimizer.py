"""The optimizer of a recipe, its learning rate at each step, and what a network begins with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from repro.papers.recipe import Recipe

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in a training."""

    stage: int
    """counted from 0"""
    epoch: int
    """as milestones count: a later stage begins with the recipe's restart epoch"""
    passes: int
    """how often the data was gone through before, over all stages"""
    step: int
    """within the epoch"""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The course of a recipe with so many steps of the optimizer an epoch."""

    recipe: Recipe
    steps: int

    @property
    def passes(self) -> int:
        """Epochs of all stages together."""
        return self.recipe.epochs + (self.recipe.stages - 1) * self._later

    @property
    def total(self) -> int:
        """Steps of all stages together."""
        return self.passes * self.steps

    def at(self, step: int) -> Moment:
        """The place of a step, counted from 0 over the whole training."""
        passes, within = divmod(step, self.steps)
        beyond = passes - self.recipe.epochs
        if beyond < 0:
            return Moment(0, passes, passes, within)
        stage, epoch = divmod(beyond, self._later)
        return Moment(1 + stage, self.recipe.restart_epoch + epoch, passes, within)

    def rate(self, step: int) -> float:
        """The learning rate of a step.

        Decayed from each milestone on; raised in a straight line over the first steps of the
        training, `ratio + (1 - ratio) step / iterations` of it, as mmcv's LrUpdaterHook does.
        """
        recipe, moment = self.recipe, self.at(step)
        rate = recipe.lr * recipe.decay ** sum(epoch <= moment.epoch for epoch in recipe.milestones)
        if step < recipe.warmup_iterations:
            rest = 1 - recipe.warmup_ratio
            rate *= recipe.warmup_ratio + rest * step / recipe.warmup_iterations
        return rate

    def restarts(self, step: int) -> bool:
        """Whether a stage after the first begins with this step."""
        return step < self.total and self.ends_stage(step)

    def ends_pass(self, step: int) -> bool:
        """Whether a pass through the data is complete after so many steps."""
        return step % self.steps == 0

    def evaluates(self, step: int) -> bool:
        """Whether the weights after so many steps are evaluated: every few epochs, and at the end
        of each stage."""
        if step == 0 or not self.ends_pass(step):
            return False
        last = self.at(step - 1)
        return (last.epoch + 1) % self.recipe.evaluate_every == 0 or self.ends_stage(step)

    def ends_stage(self, step: int) -> bool:
        """Whether a stage is complete after so many steps."""
        return step > 0 and step == self.end_of_stage(step - 1)

    def end_of_stage(self, step: int) -> int:
        """Steps that are done when the stage of this step is complete."""
        return (self.recipe.epochs + self.at(step).stage * self._later) * self.steps

    @property
    def _later(self) -> int:
        """Epochs of a stage after the first."""
        recipe = self.recipe
        return recipe.epochs - (recipe.restart_epoch if recipe.stages > 1 else 0)


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
