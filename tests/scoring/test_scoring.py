"""Our OKS evaluator gives what the official ones give, whatever the files hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError, RunError
from repro.scoring import official_evaluators, oks
from repro.scoring.official_evaluators import Tool
from support.scoring_scenes import TOOLS, Scene, contents, figures, scene, written


@pytest.mark.parametrize("seed", range(17))
@pytest.mark.parametrize(("dataset", "tool"), TOOLS)
def test_random_scenes_score_as_officially(
    dataset: str, tool: Tool, seed: int, tmp_path: Path
) -> None:
    images, noise = 2 + seed % 12, 0.05 if seed % 2 else 0.12
    one = scene(tmp_path, seed, dataset, images, boxes=seed % 3 == 0, noise=noise)
    figures(one, tool)


@pytest.mark.parametrize(("dataset", "tool"), TOOLS)
class TestUnusualFiles:
    """Scored as officially, and nowhere a number without a meaning."""

    @pytest.fixture
    def one(self, dataset: str, tmp_path: Path) -> Scene:
        return scene(tmp_path, 3, dataset)

    def test_no_poses(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, _ = contents(one)
        assert set(figures(written(tmp_path, "none", truth, []), tool).values()) == {0.0}

    def test_crowds_only(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, found = contents(one)
        truth["annotations"] = [{**person, "iscrowd": 1} for person in truth["annotations"]]
        assert set(figures(written(tmp_path, "crowd", truth, found), tool).values()) == {None}

    def test_poses_on_images_without_people(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, found = contents(one)
        used = {person["image_id"] for person in truth["annotations"]}
        free = [image["id"] for image in truth["images"] if image["id"] not in used]
        assert [pose for pose in found if pose["image_id"] in free]
        assert set(figures(one, tool, free).values()) == {None}  # type: ignore[arg-type]

    def test_some_of_the_images(self, one: Scene, tool: Tool) -> None:
        ids = one.annotations().images.ids.tolist()
        assert figures(one, tool, ids[::2]) != figures(one, tool)
        assert figures(one, tool, ids) == figures(one, tool)

    def test_an_id_of_0_counts_as_no_match(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, found = contents(one)
        for place in range(0, len(truth["annotations"]), 5):
            people = [
                {**person, "id": (int(str(person["id"])) + place) % len(truth["annotations"])}
                for person in truth["annotations"]
            ]
            figures(written(tmp_path, "zero", {**truth, "annotations": people}, found), tool)

    def test_persons_of_no_size(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, found = contents(one)
        flat = {"area": 0, "bbox": [5, 5, 0, 0]}
        truth["annotations"] = [{**person, **flat} for person in truth["annotations"]]
        figures(written(tmp_path, "flat", truth, found), tool)

    def test_joints_far_away(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, found = contents(one)
        found = [{**pose, "keypoints": [1e300, -1e300, 1.0] * 14} for pose in found]
        if len(one.poses.keypoints[0]) == 17:
            found = [{**pose, "keypoints": [1e300, -1e300, 1.0] * 17} for pose in found]
        assert figures(written(tmp_path, "far", truth, found), tool)["AP"] == 0

    def test_the_annotations_as_poses(self, one: Scene, tool: Tool, tmp_path: Path) -> None:
        truth, _ = contents(one)
        fields = ("image_id", "category_id", "keypoints")
        found = [
            {**{field: person[field] for field in fields}, "score": 1.0}
            for person in truth["annotations"]
        ]
        assert (figures(written(tmp_path, "self", truth, found), tool)["AR"] or 0) > 0.5

    def test_one_image(self, one: Scene, tool: Tool) -> None:
        for image in one.annotations().images.ids.tolist():
            figures(one, tool, [image])


def test_crowding_bounds_belong_to_the_harder_images(tmp_path: Path) -> None:
    one = scene(tmp_path, 8, "crowdpose")
    matches = oks.evaluate(one.annotations(), one.poses)
    assert matches.crowding is not None
    for figure in matches.rules.figures:
        among = matches.crowding[matches.among(figure)]
        if figure.name == "AP_easy":
            assert among.max() < 0.2
        elif figure.name == "AP_medium":
            assert among.min() == 0.2
            assert among.max() < 0.8
        elif figure.name == "AP_hard":
            assert among.min() == 0.8


def test_a_figure_that_differs_fails_the_run() -> None:
    official_evaluators.agree({"AP": 0.5, "APM": None}, {"AP": 0.5 + 1e-12, "APM": None})
    for other in (0.5 + 1e-8, None):
        with pytest.raises(RunError, match="gives AP"):
            official_evaluators.agree({"AP": 0.5}, {"AP": other})


def test_the_official_evaluators_are_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for dataset, tool in TOOLS:
        figures(scene(tmp_path, 1, dataset), tool)
    assert capfd.readouterr() == ("", "")


def test_wrong_poses_are_refused(tmp_path: Path) -> None:
    one = scene(tmp_path, 2)
    annotations, poses = one.annotations(), one.poses
    with pytest.raises(ReproError, match="17 joints, crowdpose has 14"):
        oks.evaluate(scene(tmp_path, 2, "crowdpose").annotations(), poses)
    with pytest.raises(ReproError, match=r"annotations lack \(5000, 5001, 5002, … 4 in all\)"):
        oks.evaluate(annotations, replace(poses[:4], image_ids=np.arange(5000, 5004)))
    with pytest.raises(ReproError, match="Pose 2 on image"):
        scores = np.where(np.arange(len(poses)) == 2, np.nan, poses.scores)
        oks.evaluate(annotations, replace(poses, scores=scores))
    with pytest.raises(ReproError, match="have no image 4999"):
        oks.evaluate(annotations, poses, images=np.array([4999]))
    with pytest.raises(ReproError, match="OKS evaluation of `mpii`"):
        oks.evaluate(replace(annotations, dataset="mpii"), poses)
