"""`repro errors`: from files or a model to tables, pictures and a page."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from support.command_line import Run
from support.evaluation_scenes import Scene, labelled_poses, mpii, parsed, refused, written


@pytest.fixture
def words(scene: Scene) -> tuple[str, ...]:
    return ("--annotations", str(scene.annotations))


def share(data: dict[str, object], kind: str, group: str = "all", of: str = "") -> dict:
    (found,) = [
        one
        for one in data["shares"]  # type: ignore[attr-defined]
        if (one["kind"], one["group"], one["of"]) == (kind, group, of)
    ]
    return dict(found)


def test_a_results_file_is_told_in_tables_of_80_columns(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    given = written(tmp_path, "poses.json", labelled_poses(scene, 2, missing=2))
    outcome = repro("errors", given, *words)
    assert outcome.code == 0 and "Traceback" not in outcome.err
    for said in ("A poses.json: AP", "jitter", "false neg.", "left wrist", "1-2 beside", "medium"):
        assert said in outcome.out
    tables = [line for line in outcome.out.splitlines() if "poses.json" not in line]
    assert max(map(len, tables)) <= 80
    data = parsed(repro("errors", given, *words, "--json"))
    (side,) = data["sides"]  # type: ignore[misc]
    assert side["found"] + side["unfound"] == side["persons"]
    assert side["unfound"] >= 1 and side["record"] is None and side["metric"] == "AP"
    joints = share(data, "good")["sides"][0]
    states = [share(data, one)["sides"][0]["count"] for one in ("jitter", "swap", "miss")]
    inversions = share(data, "inversion")["sides"][0]["count"]
    assert joints["count"] + sum(states) + inversions == joints["total"] == side["joints"]
    assert joints["low"] <= joints["value"] <= joints["high"]
    gains = data["gains"]
    assert isinstance(gains, list) and len(gains) == 14 and gains[-1]["kind"] == "false_negative"
    assert gains[-1]["sides"][0]["accuracy"] > 90 > side["accuracy"]
    assert data["thresholds"] == {"at_person": 0.1, "near": 0.5, "right": 0.85}
    cases = data["cases"]
    assert isinstance(cases, list) and all(one["picture"] is None for one in cases)


def test_two_files_are_held_against_each_other_in_pairs(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    good = written(tmp_path, "good.json", labelled_poses(scene))
    bad = written(tmp_path, "bad.json", labelled_poses(scene, 3))
    data = parsed(repro("errors", good, bad, *words, "--json"))
    found = share(data, "good")
    a, b = found["sides"]
    assert a["value"] == 100 and b["value"] < 100
    apart = found["difference"]
    assert apart["value"] == pytest.approx(b["value"] - a["value"])
    assert apart["low"] <= apart["value"] <= apart["high"] < 0 and apart["chance"] < 0.05
    same = parsed(repro("errors", bad, bad, *words, "--json"))
    assert {one["difference"]["value"] for one in same["shares"] if one["difference"]} == {0}  # type: ignore[attr-defined]
    shown = repro("errors", good, bad, *words).out
    assert "B less A in points" in shown and "A good.json" in shown and "B bad.json" in shown
    tables = [line for line in shown.splitlines() if ".json" not in line]
    assert max(map(len, tables)) <= 80


def test_pictures_and_page_show_the_worst(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    given = written(tmp_path, "poses.json", labelled_poses(scene, 4, missing=1))
    wanted = ("--images", str(scene.images), "--pictures", "worst", "--html", "errors.html")
    data = parsed(repro("errors", given, *words, *wanted, "--worst", "2", "--json"))
    cases = data["cases"]
    assert isinstance(cases, list) and cases
    for one in cases:
        picture = cv2.imread(one["picture"])
        assert picture.shape == (386, 724, 3)
        assert Path(one["picture"]).name.startswith(f"{one['image']}-{one['kind']}-")
    assert {one["kind"] for one in cases} >= {"false_negative"}
    assert max(sum(one["kind"] == kind for one in cases) for kind in ("miss", "jitter")) <= 2
    page = Path("errors.html").read_text()
    assert page.count("data:image/jpeg;base64,") == len(cases) == len(list(Path("worst").iterdir()))
    assert data["page"] == "errors.html" and "By joint" in page


def test_images_that_are_not_there_are_told(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    given = written(tmp_path, "poses.json", labelled_poses(scene, 4))
    some = tmp_path / "some"
    some.mkdir()
    outcome = repro("errors", given, *words, "--images", str(some), "--pictures", "worst")
    assert outcome.code == 0 and "are not drawn, as their images cannot be read" in outcome.err
    assert not Path("worst").exists()
    assert repro("errors", given, *words, "--html", "errors.html").code == 0
    refused(repro("errors", given, *words, "--pictures", "worst"), "images are not named")
    refused(repro("errors", given, *words, "--images", "nowhere"), "`nowhere` does not exist")
    Path("taken").write_text("")
    wanted = ("--images", str(scene.images), "--pictures", "taken")
    refused(repro("errors", given, *words, *wanted), "cannot be written", "--pictures")
    refused(repro("errors", given, *words, "--html", str(some)), "cannot be written", "--html")


def test_a_model_is_evaluated_once_and_a_record_is_taken_by_its_key(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    files = (*scene.named(), "--boxes", "gt", "--input", "64x48")
    data = parsed(repro("errors", "truth", *files, "--json"))
    (side,) = data["sides"]  # type: ignore[misc]
    assert side["accuracy"] > 50 and side["name"].startswith("truth (")
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("records/**/*.json*")}
    assert parsed(repro("errors", "truth", *files, "--json"))["shares"] == data["shares"]
    again = {path: path.stat().st_mtime_ns for path in tmp_path.glob("records/**/*.json*")}
    assert kept and again == kept
    given = written(tmp_path, "poses.json", labelled_poses(scene, 2))
    pair = parsed(repro("errors", side["record"][:10], given, *scene.named(), "--json"))
    assert [one["record"] for one in pair["sides"]] == [side["record"], None]  # type: ignore[attr-defined]
    refused(repro("errors", "lpn_50", *files), "needs weights", "--weights")
    refused(repro("errors", "truth", "--weights", given, *files), "is no checkpoint")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "one.pth")
    refused(repro("errors", "truth", "--weights", "one.pth", *files), "Nothing takes the weights")
    refused(repro("errors", "nothing.json", *files), "no results file or model `nothing.json`")
    refused(repro("errors", "0123456789", *files), "0 evaluations begin with")
    refused(repro("errors", given), "annotations are not named", "--annotations")
    other = tmp_path / "other.json"
    document = json.loads(scene.annotations.read_text())
    other.write_text(json.dumps({**document, "info": {"year": 1}}))
    outcome = repro("errors", side["record"], "--annotations", str(other))
    refused(outcome, "was evaluated on COCO val2017", code=5)


def test_mpii_has_kinds_of_joints_alone(repro: Run, tmp_path: Path) -> None:
    listed = mpii(tmp_path / "mpii", people=8)
    joints = np.array([one["joints"] for one in json.loads(listed.read_text())])
    moved = joints.copy()
    moved[:, [0, 5]] += 900  # ankles
    moved[:, [1, 4]] = joints[:, [4, 1]]  # knees
    given = written(tmp_path, "poses.json", (moved - 1).tolist())
    data = parsed(repro("errors", given, "--annotations", str(listed), "--zero-based", "--json"))
    assert set(data["absent"]) == {"scoring", "false_positive", "false_negative"}  # type: ignore[arg-type]
    assert share(data, "miss", "joint", "left ankle")["sides"][0]["value"] == 100
    assert share(data, "inversion", "joint", "left knee")["sides"][0]["count"] > 0
    (side,) = data["sides"]  # type: ignore[misc]
    assert side["metric"] == "Mean"
    last = data["gains"][-1]["sides"][0]  # type: ignore[index]
    assert last["accuracy"] == pytest.approx(100) and last["gain"] > 10
    shown = repro("errors", given, "--annotations", str(listed), "--zero-based")
    assert "no scoring: MPII gives each person one pose" in shown.out
    few = written(tmp_path, "few.json", (moved[:3] - 1).tolist())
    refused(repro("errors", few, "--annotations", str(listed)), "3 poses for 8 persons")


def test_crowdpose_is_told_by_crowding_and_own_joints_by_their_names(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    root = scene.data / "synth/annotations"
    document = json.loads((root / "synth_crowdpose_val.json").read_text())
    del document["info"]
    truth = written(tmp_path, "crowd.json", document)
    rows = [
        {"image_id": one["image_id"], "category_id": 1, "score": 1.0, "keypoints": one["keypoints"]}
        for one in document["annotations"]
        if one["num_keypoints"]
    ]
    given = written(tmp_path, "poses.json", rows)
    data = parsed(repro("errors", given, "--annotations", truth, "--json"))
    of = {one["of"] for one in data["shares"] if one["group"] == "crowding"}  # type: ignore[attr-defined]
    assert of == {"easy", "medium", "hard"} and data["dataset"] == "crowdpose"
    for row in document["annotations"]:
        row["keypoints"] = row["keypoints"][:9]
        row["num_keypoints"] = sum(value > 0 for value in row["keypoints"][2::3])
    names = ["left tip", "right tip", "middle"]
    document["categories"] = [{"id": 1, "name": "person", "keypoints": names, "skeleton": []}]
    truth = written(tmp_path, "own.json", document)
    short = [{**row, "keypoints": row["keypoints"][:9]} for row in rows]
    given = written(tmp_path, "short.json", short)
    data = parsed(repro("errors", given, "--annotations", truth, "--json"))
    assert share(data, "good", "joint", "left tip")["sides"][0]["value"] == 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": "one"}, "`image_id`"),
        ({"score": float("nan")}, "nan"),
        ({"keypoints": [float("nan")] * 51}, "nan"),
        ({"keypoints": [1, 2, 3]}, "51 numbers"),
    ],
)
def test_results_that_are_wrong_are_named(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...], change: dict, said: str
) -> None:
    rows = labelled_poses(scene)
    bad = written(tmp_path, "bad.json", [rows[0], {**rows[1], **change}, *rows[2:]])
    refused(repro("errors", bad, *words), said)


def test_strange_poses_are_no_trouble(
    repro: Run, scene: Scene, tmp_path: Path, words: tuple[str, ...]
) -> None:
    rows = labelled_poses(scene)
    huge = [{**rows[0], "keypoints": [1e300, -1e300, 1.0] * 17}, *rows[1:]]
    given = written(tmp_path, "huge.json", huge)
    wanted = ("--images", str(scene.images), "--pictures", "worst", "--html", "errors.html")
    assert repro("errors", given, *words, *wanted).code == 0
    assert repro("errors", written(tmp_path, "none.json", []), *words, *wanted).code == 0
    assert repro("errors", given, *words, "--resamples", "0").code == 0
    shutil.rmtree("worst")
    refused(repro("errors", given, *words, "--zero-based"), "from 0 already")
