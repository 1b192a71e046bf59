"""The papers' recipes: printed values, their sources, and what a user changes."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import recipe_sources, study
from repro.papers.recipe import Loss
from repro.papers.recipe_sources import FIELDS, UNSAID, Resolved, WrittenRecipe


def resolved(paper: str, name: str, *words: str) -> Resolved:
    return recipe_sources.resolve(paper, study.load_study(paper).recipes, name, words)


@pytest.mark.parametrize("paper", ["paper1", "paper2", "paper3", "paper4"])
def test_every_recipe_is_complete_and_says_where_each_field_is_from(paper: str) -> None:
    for name in study.load_study(paper).recipes:
        for words in (["coco", "256x192"], ["mpii", "256x256"], ["crowdpose", "448x448"]):
            found = resolved(paper, name, *words)
            assert set(found.sources) == set(FIELDS)
            trained = ("optimizer", "lr", "epochs", "batch", "loss", "milestones", "flip", "sigma")
            assert UNSAID not in [found.sources[field] for field in trained]


def test_what_the_papers_print() -> None:
    one = resolved("paper1", "paper", "coco").recipe
    assert (one.optimizer, one.lr, one.batch, one.epochs) == ("Adam", 5e-4, 64, 210)
    assert (one.milestones, one.warmup_iterations, one.warmup_ratio) == ((170, 200), 500, 0.001)
    assert one.loss == Loss("heatmap-weighting", {"function": "x"})
    two = resolved("paper2", "paper", "coco").recipe
    assert (two.stages, two.restart_epoch, two.epochs, two.batch) == (7, 60, 150, 32)
    assert (two.milestones, two.init, two.lr) == ((90, 120), "normal 0.001", 1e-3)
    three = resolved("paper3", "paper", "coco").recipe
    assert (three.optimizer, three.lr, three.milestones) == ("SGD", 0.0025, (40, 80))
    four = resolved("paper4", "paper", "coco").recipe
    assert (four.loss, four.scale) == (
        Loss("weight-adaptive+embedding", {"tau": 0.01}),
        (0.75, 1.5),
    )


def test_what_a_paper_leaves_out_is_official_and_says_so() -> None:
    found = resolved("paper1", "paper", "coco")
    assert found.sources["lr"] == "Section IV-A4"
    assert (found.recipe.flip, found.recipe.half_body) == (0.5, 0.3)
    assert found.sources["flip"] == "official: HAIV-Lab/ICPR22w, configurations"
    assert found.sources["momentum"] == UNSAID
    official = resolved("paper2", "official", "coco").recipe
    assert recipe_sources.differing(resolved("paper2", "paper", "coco").recipe, official) == {
        "stages": (7, 1),
        "restart_epoch": (60, 0),
        "init": ("normal 0.001", "network"),
        "rotation_factor": (20.0, 40.0),
    }


def test_only_networks_that_a_super_net_fits_begin_with_one() -> None:
    for name in ("paper", "official"):
        begins = {
            model: resolved("paper4", name, model, "coco", "448x448").recipe.pretraining
            for model in ("litepose_s_coco", "wlitepose_s_coco", "wlitepose_xs_text")
        }
        assert begins == {
            "litepose_s_coco": "a super-net",
            "wlitepose_s_coco": "",
            "wlitepose_xs_text": "",
        }
    source = resolved("paper4", "paper", "wlitepose_s_coco", "coco").sources["pretraining"]
    assert source.startswith("official: no super-net has DFC blocks")


def test_the_best_model_of_a_stage_is_looked_for_after_each_epoch() -> None:
    found = resolved("paper2", "paper", "lpn_50", "coco", "256x192")
    assert (found.recipe.stages, found.recipe.evaluate_every) == (7, 1)
    assert found.sources["evaluate_every"] == "official: SimpleBaseline's training script"


def test_cases_are_about_data_sets_sizes_and_networks() -> None:
    assert resolved("paper1", "official", "mpii").recipe.half_body == 0
    assert resolved("paper3", "official", "coco", "384x288").recipe.sigma == 3
    assert resolved("paper4", "paper", "crowdpose").recipe.milestones == (50, 180)
    large = resolved("paper3", "tokenpose", "coco", "256x192", "tokenpose_l_d24")
    assert large.recipe.batch == 64
    assert resolved("paper3", "tokenpose", "coco", "256x192", "tokenpose_b").recipe.batch == 128


def test_what_a_user_changes_is_a_deviation() -> None:
    found = resolved("paper1", "paper", "coco")
    assert found.changed("--batch", batch=64, lr=None) == found
    changed = found.changed("--batch", batch=8).changed("fewer samples", batch=4)
    assert changed.recipe.batch == 4
    assert [str(one) for one in changed.deviations] == ["batch 4 (the recipe: 64)"]
    assert changed.sources["batch"] == "fewer samples"
    assert not changed.changed("--batch", batch=64).deviations
    assert recipe_sources.parsed({"milestones": 5, "flip": 0}) == {"milestones": (5,), "flip": 0.0}


@pytest.mark.parametrize(
    ("fields", "sources", "words"),
    [
        ({"lr": 1.0}, {}, "`lr` of a recipe has 0 sources"),
        ({"lr": 1.0}, {"a": ("lr",), "b": ("lr",)}, "`lr` of a recipe has 2 sources"),
        ({}, {"a": ("lr",)}, "but no value"),
        ({"rate": 1.0}, {"a": ("rate",)}, "no field of a recipe `rate`"),
        ({"lr": -1.0}, {"a": ("lr",)}, "`lr` of a recipe is -1"),
        ({"lr": "much"}, {"a": ("lr",)}, "`lr` should be a number"),
        ({"optimizer": "Lion"}, {"a": ("optimizer",)}, "no optimizer `Lion`"),
        ({"milestones": [9, 3]}, {"a": ("milestones",)}, "do not rise"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(
    fields: dict[str, object], sources: dict[str, tuple[str, ...]], words: str
) -> None:
    with pytest.raises(ReproError, match=words):
        WrittenRecipe(fields, sources)


def test_a_study_with_a_broken_recipe_names_file_and_place(own_tables: Path) -> None:
    file = own_tables / "paper1" / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("milestones        = [170, 200]", 'milestones = "late"', 1))
    with pytest.raises(ReproError, match=r"study\.toml: `recipes\.paper`: .*`milestones`"):
        study.load_study("paper1")


def test_recipes_that_complete_each_other_in_a_circle_are_refused() -> None:
    written = {"a": WrittenRecipe({}, {}, "b"), "b": WrittenRecipe({}, {}, "a")}
    with pytest.raises(ReproError, match="cannot be completed"):
        recipe_sources.resolve("paperX", written, "a")
