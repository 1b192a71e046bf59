"""From images to AP: truth in place of a network comes near 1, real networks run end to end."""

import json
from pathlib import Path

import pytest

from repro.papers.datasets import MPII_TRUTHS
from support.command_line import Run
from support.evaluation_scenes import IMAGES, Scene, mpii, parsed, refused


def metrics(data: dict[str, object]) -> dict[str, float]:
    found = data["metrics"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("--decode argmax+quarter", 96),
        ("--decode argmax", 96),
        ("--decode beta-soft-argmax(160)+quarter --no-flip", 96),
        ("--decode DARK --option rounded=false --padding 1.6", 99),
        ("--decode DARK-UDP --udp --no-shift --option rounded=false --padding 1.6", 99),
        ("--decode DARK --option rounded=false --padding 1.6 --input 384x288", 99),
    ],
)
def test_truth_of_crops_loses_little(repro: Run, scene: Scene, words: str, least: float) -> None:
    data = parsed(repro("eval", "truth", *scene.named(), "--boxes", "gt", *words.split(), "--json"))
    assert least < metrics(data)["AP"] <= 100
    low, high = data["intervals"]["AP"]
    assert low <= metrics(data)["AP"] <= high
    assert data["unit"] == "%" and data["evaluator"].startswith("pycocotools ")


def test_a_joint_outside_its_box_is_nearest_at_the_edge(repro: Run, scene: Scene) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt", "--json")
    narrow = metrics(parsed(repro(*words, "--padding", "0.8")))["AR"]
    wide = metrics(parsed(repro(*words, "--padding", "1.5")))["AR"]
    assert 60 < narrow < wide - 3 < 100


def test_a_coarse_input_loses_more(repro: Run, scene: Scene) -> None:
    words = ("eval", "truth", *scene.named(), "--boxes", "gt", "--json")
    assert metrics(parsed(repro(*words, "--input", "32x24")))["AP"] < 80


@pytest.mark.parametrize("dataset", ["coco", "crowdpose"])
def test_truth_of_whole_images_loses_little(repro: Run, scene: Scene, dataset: str) -> None:
    kind = {"coco": "synth", "crowdpose": "synth-crowdpose"}[dataset]
    split = {"coco": "val2017", "crowdpose": "test"}[dataset]
    words = ("--protocol", f"paper4/{dataset}-{split}", "--dataset", kind, "--input", "256x256")
    data = parsed(repro("eval", "truth", "--data", str(scene.data), *words, "--json"))
    assert 90 < metrics(data)["AP"] <= 100
    assert ("APM" in metrics(data)) == (dataset == "coco")
    assert ("AP_medium" in metrics(data)) == (dataset == "crowdpose")
    assert data["protocol"]["boxes"] == "none" and data["execution"]["batch"] == 1


def test_a_top_down_network_from_checkpoint_to_ap(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = scene.checkpoint("lpn_50")
    words = ("eval", "lpn_50", "--weights", str(path), "--data", str(scene.data))
    outcome = repro(*words, "--input", "64x48", "--output", "poses.json")
    assert outcome.code == 0, outcome.err
    assert "lpn_50 64x48 lpn_50_64x48_coco on COCO val2017" in outcome.err
    assert "protocol paper2/" in outcome.err and "AP " in outcome.out
    poses = json.loads((tmp_path / "poses.json").read_text())
    boxes = json.loads(scene.boxes.read_text())
    assert 0 < len(poses) <= len(boxes)
    assert {len(one["keypoints"]) for one in poses} == {51}
    data = parsed(repro(*words, "--input", "64x48", "--json"))
    assert data["weights"]["name"] == "lpn_50_64x48_coco" and "partial" not in data["weights"]
    assert data["data"]["instances"] == len(boxes) and data["data"]["official"] is False
    assert len(data["data"]["boxes"]) == 64
    record = next((tmp_path / "records").glob("??/*.json"))
    assert json.loads(record.read_text())["key"] == data["record"]
    score = repro(
        "score",
        "coco",
        "--annotations",
        str(scene.annotations),
        "--results",
        "poses.json",
        "--json",
    )
    assert parsed(score)["metrics"]["AR"] * 100 == pytest.approx(metrics(data)["AR"])


def test_ground_truth_boxes_are_the_labelled_persons(repro: Run, scene: Scene) -> None:
    words = ("eval", "lpn_50", "--weights", str(scene.checkpoint("lpn_50")), "--boxes", "gt")
    data = parsed(repro(*words, *scene.named(), "--input", "32x32", "--json"))
    people = json.loads(scene.annotations.read_text())["annotations"]
    wanted = [one for one in people if one["num_keypoints"] and not one["iscrowd"]]
    assert data["data"]["instances"] == len(wanted) < len(people) == data["data"]["people"]
    assert data["protocol"]["boxes"] == "ground truth" and "boxes" not in data["data"]


@pytest.mark.parametrize("model", ["litepose_xs", "lightweight_openpose"])
def test_a_bottom_up_network_from_checkpoint_to_ap(repro: Run, scene: Scene, model: str) -> None:
    path = scene.checkpoint(model)
    words = ("eval", model, "--weights", str(path), *scene.named(), "--input", "64x64", "--json")
    data = parsed(repro(*words))
    assert data["data"]["images"] == IMAGES and "instances" not in data["data"]
    assert metrics(data)["AP"] < 50


def test_a_network_that_finds_nobody_scores_0(repro: Run, scene: Scene, tmp_path: Path) -> None:
    import torch

    path = tmp_path / "nobody.pth"
    state = torch.load(scene.checkpoint("litepose_xs"), weights_only=True)
    torch.save({name: torch.zeros_like(value) for name, value in state.items()}, path)
    words = ("eval", "litepose_xs", "--weights", str(path), *scene.named(), "--input", "64x64")
    data = parsed(repro(*words, "--output", "none.json", "--json"))
    assert metrics(data)["AP"] == 0
    assert json.loads((tmp_path / "none.json").read_text()) == []


@pytest.mark.parametrize("name", MPII_TRUTHS)
def test_mpii_from_a_list_to_pckh(repro: Run, tmp_path: Path, name: str) -> None:
    beside = mpii(tmp_path / "mpii").with_name("mpii_gt_valid.mat")
    beside.rename(beside.with_name(name))
    words = ("eval", "truth", "--dataset", "mpii", "--data", str(tmp_path), "--json")
    data = parsed(repro(*words, "--output", "poses.json"))
    assert metrics(data)["Mean"] == 100 and metrics(data)["Head"] == 100
    assert data["input"] == [256, 256] and data["protocol"]["nms"] is None
    assert len(data["data"]["truth"]) == 64
    poses = json.loads((tmp_path / "poses.json").read_text())
    assert [len(poses), len(poses[0]), len(poses[0][0])] == [5, 16, 2]
    listed = str(tmp_path / "mpii/annot/valid.json")
    score = repro("score", "mpii", "--annotations", listed, "--results", "poses.json", "--json")
    assert parsed(score)["metrics"] == metrics(data)


def test_mpii_takes_head_boxes_before_it_runs(repro: Run, tmp_path: Path) -> None:
    listed = mpii(tmp_path / "mpii", beside=False)
    named = ("--annotations", str(listed), "--images", str(tmp_path / "mpii/images"))
    words = ("eval", "truth", "--dataset", "mpii", *named)
    refused(repro(*words), "mpii_gt_valid.mat", "--truth")
    assert not (tmp_path / "records").exists()
    data = parsed(repro(*words, "--truth", str(tmp_path / "mpii/truth.mat"), "--json"))
    assert metrics(data)["Mean"] == 100


def test_pckh_is_of_mpiis_own_persons(repro: Run, scene: Scene, tmp_path: Path) -> None:
    mpii(tmp_path / "mpii")
    found = tmp_path / "boxes.json"
    found.write_text('[{"image_id": 0, "category_id": 1, "bbox": [1, 1, 50, 80], "score": 0.5}]')
    words = ("--dataset", "mpii", "--data", str(tmp_path))
    refused(repro("eval", "truth", *words, "--boxes", str(found)), "MPII's own persons", "gt")
    path = str(scene.checkpoint("litepose_xs", 16))
    refused(repro("eval", "litepose_xs", "--weights", path, *words), "MPII's own persons")
