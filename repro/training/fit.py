"""Whether a recipe fits the data: what is said where it does not; and a schedule that does."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.papers.recipe import Recipe
from repro.papers.recipe_sources import Resolved, shown
from repro.records.remarks import Remark, counted

if TYPE_CHECKING:
    from repro.training.schedule import Schedule

ABOUT = "recipe"
TYPED, SCALED = "the command line", "--scale-schedule"
"""sources of fields: as a user gave them, and as they were fitted to what he gave"""
WARM_SHARE = 10
"""a fitted warm-up takes at most one step in so many"""


def scaled(resolved: Resolved, given: Mapping[str, object]) -> Resolved:
    """The recipe with the `given` fields, its schedule at the same shares of the epochs.

    Milestones, the epoch that stages restart with, the interval of evaluations and the warm-up
    move with the number of epochs, unless they are given themselves.
    """
    recipe = resolved.recipe
    epochs = given.get("epochs") or recipe.epochs
    assert isinstance(epochs, int)
    share = epochs / recipe.epochs
    fitted: dict[str, object] = {
        "milestones": _milestones(recipe.milestones, share, epochs),
        "restart_epoch": min(round(recipe.restart_epoch * share), epochs - 1),
        "evaluate_every": max(1, round(recipe.evaluate_every * share)),
        "warmup_iterations": round(recipe.warmup_iterations * share),
    }
    moved = {name: value for name, value in fitted.items() if given.get(name) is None}
    changes = [(SCALED, moved), (TYPED, given)]
    if share > 1:  # stages restart before the last epoch, in between too
        changes.reverse()
    for source, fields in changes if share != 1 else changes[1:]:
        resolved = resolved.changed(source, **fields)
    return resolved


def _milestones(epochs: tuple[int, ...], share: float, end: int) -> tuple[int, ...]:
    """Milestones at the same shares of the epochs, apart from each other and before the end; the
    first are left out where there are fewer epochs."""
    fitted: list[int] = []
    latest = end - 1
    for epoch in reversed(epochs):
        at = min(max(1, round(epoch * share)), latest)
        if at < 1:
            break
        fitted.append(at)
        latest = at - 1
    return tuple(reversed(fitted))


def shortened_warmup(resolved: Resolved, steps: int) -> Resolved:
    """The recipe with a warm-up of at most a tenth of the steps, unless the user gave it."""
    recipe = resolved.recipe
    if resolved.sources["warmup_iterations"] == TYPED:
        return resolved
    most = steps // WARM_SHARE
    return resolved.changed(SCALED, warmup_iterations=min(recipe.warmup_iterations, most))


def remarks(
    resolved: Resolved, schedule: "Schedule", steps: int, samples: int, asked: int, evaluated: bool
) -> tuple[Remark, ...]:
    """What does not fit of a recipe that is followed for so many steps on so many samples.

    `asked` is the batch as recipe or user want it, which is larger than the recipe's where there
    are too few samples. A ReproError where no step would change anything.
    """
    recipe = resolved.recipe
    if not any(schedule.rate(step) for step in (0, steps - 1)):
        raise ReproError(
            f"The learning rate is 0 in all {steps:,} steps.",
            "Take more epochs, or a shorter warm-up: --set warmup_iterations=0.",
        )
    said = [
        *_scaling(resolved),
        *_warmup(recipe, schedule, steps),
        *_milestones_left(recipe),
        *_batches(resolved, schedule, samples, asked),
    ]
    if evaluated and recipe.evaluate_every > recipe.epochs:
        said.append(
            f"Evaluations are {recipe.evaluate_every:,} epochs apart and the training has "
            f"{recipe.epochs:,}: there is one, at its end."
        )
    left = samples - schedule.steps * recipe.batch
    what = f"{'images' if recipe.whole else 'persons'} are left out of each epoch, other ones each"
    over = [counted(ABOUT, left, samples, f"{what} time: batches of {recipe.batch:,} are whole")]
    return (*(Remark(ABOUT, text) for text in said), *(over if 0 < left < recipe.batch else ()))


def _scaling(resolved: Resolved) -> Iterator[str]:
    """What was fitted, in a sentence."""
    fields = [one for one in resolved.deviations if resolved.sources[one.field] == SCALED]
    if not fields:
        return
    epochs, whole = resolved.recipe.epochs, resolved.original("epochs")
    parts = [
        f"{one.field} {shown(one.was)} become{'s' * (one.field != 'milestones')} {shown(one.now)}"
        for one in fields
    ]
    how = "fitted" if epochs == whole else f"scaled to {epochs:,}"
    yield f"The schedule of {whole:,} epochs is {how}: {'; '.join(parts)}."


def _warmup(recipe: Recipe, schedule: "Schedule", steps: int) -> Iterator[str]:
    warm = recipe.warmup_iterations
    if warm >= steps:
        share = 100 * schedule.rate(steps - 1) / recipe.lr
        yield (
            f"The warm-up takes {warm:,} steps and the training has {steps:,}: the learning rate "
            f"reaches {share:.3g} % of {recipe.lr:g}. --scale-schedule shortens it."
        )
    elif 2 * warm > steps:
        yield f"The warm-up takes {warm:,} of the {steps:,} steps. --scale-schedule shortens it."


def _milestones_left(recipe: Recipe) -> Iterator[str]:
    beyond = [epoch for epoch in recipe.milestones if epoch >= recipe.epochs]
    if beyond:
        never = "never falls" if len(beyond) == len(recipe.milestones) else "does not fall there"
        many = len(beyond) > 1
        yield (
            f"The milestone{'s' * many} {shown(tuple(beyond))} {'are' if many else 'is'} not "
            f"before the end of {recipe.epochs:,} epochs: the learning rate {never}. "
            "--scale-schedule fits them."
        )


def _batches(resolved: Resolved, schedule: "Schedule", samples: int, asked: int) -> Iterator[str]:
    recipe = resolved.recipe
    what = "images" if recipe.whole else "persons"
    if asked > samples:
        yield (
            f"A batch of {asked:,} is larger than the set: each epoch is one step of "
            f"{recipe.batch:,} of the {samples:,} {what}."
        )
    batch, rate = resolved.original("batch"), resolved.original("lr")
    if batch != recipe.batch and rate == recipe.lr and resolved.sources["lr"] != TYPED:
        fitting = recipe.lr * recipe.batch / int(str(batch))
        yield (
            f"The learning rate {recipe.lr:g} is the recipe's for batches of {batch:,}; these are "
            f"of {recipe.batch:,}, in proportion it would be {fitting:.3g} (--lr)."
        )
