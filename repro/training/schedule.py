"""The course of a training by its recipe: stages, epochs, and the learning rate at each step."""

from collections.abc import Iterator
from dataclasses import dataclass

from repro.papers.recipe import Recipe


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
        rate = decayed(recipe, moment.epoch)
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


@dataclass(frozen=True, slots=True)
class RateSpan:
    """Epochs of one stage that have one learning rate, the warm-up left out."""

    stage: int
    """counted from 0"""
    first: int
    """epochs as milestones count, the last not included"""
    last: int
    passes: int
    """how often the data was gone through before, over all stages"""
    rate: float


def rate_spans(recipe: Recipe) -> Iterator[RateSpan]:
    """The learning rate over a whole training, in order."""
    passes = 0
    for stage in range(recipe.stages):
        first = recipe.restart_epoch if stage else 0
        turns = [epoch for epoch in recipe.milestones if first < epoch < recipe.epochs]
        for start, end in zip((first, *turns), (*turns, recipe.epochs), strict=True):
            yield RateSpan(stage, start, end, passes, decayed(recipe, start))
            passes += end - start


def decayed(recipe: Recipe, epoch: int) -> float:
    """The learning rate of an epoch, as milestones count them, without a warm-up."""
    return recipe.lr * recipe.decay ** sum(turn <= epoch for turn in recipe.milestones)
