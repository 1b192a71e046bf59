"""A recipe that does not fit the data is said; `--scale-schedule` fits it."""

import pytest

from repro.errors import ReproError
from repro.papers import study
from repro.papers.recipe import Loss, Recipe
from repro.papers.recipe_sources import FIELDS, Resolved, resolve
from repro.training import fit
from repro.training.schedule import Schedule

RECIPE = Recipe(
    "Adam",
    lr=1e-3,
    epochs=210,
    batch=64,
    loss=Loss("mse"),
    milestones=(170, 200),
    warmup_iterations=500,
    warmup_ratio=0.001,
)


def written(**fields: object) -> Resolved:
    """A recipe as it is written down."""
    recipe = Recipe(**{**{name: getattr(RECIPE, name) for name in FIELDS}, **fields})
    return Resolved("paper/test", recipe, dict.fromkeys(FIELDS, "the paper"))


def said(
    resolved: Resolved, samples: int, asked: int | None = None, evaluated: bool = True
) -> list[str]:
    recipe = resolved.recipe
    schedule = Schedule(recipe, max(1, samples // recipe.batch))
    asked = recipe.batch if asked is None else asked
    found = fit.remarks(resolved, schedule, schedule.total, samples, asked, evaluated)
    assert all(one.about == "recipe" for one in found)
    return [str(one) for one in found]


def test_a_recipe_on_its_own_data_is_not_remarked_on() -> None:
    assert said(written(), 64 * 2000) == []


def test_a_schedule_beyond_the_end_is_said() -> None:
    lines = said(written().changed(fit.TYPED, epochs=5), 640)
    assert lines[0].startswith("The warm-up takes 500 steps and the training has 50: the learning")
    assert "reaches 9.89 % of 0.001" in lines[0]
    assert "The milestones 170, 200 are not before the end of 5 epochs" in lines[1]
    assert "never falls" in lines[1]
    assert "Evaluations are 10 epochs apart and the training has 5" in lines[2]
    assert len(lines) == 3
    assert len(said(written().changed(fit.TYPED, epochs=5), 640, evaluated=False)) == 2
    lines = said(written().changed(fit.TYPED, epochs=180), 640)
    assert "The milestone 200 is not before the end of 180 epochs" in lines[0]
    assert "does not fall there" in lines[0]
    assert "The warm-up takes 500 of the 800 steps" in said(written(epochs=80), 640)[0]


def test_a_milestone_at_the_very_end_is_beyond_it() -> None:
    assert "The milestone 5 is not before the end" in "".join(
        said(written(epochs=5, milestones=(3, 5), warmup_iterations=0), 64000)
    )
    assert not any(
        "milestone" in one
        for one in said(written(epochs=5, milestones=(3, 4), warmup_iterations=0), 64000)
    )


def test_batches_that_do_not_fit_are_said() -> None:
    few = written(warmup_iterations=0).changed("there are 24 samples", batch=24)
    lines = said(few, 24, asked=64)
    assert (
        "A batch of 64 is larger than the set: each epoch is one step of 24 of the 24" in lines[0]
    )
    assert "0.001 is the recipe's for batches of 64; these are of 24" in lines[1]
    assert "it would be 0.000375" in lines[1]
    chosen = few.changed(fit.TYPED, lr=1e-4)
    assert not any("learning rate" in one for one in said(chosen, 24))
    (line,) = said(written(warmup_iterations=0), 64 * 2000 + 3)
    assert line.startswith("3 of 128,003 persons are left out of each epoch")


def test_a_training_without_a_step_that_changes_anything_is_refused() -> None:
    still = written(warmup_ratio=0.0).changed(fit.TYPED, epochs=1)
    with pytest.raises(ReproError, match="The learning rate is 0 in all 1 steps") as told:
        said(still, 64)
    assert "warmup_iterations=0" in told.value.hint


def test_a_schedule_is_scaled_to_the_epochs_and_says_so() -> None:
    found = fit.scaled(written(), {"epochs": 5})
    recipe = found.recipe
    assert (recipe.milestones, recipe.warmup_iterations, recipe.evaluate_every) == ((3, 4), 12, 1)
    found = fit.shortened_warmup(found, 60)
    assert found.recipe.warmup_iterations == 6
    assert found.sources["milestones"] == "--scale-schedule"
    assert found.sources["epochs"] == "the command line"
    assert {one.field for one in found.deviations} == {
        *("epochs", "milestones", "warmup_iterations", "evaluate_every")
    }
    (line,) = said(found, 64 * 12)
    assert line.startswith("The schedule of 210 epochs is scaled to 5: ")
    assert "milestones 170, 200 become 3, 4" in line and "warmup_iterations 500 becomes 6" in line
    rates = Schedule(found.recipe, 12)
    assert rates.rate(59) == pytest.approx(1e-5) and rates.rate(35) == pytest.approx(1e-3)


def test_what_a_user_gives_is_not_scaled() -> None:
    given = {"epochs": 50, "milestones": (20,), "warmup_iterations": 40}
    found = fit.scaled(written(), given)
    assert found.recipe.milestones == (20,) and found.recipe.evaluate_every == 2
    assert fit.shortened_warmup(found, 50).recipe.warmup_iterations == 40
    assert (
        fit.scaled(written(), {"lr": 1e-4}).deviations == written().changed("x", lr=1e-4).deviations
    )


@pytest.mark.parametrize("epochs", [1, 2, 7, 1000])
@pytest.mark.parametrize("paper", study.study_names())
def test_every_recipe_can_be_scaled(paper: str, epochs: int) -> None:
    for name in study.load_study(paper).recipes:
        whole = resolve(paper, study.load_study(paper).recipes, name)
        recipe = fit.scaled(whole, {"epochs": epochs}).recipe
        assert recipe.epochs == epochs and recipe.restart_epoch < epochs
        assert all(0 < one < epochs for one in recipe.milestones)
        assert len(recipe.milestones) == min(len(whole.recipe.milestones), epochs - 1)
