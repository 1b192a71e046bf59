"""`repro predict`: an overlay of each picture, and one COCO file that any tool reads."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from support.command_line import Run
from support.evaluation_scenes import SIZE, Scene, onnx_file, parsed, refused


@pytest.fixture
def network(tmp_path: Path) -> str:
    return str(onnx_file(tmp_path / "net.onnx", value=1.0))


@pytest.fixture
def pictures(scene: Scene, tmp_path: Path) -> list[str]:
    """Three pictures in a folder."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    found = sorted(scene.images.iterdir())[:3]
    return [str(shutil.copy(path, folder)) for path in found]


def boxes_file(tmp_path: Path, rows: object) -> str:
    path = tmp_path / "boxes.json"
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows))
    return str(path)


def test_a_whole_picture_is_a_box(
    repro: Run, network: str, pictures: list[str], tmp_path: Path
) -> None:
    outcome = repro("predict", network, pictures[0])
    assert outcome.code == 0, outcome.err
    name = Path(pictures[0]).stem
    assert outcome.out == f"{name}.png: 1 persons, poses/{name}.poses.png\n"
    plain, drawn = cv2.imread(pictures[0]), cv2.imread(str(tmp_path / f"poses/{name}.poses.png"))
    assert plain is not None and drawn is not None and drawn.shape == plain.shape == (*SIZE, 3)
    assert (drawn != plain).any()
    found = json.loads((tmp_path / "poses/poses.json").read_text())
    assert found["images"] == [{"id": 0, "file_name": f"{name}.png"}]
    (person,) = found["annotations"]
    assert person["bbox"] == [0, 0, SIZE[1], SIZE[0]] and len(person["keypoints"]) == 51
    points = np.array(person["keypoints"]).reshape(17, 3)
    inside = (points[:, :2] > -60).all() and (points[:, :2] < 190).all()  # the region is larger
    assert inside and np.isfinite(points).all()
    assert found["categories"][0]["keypoints"][0] == "nose"


def test_boxes_on_the_command_line(
    repro: Run, network: str, pictures: list[str], tmp_path: Path
) -> None:
    words = ("--box", "10,10,40,60", "--box", "-20,-20,60.5,80", "--output", "out", "--json")
    data = parsed(repro("predict", network, pictures[0], *words))
    assert data["people"] == 2 and data["poses"] == "out/poses.json"
    found = json.loads((tmp_path / "out/poses.json").read_text())
    assert [one["bbox"] for one in found["annotations"]] == [[10, 10, 40, 60], [-20, -20, 60.5, 80]]
    assert [one["id"] for one in found["annotations"]] == [0, 1]


def test_boxes_from_a_file_and_pictures_from_a_folder(
    repro: Run, network: str, pictures: list[str], tmp_path: Path
) -> None:
    first, _, third = (Path(path).name for path in pictures)
    rows = [
        {"file_name": third, "bbox": [1, 2, 30, 40], "score": 0.5},
        {"file_name": f"elsewhere/{first}", "bbox": [5, 6, 70, 80]},
        {"file_name": third, "bbox": [9, 9, 50, 50], "score": 0.25},
    ]
    words = ("--boxes", boxes_file(tmp_path, rows), "--json")
    data = parsed(repro("predict", network, str(tmp_path / "pictures"), *words))
    assert data["people"] == 4 and len(data["overlays"]) == 3
    found = json.loads((tmp_path / "poses/poses.json").read_text())["annotations"]
    assert [one["image_id"] for one in found] == [0, 1, 2, 2]
    assert [one["bbox"][:2] for one in found] == [[5, 6], [0, 0], [1, 2], [9, 9]]
    assert all(np.isfinite(one["score"]) for one in found)


def test_a_bottom_up_network_needs_no_boxes(
    repro: Run, scene: Scene, pictures: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "loud.pth"
    state = torch.load(scene.checkpoint("litepose_xs"), weights_only=True)
    biases = {name for name in state if name.startswith("final_") and name.endswith("bias")}
    torch.save({n: v + 0.5 if n in biases else v for n, v in state.items()}, path)
    words = ("predict", "litepose_xs", "--weights", str(path), "--input", "128x128")
    data = parsed(repro(*words, *pictures[:2], "--json"))
    found = json.loads((tmp_path / "poses/poses.json").read_text())
    assert len(found["annotations"]) == data["people"]
    assert all("bbox" not in one for one in found["annotations"])
    refused(repro(*words, pictures[0], "--box", "1,1,5,5"), "finds persons by itself", "Leave")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--box 1,2,3", "`1,2,3` is no box"),
        ("--box a,b,c,d", "is no box"),
        ("--box 1,2,0,4", "is no box"),
        ("--box 1,2,-3,4", "is no box"),
        ("--box nan,2,3,4", "is no box"),
        ("--box 1,2,inf,4", "is no box"),
        ("--box 0,0,1e300,1e300", "is no box"),
        ("--boxes absent.json", "does not exist"),
        ("--least -1", "--least"),
        ("--device banana", "`banana`"),
        ("--threads 100000", "threads"),
        ("--threads 0", "--threads"),
        ("--decode nothing", "`nothing`"),
        ("--colour pink", "`pink`"),
        ("--normalise x", "`x`"),
        ("--dataset cocoa", "`cocoa`"),
        ("--dataset crowdpose", "17 joints"),
        ("--protocol paper4/coco-val2017", "associative embedding"),
        ("--protocol nothing", "`nothing`"),
        ("--input 5x5", "built for 64x48"),
        ("--input x", "is no size"),
        ("--option attention=se", "no options"),
        ("--weights net.onnx", "its own weights"),
    ],
)
def test_a_mistake_is_one_sentence(
    repro: Run, network: str, pictures: list[str], tmp_path: Path, words: str, said: str
) -> None:
    refused(repro("predict", network, pictures[0], *words.split()), said)
    assert not (tmp_path / "poses").exists()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"a": 1}, "not a list"),
        ([5], "Entry 0"),
        ([{"file_name": "x.png"}], "no `bbox`"),
        ([{"bbox": [1, 1, 5, 5]}], "no `file_name`"),
        ([{"file_name": "", "bbox": [1, 1, 5, 5]}], "no `file_name`"),
        ([{"file_name": "x.png", "bbox": [1, 2]}], "Entry 0"),
        ([{"file_name": "x.png", "bbox": ["a", 1, 2, 3]}], "Entry 0"),
        ([{"file_name": "x.png", "bbox": [1, 1, 5, 5], "score": "high"}], "score `high`"),
        ([{"file_name": "other.png", "bbox": [1, 1, 5, 5]}], "`other.png`"),
        ('[{"file_name": "x.png", "bbox": [NaN, 1, 1, 1]}]', "not JSON"),
        ("hello", "not JSON"),
    ],
)
def test_a_wrong_box_file_is_named(
    repro: Run, network: str, pictures: list[str], tmp_path: Path, rows: object, said: str
) -> None:
    words = ("--boxes", boxes_file(tmp_path, rows))
    refused(repro("predict", network, pictures[0], *words), said)


def test_pictures_that_cannot_be_used(
    repro: Run, scene: Scene, network: str, pictures: list[str], tmp_path: Path
) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    shutil.copy(pictures[0], tmp_path / Path(pictures[0]).with_suffix(".bmp").name)
    twin = str(tmp_path / Path(pictures[0]).with_suffix(".bmp").name)
    refused(repro("predict", network, "absent.jpg"), "no picture `absent.jpg`")
    refused(repro("predict", network, str(scene.folder)), "no pictures in")
    refused(repro("predict", network, "bad.jpg"), "bad.jpg")
    refused(repro("predict", network, pictures[0], pictures[0]), "Two pictures are called")
    refused(repro("predict", network, pictures[0], twin), "Two pictures are called")
    refused(repro("predict", network, *pictures, "--box", "1,1,5,5"), "for one picture")
    refused(repro("predict", "truth", pictures[0]), "annotated images only")
    refused(repro("predict", "lpn_50", pictures[0]), "needs weights")
    other = str(scene.checkpoint("litepose_xs"))
    refused(repro("predict", "lpn_50", pictures[0], "--weights", other), "of another network")
    assert not (tmp_path / "poses").exists()


def test_an_output_that_cannot_be_written_is_named(
    repro: Run, network: str, pictures: list[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    refused(repro("predict", network, pictures[0], "--output", "file"), "cannot be written")
    assert (tmp_path / "file").read_text() == "mine"
