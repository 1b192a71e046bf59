"""How a recipe is made short without becoming another one."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import study
from repro.papers.recipe_sources import resolve
from repro.training import choice
from repro.training.schedule import Schedule

RECIPES = [
    (paper, name) for paper in study.study_names() for name in study.load_study(paper).recipes
]


@pytest.mark.parametrize(("paper", "name"), RECIPES)
def test_a_rehearsed_recipe_keeps_its_stages_and_losses_and_decays_once(
    paper: str, name: str
) -> None:
    resolved = resolve(paper, study.load_study(paper).recipes, name)
    short = choice.rehearsed(resolved, 3)
    whole, recipe = resolved.recipe, short.recipe
    assert (recipe.stages, recipe.loss, recipe.lr) == (whole.stages, whole.loss, whole.lr)
    schedule = Schedule(recipe, 3)
    assert schedule.total == 3 * (recipe.stages + 1)
    assert recipe.batch <= 8 and schedule.evaluates(3) and schedule.evaluates(schedule.total)
    decayed = schedule.rate(schedule.total - 1) < schedule.rate(2)
    assert decayed == (bool(whole.milestones) and whole.decay < 1)
    changed = {one.field for one in short.deviations}
    assert {"batch", "epochs"} <= changed
    assert changed <= {
        *("batch", "epochs", "evaluate_every", "milestones", "warmup_iterations", "restart_epoch"),
    }


def test_pictures_to_evaluate_on_are_where_those_to_train_on_are() -> None:
    train = {"annotations": Path("train.json"), "images": Path("pictures")}
    found, (remark,) = choice.with_images({"annotations": Path("a/val.json")}, train)
    assert found == {"annotations": Path("a/val.json"), "images": Path("pictures")}
    assert str(remark).startswith("The pictures of `val.json` are looked for where")
    both = {"annotations": Path("val.json"), "images": Path("others")}
    assert choice.with_images(both, train) == (both, ()) and choice.with_images({}, train) == (
        {},
        (),
    )
    with pytest.raises(ReproError, match="`others` have no annotations"):
        choice.with_images({"images": Path("others")}, train)
    with pytest.raises(ReproError, match=r"pictures of `val\.json` are not named"):
        choice.with_images({"annotations": Path("val.json")}, {})
