"""Our OKS evaluator gives what the official ones give, whatever the files hold."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scoring_scenes import Entry, Scene, scene, written

from repro.errors import ReproError, RunError
from repro.scoring import official, oks
from repro.scoring.official import Tool
from repro.scoring.score import score

TOOLS: list[tuple[str, Tool]] = [
    ("coco", "pycocotools"),
    ("coco", "faster-coco-eval"),
    ("crowdpose", "faster-coco-eval"),
]
TOLERANCE = {"pycocotools": 0.0, "faster-coco-eval": 1e-12}


def figures(one: Scene, tool: Tool, images: list[int] | None = None) -> dict[str, float | None]:
    """Ours, after they were found equal to the official ones."""
    annotations, given = one.annotations(), one.results()
    chosen = None if images is None else np.array(images, np.int64)
    ours = oks.evaluate(annotations, given.poses, given.boxes, chosen)
    verdict = official.evaluate(one.truth, annotations, given.poses, given.boxes, chosen, tool)
    official.agree(ours.metrics(), verdict.metrics, TOLERANCE[tool])
    nothing = {name for name, value in ours.metrics().items() if value is None}
    assert set(ours.absent()) == nothing
    return ours.metrics()


def contents(one: Scene) -> tuple[dict[str, list[Entry]], list[Entry]]:
    return json.loads(one.truth.read_text()), json.loads(one.found.read_text())


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


def pose(keypoints: object, score: float, image: int = 1) -> Entry:
    return {"image_id": image, "category_id": 1, "keypoints": keypoints, "score": score}


def person(number: int, x: float, **changes: object) -> Entry:
    """Somebody 100 pixels large, all joints of whom are at x, 50."""
    return {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "bbox": [x - 50, 0, 100, 100],
        "area": 1e4,
        "keypoints": [x, 50, 2] * 17,
        "num_keypoints": 17,
        "iscrowd": 0,
        **changes,
    }


def precision(folder: Path, people: list[Entry], poses: list[Entry]) -> float | None:
    """AP of one image, as pycocotools has it too."""
    truth = {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 900}],
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }
    return figures(written(folder, "one", truth, poses), "pycocotools")["AP"]


AT = [100, 50, 1] * 17
ELSEWHERE = [600, 50, 1] * 17


def test_a_worse_pose_after_the_right_one_costs_nothing(tmp_path: Path) -> None:
    poses = [pose(AT, 0.9), pose(ELSEWHERE, 0.8)]
    assert precision(tmp_path, [person(1, 100)], poses) == pytest.approx(1)


def test_a_wrong_pose_before_the_right_one_halves_precision(tmp_path: Path) -> None:
    poses = [pose(AT, 0.8), pose(ELSEWHERE, 0.9)]
    assert precision(tmp_path, [person(1, 100)], poses) == pytest.approx(0.5)


def test_of_equal_scores_the_first_in_the_file_comes_first(tmp_path: Path) -> None:
    poses = [pose(AT, 0.5), pose(ELSEWHERE, 0.5)]
    assert precision(tmp_path, [person(1, 100)], poses) == pytest.approx(1)
    assert precision(tmp_path, [person(1, 100)], poses[::-1]) == pytest.approx(0.5)


def test_only_twenty_poses_of_an_image_count(tmp_path: Path) -> None:
    better = [pose(ELSEWHERE, 0.9)] * 20
    assert precision(tmp_path, [person(1, 100)], [*better[1:], pose(AT, 0.1)]) == pytest.approx(
        0.05
    )
    assert precision(tmp_path, [person(1, 100)], [*better, pose(AT, 0.1)]) == 0


def test_a_crowd_forgives_any_number_of_poses(tmp_path: Path) -> None:
    crowd = person(2, 600, iscrowd=1)
    poses = [*[pose(ELSEWHERE, 0.9)] * 5, pose(AT, 0.5)]
    assert precision(tmp_path, [person(1, 100), crowd], poses) == pytest.approx(1)


def test_a_person_without_labels_forgives_one_pose_near_the_box(tmp_path: Path) -> None:
    nobody = person(2, 600, keypoints=[0, 0, 0] * 17, num_keypoints=0)
    inside = pose([690, 140, 1] * 17, 0.9)  # a box's width beside it and its height below
    assert precision(tmp_path, [person(1, 100), nobody], [inside, pose(AT, 0.5)]) == pytest.approx(
        1
    )
    twice = [inside, inside, pose(AT, 0.5)]
    assert precision(tmp_path, [person(1, 100), nobody], twice) == pytest.approx(0.5)


def test_a_person_who_counts_goes_before_one_who_does_not(tmp_path: Path) -> None:
    near = person(2, 101, iscrowd=1)
    assert precision(
        tmp_path, [near, person(1, 103)], [pose([101, 50, 1] * 17, 1)]
    ) == pytest.approx(1)


def test_a_threshold_that_is_just_reached_suffices(tmp_path: Path) -> None:
    found = [100, 50, 2] * 16 + [0, 0, 0]
    for right, thresholds in ((8, 1), (12, 6)):  # of 16 joints: OKS is 0.5 and 0.75 exactly
        keypoints = found[: 3 * right] + ELSEWHERE[3 * right :]
        ours = precision(tmp_path, [person(1, 100, keypoints=found)], [pose(keypoints, 1)])
        assert ours == pytest.approx(thresholds / 10)


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
    official.agree({"AP": 0.5, "APM": None}, {"AP": 0.5 + 1e-12, "APM": None})
    for other in (0.5 + 1e-8, None):
        with pytest.raises(RunError, match="gives AP"):
            official.agree({"AP": 0.5}, {"AP": other})


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


@pytest.mark.parametrize("dataset", ["coco", "crowdpose"])
def test_a_score_has_figures_intervals_and_the_evaluator(dataset: str, tmp_path: Path) -> None:
    one = scene(tmp_path, 5, dataset, images=30)
    found = score(dataset, one.truth, one.found, resamples=50)
    assert found.evaluator.split()[0] == dict(TOOLS[::-1])[dataset]
    assert found.images == 30
    assert found.poses == len(one.poses)
    assert 0 < found.people < len(one.annotations().people)
    interval = found.intervals["AP"]
    assert interval.low <= (found.metrics["AP"] or 0) <= interval.high
    described = json.loads(json.dumps(found.described()))
    assert described["metrics"] == found.metrics
    assert described["intervals"]["AP"] == [interval.low, interval.high]
    own = score(dataset, one.truth, one.found, official=False, resamples=0)
    assert own.evaluator.startswith("repro ")
    assert own.metrics == pytest.approx(found.metrics)
    assert not own.intervals


def test_a_score_says_why_a_figure_is_missing(tmp_path: Path) -> None:
    truth = {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 900}],
        "annotations": [person(0, 100)],
        "categories": [{"id": 1, "name": "person"}],
    }
    one = written(tmp_path, "large", truth, [pose(AT, 1.0)])
    found = score("coco", one.truth, one.found)
    assert found.metrics["APM"] is None
    assert found.absent["APM"] == "no labelled person of medium size"
    assert "id 0" in found.notes[0]
    assert not found.intervals  # one image says nothing of others


def test_a_disagreement_fails_the_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = scene(tmp_path, 5)
    monkeypatch.setattr(oks, "REACHED", oks.REACHED + 0.02)
    with pytest.raises(RunError, match="The official evaluator gives"):
        score("coco", one.truth, one.found)


def test_many_coco_poses_take_the_faster_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = scene(tmp_path, 5)
    monkeypatch.setattr("repro.scoring.score.MANY", 3)
    assert score("coco", one.truth, one.found).evaluator.startswith("faster-coco-eval")


def test_pixels_of_coco_are_not_moved(tmp_path: Path) -> None:
    one = scene(tmp_path, 5)
    with pytest.raises(ReproError, match="from 0 already"):
        score("coco", one.truth, one.found, zero_based=True)
    with pytest.raises(ReproError, match="no data set `posetrack`"):
        score("posetrack", one.truth, one.found)
