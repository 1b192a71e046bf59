"""A data set of 6 joints, from its json to figures, poses and a training."""

import json
from pathlib import Path

import pytest
import torch

import zoo
from support.command_line import Run
from support.data_files import OWN_JOINTS, own_document, own_pictures, saved
from support.evaluation_scenes import parsed, refused

MODEL, SIZE = "hwl_mobilenetv3", "64x64"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with signs of other languages, where a json, pictures and weights lie."""
    place = tmp_path / "eigene Häuser"
    own_pictures(place / "pictures")
    saved(place, own_document(), "hands.json")
    torch.manual_seed(0)
    torch.save(zoo.create_model(MODEL, len(OWN_JOINTS)).state_dict(), place / "six.pth")
    return place


def own(folder: Path) -> tuple[str, ...]:
    return "--dataset", str(folder / "hands.json"), "--images", str(folder / "pictures")


def test_it_is_checked_with_a_sheet(repro: Run, folder: Path) -> None:
    words = str(folder / "hands.json"), "--images", str(folder / "pictures")
    outcome = repro("data", "check", *words)
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[-2:] == ["fit for evaluation", "fit for training"]
    assert "annotated.png shows a few" in outcome.out and Path("annotated.png").is_file()
    assert "4 of 4 annotations have no `area`" in outcome.err
    data = parsed(repro("data", "check", *words, "--output", "b/c.png", "--json"))
    assert data["fit_for_training"] is True and data["sheet"] == "b/c.png"
    assert [joint["joint"] for joint in data["joints"]] == list(OWN_JOINTS)
    content = own_document()
    content["images"][0]["file_name"] = "lost\x1b[31m.png"
    path = saved(folder, content, "lost.json")
    outcome = repro("data", "check", str(path), *words[1:])
    assert outcome.code == 3 and "not fit for evaluation: 1 of 2 pictures" in outcome.out
    assert "\x1b" not in outcome.out + outcome.err
    refused(repro("data", "check", str(path)), "are not named")
    refused(repro("data", "check", *words, "--output", "annotated.png/x.png"), "cannot be written")


def test_it_is_evaluated_and_scored_under_its_own_name(repro: Run, folder: Path) -> None:
    words = MODEL, "--weights", str(folder / "six.pth"), *own(folder), "--input", SIZE
    outcome = repro("eval", *words, "--output", "poses.json")
    assert outcome.code == 0, outcome.err
    assert "hands.json · 2 images, 4 persons" in outcome.out
    assert "COCO" not in outcome.out and "COCO val2017" not in outcome.err
    assert "4 of 4 annotations have no `area`" in outcome.err
    data = parsed(repro("eval", *words, "--json"))
    assert data["keypoints"] == 6 and data["data"]["name"] == "hands.json"
    assert data["data"]["official"] is False
    assert any("comparable with no other" in remark["text"] for remark in data["remarks"])
    assert data["records"][0]["remarks"] == data["remarks"]
    assert data["protocol"]["own"]["skeleton"]["mirror"] == [1, 0, 3, 2, 4, 5]
    rows = json.loads(Path("poses.json").read_text())
    assert {row["category_id"] for row in rows} == {3}
    assert {row["image_id"] for row in rows} <= {"im0", "im1"}
    scored = parsed(repro("score", str(folder / "hands.json"), "--results", "poses.json", "--json"))
    assert scored["dataset"] == "hands" and scored["people"] == 4
    percent = {name: value and 100 * value for name, value in scored["metrics"].items()}
    assert {name: percent[name] for name in data["metrics"]} == pytest.approx(data["metrics"])
    assert any("comparable with no other" in remark["text"] for remark in scored["remarks"])


def test_the_truth_is_found_and_another_key_has_other_joints(repro: Run, folder: Path) -> None:
    pictures = "--images", str(folder / "pictures")
    first = parsed(repro("eval", "truth", *own(folder), "--json"))
    assert first["metrics"]["AP"] > 99
    told = parsed(
        repro("eval", "truth", "--annotations", str(folder / "hands.json"), *pictures, "--json")
    )
    assert told["record"] == first["record"]  # the joints are told from the file alone
    toml = folder / "hands.toml"
    joints = f"joints = {json.dumps(OWN_JOINTS)}"
    toml.write_text(f'{joints}\nsigmas = 0.02\ncategory = "Worker"\n')
    words = "--dataset", str(toml), "--annotations", str(folder / "hands.json")
    other = parsed(repro("eval", "truth", *words, *pictures, "--json"))
    assert other["record"] != first["record"]
    assert other["data"]["name"] == "hands.toml hands.json"
    assert other["metrics"]["AP"] < first["metrics"]["AP"]


def test_it_is_drawn_and_trained_on(repro: Run, folder: Path) -> None:
    model = MODEL, "--weights", str(folder / "six.pth"), "--input", SIZE
    picture = str(folder / "pictures" / "0.png")
    outcome = repro("predict", *model, *own(folder)[:2], picture, "--output", "drawn")
    assert outcome.code == 0, outcome.err
    poses = json.loads(Path("drawn/poses.json").read_text())
    assert poses["categories"][0]["keypoints"] == list(OWN_JOINTS)
    assert len(poses["annotations"][0]["keypoints"]) == 18
    assert (poses["categories"][0]["name"], poses["annotations"][0]["category_id"]) == ("Worker", 3)
    assert "2 pairs of joints change places" in outcome.err
    words = ("--epochs", "1", "--batch", "2", "--workers", "0", "--device", "cpu", "--out", "run")
    data = parsed(repro("train", "paper1", MODEL, *own(folder), "--input", SIZE, *words, "--json"))
    assert data["name"] == f"{MODEL}_{SIZE}_hands"
    record = data["records"][0]
    trained, evaluated = record["spec"]["data"], record["spec"]["evaluated"]
    assert trained["name"] == "hands.json (hands-train.json)"  # one of the two is held out
    assert evaluated["protocol"]["own"]["title"] == "hands.json"
    assert "1 of 2 pictures are held out" in " ".join(one["text"] for one in record["remarks"])
    assert record["spec"]["keypoints"] == 6


def test_boxes_may_be_of_a_detector_that_counts_persons_as_coco_does(
    repro: Run, folder: Path
) -> None:
    boxes = [
        {
            "image_id": row["image_id"],
            "category_id": 1,
            "bbox": row["bbox"],
            "score": 0.9 - place / 10,
        }
        for place, row in enumerate(own_document()["annotations"])
    ]
    saved(folder, boxes, "boxes.json")
    model = MODEL, "--weights", str(folder / "six.pth"), "--input", SIZE
    words = *own(folder), "--boxes", str(folder / "boxes.json"), "--json"
    data = parsed(repro("eval", *model, *words))
    assert data["data"]["instances"] == 4
    said = "Boxes of the category 1 are taken for the annotations' 3."
    assert said in [remark["text"] for remark in data["remarks"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dataset", "none.json", "--images", "."), "does not exist"),
        (("--dataset", "none.toml", "--images", "."), "no file `none.toml`"),
        (("--dataset", "hands.yaml"), "no data set `hands.yaml`"),
    ],
)
def test_a_mistake_is_one_sentence(repro: Run, words: tuple[str, ...], said: str) -> None:
    refused(repro("eval", "truth", *words), said)


def test_files_that_lack_are_asked_for(repro: Run, folder: Path) -> None:
    refused(repro("eval", "truth", "--dataset", str(folder / "hands.json")), "Give --images DIR")
    (folder / "a.toml").write_text('joints = ["a"]')
    refused(repro("eval", "truth", "--dataset", str(folder / "a.toml")), "Give --annotations FILE")
    refused(repro("score", "coco", "--results", "x.json"), "Give them: --annotations FILE")
