"""`repro boxes`: a detector's boxes as a file, which evaluations and predictions take."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from support.command_line import Run
from support.detector_files import constant_detector
from support.evaluation_scenes import Scene, onnx_file, parsed, refused

WHERE = np.array([[[16, 8, 40, 56, 0.72, 0], [60, 60, 70, 90, 0.4, 0]]], np.float32)
"""left, top, right, bottom, score and class in an input of 96 x 96"""


@pytest.fixture
def finder(tmp_path: Path) -> str:
    return str(constant_detector(tmp_path / "finder.onnx", {"output": WHERE}))


def picture(path: Path, size: tuple[int, int] = (96, 96)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((*size, 3), 90, np.uint8))
    return path


def rows(path: Path) -> list[dict[str, object]]:
    found = json.loads(path.read_text())
    assert isinstance(found, list)
    return found


def test_ids_are_those_of_the_annotations(repro: Run, scene: Scene, finder: str) -> None:
    named = ["--images", str(scene.images), "--annotations", str(scene.annotations)]
    data = parsed(repro("boxes", finder, *named, "-o", "boxes.json", "--json"))
    images = json.loads(scene.annotations.read_text())["images"]
    assert (data["pictures"], data["boxes"]) == (len(images), 2 * len(images))
    found = rows(Path("boxes.json"))
    assert {one["image_id"] for one in found} == {image["id"] for image in images}
    assert set(found[0]) == {"image_id", "category_id", "bbox", "score"}
    assert found[0]["category_id"] == 1 and found[0]["score"] == pytest.approx(0.72)
    scored = parsed(repro("boxes", finder, *named, "-o", "b.json", "--box-score", "0.5", "--json"))
    assert scored["boxes"] == len(images)


def test_a_model_is_evaluated_on_the_boxes(repro: Run, scene: Scene, finder: str) -> None:
    assert repro("boxes", finder, *scene.named(), "-o", "boxes.json").code == 0
    network = str(onnx_file(Path("net.onnx")))
    data = parsed(repro("eval", network, *scene.named(), "--boxes", "boxes.json", "--json"))
    (record,) = data["records"]
    assert record["spec"]["protocol"]["boxes"] == "boxes.json"
    assert not [one for one in data["remarks"] if one["about"] == "boxes" and one["impossible"]]


def test_pictures_of_ones_own_are_numbered_and_named(
    repro: Run, finder: str, tmp_path: Path
) -> None:
    for name in ("b.png", "a.png", "in/c.png"):
        picture(tmp_path / "own" / name, (96, 192))
    outcome = repro("boxes", finder, "--images", "own", "-r", "-o", "boxes.json")
    assert outcome.code == 0 and outcome.out == "6 boxes on 3 pictures, boxes.json\n"
    assert "Image ids are numbers from 1 in the order of the pictures' names" in outcome.err
    assert "taken as end to end" in outcome.err
    found = rows(tmp_path / "boxes.json")
    assert [(one["image_id"], one["file_name"]) for one in found[::2]] == [
        (1, "a.png"),
        (2, "b.png"),
        (3, "in/c.png"),
    ]
    network = str(onnx_file(tmp_path / "net.onnx", value=1.0))
    data = parsed(repro("predict", network, "own", "-r", "--boxes", "boxes.json", "--json"))
    assert data["people"] == 6


def test_pictures_that_are_called_by_numbers_keep_them(
    repro: Run, finder: str, tmp_path: Path
) -> None:
    for name in ("000000000139.png", "000000000285.png"):
        picture(tmp_path / "val" / name)
    outcome = repro("boxes", finder, "--images", "val", "-o", "boxes.json")
    assert outcome.code == 0 and "the numbers by which the pictures are called" in outcome.err
    assert [one["image_id"] for one in rows(tmp_path / "boxes.json")] == [139, 139, 285, 285]


def test_a_broken_picture_stops_no_other(repro: Run, finder: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        picture(tmp_path / "in" / name)
    (tmp_path / "in/b.png").write_bytes(b"\x89PNG no picture")
    words = ("boxes", finder, "--images", "in", "-o", "boxes.json", "--force", "--json")
    outcome = repro(*words)
    data = json.loads(outcome.out)
    assert outcome.code == 6 and list(data["failed"]) == ["b.png"] and data["pictures"] == 2
    assert "1 of 3 pictures could not be read" in outcome.err
    assert {one["file_name"] for one in rows(tmp_path / "boxes.json")} == {"a.png", "c.png"}
    (tmp_path / "boxes.json").unlink()
    for name in ("a.png", "c.png"):
        (tmp_path / "in" / name).write_bytes(b"")
    outcome = repro(*words)
    assert outcome.code == 2 and not (tmp_path / "boxes.json").exists()


def test_pictures_without_persons_and_without_files_are_told(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    nobody = {"output": np.array([[[16, 8, 40, 56, 0.1, 0]]], np.float32)}
    blind = str(constant_detector(tmp_path / "blind.onnx", nobody))
    document = json.loads(scene.annotations.read_text())
    document["images"].append({"id": 999, "file_name": "gone.jpg", "height": 9, "width": 9})
    (tmp_path / "list.json").write_text(json.dumps({"images": document["images"]}))
    named = ("--images", str(scene.images), "--annotations", "list.json")
    outcome = repro("boxes", blind, *named, "-o", "boxes.json")
    assert outcome.code == 0 and rows(tmp_path / "boxes.json") == []
    count = len(document["images"])
    assert f"1 of {count} images are not in `val2017` and get no boxes" in outcome.err
    assert f"{count - 1} of {count - 1} pictures show nobody to the detector" in outcome.err


def test_a_turned_picture_is_taken_as_eval_takes_it(
    repro: Run, finder: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[274] = 6
    (tmp_path / "in").mkdir()
    Image.new("RGB", (192, 96), "red").save(tmp_path / "in/a.jpg", exif=exif)
    words = ("boxes", finder, "--images", "in", "-o", "boxes.json", "--force")
    outcome = repro(*words)
    assert "carry an EXIF turn, which is ignored" in outcome.err
    stored = rows(tmp_path / "boxes.json")[0]["bbox"]
    assert "which is honoured" in repro(*words, "--exif", "apply").err
    assert rows(tmp_path / "boxes.json")[0]["bbox"] != stored
    refused(repro(*words, "--exif", "turn"), "`turn`", "apply")


def test_wrong_words_are_refused(repro: Run, finder: str, scene: Scene, tmp_path: Path) -> None:
    picture(tmp_path / "in/a.png")
    (tmp_path / "there.json").write_text("mine")
    (tmp_path / "odd.json").write_text("[]")
    (tmp_path / "none.json").write_text('{"images": []}')
    words = ("boxes", finder, "--images", "in", "-o", "boxes.json")
    refused(repro(*words[:-1], "there.json"), "is there already", "--force")
    assert (tmp_path / "there.json").read_text() == "mine"
    refused(repro("boxes", "no.onnx", *words[2:]), "no detector `no.onnx`")
    refused(repro("boxes", finder, "--images", "nowhere", "-o", "b.json"), "no folder `nowhere`")
    (tmp_path / "empty").mkdir()
    refused(repro("boxes", finder, "--images", "empty", "-o", "b.json"), "no pictures in `empty`")
    refused(repro(*words, "--annotations", "odd.json"), "lists no images", "COCO's form")
    refused(repro(*words, "--annotations", "none.json"), "has no images")
    refused(repro(*words, "--annotations", str(scene.annotations)), "None of the", "--images DIR")
    refused(repro("boxes", str(onnx_file(tmp_path / "net.onnx")), *words[2:]), "is no detector")
    assert not (tmp_path / "boxes.json").exists()
