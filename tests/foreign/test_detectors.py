"""What detectors' exporters write: each form gives the box that was put in, or one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.evaluation import detector
from repro.evaluation.detector import DetectorSettings
from support.command_line import Run
from support.detector_files import Arrays, cells, constant_detector
from support.evaluation_scenes import onnx_file, parsed, refused

SIZE = (96, 96)
WHERE = [16.0, 8.0, 24.0, 48.0]
"""left, top, width, height of the person in the input"""
MIDDLE = [28.0, 32.0, 24.0, 48.0]
CORNERS = [16.0, 8.0, 40.0, 56.0]
SETTINGS = DetectorSettings()


def rows(columns: int, count: int = cells(SIZE)) -> np.ndarray:
    return np.zeros((1, count, columns), np.float32)


def yolox() -> np.ndarray:
    """Raw: the person is in the cell x 3, y 4 of stride 8, a dog of higher score elsewhere."""
    found = rows(85)
    cell = 4 * 12 + 3
    found[0, cell, :2] = MIDDLE[0] / 8 - 3, MIDDLE[1] / 8 - 4
    found[0, cell, 2:4] = np.log(np.array(MIDDLE[2:]) / 8)
    found[0, cell, 4:6] = 0.9, 0.8
    found[0, 0, 4], found[0, 0, 21] = 1, 1
    return found


def yolox_decoded() -> np.ndarray:
    found = rows(85)
    found[0, 5, :6] = *MIDDLE, 0.9, 0.8
    return found


def yolov8(count: int = 84) -> np.ndarray:
    found = rows(count)
    found[0, 7, :5] = *MIDDLE, 0.72
    found[0, 9, :5] = *MIDDLE, 0.7  # the same person once more
    found[0, 11, :4], found[0, 11, 5 if count > 5 else 4] = 20, 0.9 if count > 5 else 0
    return found.transpose(0, 2, 1)


def yolov5() -> np.ndarray:
    found = rows(85, 3 * cells(SIZE))
    found[0, 100, :6] = *MIDDLE, 0.9, 0.8
    return found


def nanodet(plus: bool) -> np.ndarray:
    """Each side 2 or 3 strides of 8 away from the middle of a cell."""
    strides = (8, 16, 32, 64) if plus else (8, 16, 32)
    found = np.full((1, cells(SIZE, strides), 112), 0, np.float32)
    cell = 4 * 12 + 3
    found[0, cell, 0] = 0.72
    for side, away in enumerate((1, 3, 2, 3)):
        found[0, cell, 80 + 8 * side + away] = 50
    return found


def heads(strides: tuple[int, ...]) -> Arrays:
    """Scores and distances of each stride, the coarsest first; the person is at stride 8."""
    found: Arrays = {}
    for stride in strides[::-1]:
        count = cells(SIZE, (stride,))
        scores = np.zeros((1, count, 80), np.float32)
        distances = np.zeros((1, count, 32), np.float32)
        if stride == 8:
            scores[0, 4 * 12 + 3, 0] = 0.72
            for side, away in enumerate((1, 3, 2, 3)):
                distances[0, 4 * 12 + 3, 8 * side + away] = 50
        found = {**found, f"scores{stride}": scores, f"distances{stride}": distances}
    return found


FORMS: dict[str, tuple[str, Arrays, list[float]]] = {
    "yolox": ("YOLOX", {"output": yolox()}, WHERE),
    "yolox decoded": ("YOLOX", {"output": yolox_decoded()}, WHERE),
    "yolov8": ("YOLOv8", {"output0": yolov8()}, WHERE),
    "yolov8 of one class": ("YOLOv8", {"output0": yolov8(5)}, WHERE),
    "yolov8 transposed": ("YOLOv8", {"output0": yolov8().transpose(0, 2, 1).copy()}, WHERE),
    "yolov5": ("YOLOv5", {"output0": yolov5()}, WHERE),
    "nanodet": ("NanoDet", {"output": nanodet(False)}, [20, 12, 24, 48]),
    "nanodet-plus": ("NanoDet-Plus", {"output": nanodet(True)}, [16, 8, 24, 48]),
    "end to end": (
        "end to end",
        {"output0": np.array([[[*CORNERS, 0.72, 0], [*CORNERS, 0.9, 16]]], np.float32)},
        WHERE,
    ),
    "yolov7 end to end": (
        "YOLOv7",
        {"output": np.array([[0, *CORNERS, 0, 0.72], [0, *CORNERS, 5, 0.9]], np.float32)},
        WHERE,
    ),
    "mmdeploy": (
        "MMDeploy",
        {
            "dets": np.array([[[*CORNERS, 0.72], [*CORNERS, 0.9]]], np.float32),
            "labels": np.array([[0, 16]], np.int64),
        },
        WHERE,
    ),
    "boxes, scores, labels": (
        "boxes",
        {
            "boxes": np.array([CORNERS, [0, 0, 9, 9]], np.float32),
            "labels": np.array([0, 3], np.int64),
            "scores": np.array([0.72, 0.9], np.float32),
        },
        WHERE,
    ),
    "fractions": (
        "boxes",
        {
            "boxes": np.array([CORNERS], np.float32)[None] / 96,
            "scores": np.array([[0.72]], np.float32),
        },
        WHERE,
    ),
    "picodet": ("PicoDet", heads((8, 16, 32, 64)), [20, 12, 24, 48]),
    "nanodet, an output a stride": ("NanoDet", heads((8, 16, 32)), [20, 12, 24, 48]),
    "picodet before nms": (
        "PaddleDetection before NMS",
        {
            "transpose": np.array([[[0.1, 0.72], [0.2, 0.0], [0.9, 0.0]]], np.float32),
            "concat": np.array([[[0, 0, 9, 9], CORNERS]], np.float32),
        },
        WHERE,
    ),
    "efficient nms": (
        "boxes",
        {
            "num_dets": np.array([[1]], np.int32),
            "boxes": np.array([[CORNERS, [0, 0, 0, 0]]], np.float32),
            "scores": np.array([[0.72, 0]], np.float32),
            "labels": np.array([[0, 0]], np.int32),
        },
        WHERE,
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_detector_finds_the_person(name: str, tmp_path: Path) -> None:
    form, outputs, where = FORMS[name]
    found = detector.opened(constant_detector(tmp_path / "dét ector.onnx", outputs), SETTINGS)
    assert f"taken as {form}" in str(found.remark)
    boxes, scores = found.persons(np.zeros((96, 96, 3), np.uint8))
    assert boxes == pytest.approx(np.array([where]), abs=1e-3)
    assert scores == pytest.approx([0.72], abs=1e-6)


def test_paddles_detector_takes_a_scale_and_gives_the_class_first(tmp_path: Path) -> None:
    outputs = {
        "boxes": np.array([[0, 0.72, *CORNERS], [2, 0.9, *CORNERS]], np.float32),
        "count": np.array([2], np.int32),
    }
    path = constant_detector(tmp_path / "picodet.onnx", outputs, extra=("scale_factor",))
    boxes, _ = detector.opened(path, SETTINGS).persons(np.zeros((192, 48, 3), np.uint8))
    assert boxes == pytest.approx(np.array([[8, 16, 12, 96]]))  # stretched


@pytest.mark.parametrize("name", ["yolox", "yolov8"])
@pytest.mark.parametrize("picture", [(96, 96), (192, 96), (50, 101), (31, 640), (640, 480)])
def test_boxes_come_back_to_where_they_are_in_the_picture(
    name: str, picture: tuple[int, int], tmp_path: Path
) -> None:
    found = detector.opened(constant_detector(tmp_path / "net.onnx", FORMS[name][1]), SETTINGS)
    height, width = picture
    pixels = np.full((height, width, 3), 255, np.uint8)
    image, scale, start = detector.placed(pixels, SIZE, found.form)
    bright = np.argwhere((image == 255).all(axis=2))
    shown = min(96 / height, 96 / width)
    assert scale == pytest.approx([shown] * 2)
    assert bright[0].tolist() == start[::-1].tolist()
    assert bright[-1] - bright[0] + 1 == pytest.approx([height * shown, width * shown], abs=1)
    boxes, _ = found.persons(pixels)
    corners = (np.array(CORNERS) - np.tile(start, 2)) / shown
    wanted = corners.clip(0, [width, height, width, height])
    if len(boxes):
        assert boxes[0, :2] + boxes[0, 2:] == pytest.approx(wanted[2:])
        assert boxes[0, :2] == pytest.approx(wanted[:2])
    else:
        assert (wanted[2:] <= wanted[:2]).any()


def test_what_the_file_and_the_user_say_wins(tmp_path: Path) -> None:
    stated = {"names": "{0: 'dog', 1: 'person'}", "colour": "RGB"}
    path = constant_detector(tmp_path / "net.onnx", FORMS["mmdeploy"][1], metadata=stated)
    found = detector.opened(path, SETTINGS)
    assert found.person == 1 and found.form.colour == "RGB"
    assert found.form.mean == (123.675, 116.28, 103.53)
    told = DetectorSettings(person=16, colour="BGR", normalise="0..1", score=0.95)
    found = detector.opened(path, told)
    assert found.person == 16 and (found.form.colour, found.form.mean[0]) == ("BGR", 0)
    assert not len(found.persons(np.zeros((96, 96, 3), np.uint8))[0])
    found = detector.opened(path, DetectorSettings(person=16, score=0.9 - 1e-6))
    assert len(found.persons(np.zeros((96, 96, 3), np.uint8))[0]) == 1


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"maps": np.zeros((1, 17, 16, 16), np.float32)}, "is no detector that is known"),
        ({"boxes": np.zeros((3, 4), np.float32)}, "is no detector that is known"),
        ({"many": np.zeros((1, 99, 85), np.float32)}, "many 1 x 99 x 85"),
    ],
)
def test_other_networks_are_named(outputs: Arrays, said: str, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match=said) as caught:
        detector.opened(constant_detector(tmp_path / "net.onnx", outputs), SETTINGS)
    assert caught.value.hint


def test_a_detector_that_finds_nobody_gives_nobody(repro: Run, tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.full((192, 160, 3), 90, np.uint8))
    network = str(onnx_file(tmp_path / "net.onnx", value=1.0))
    nobody = constant_detector(tmp_path / "none.onnx", {"output": rows(85)})
    words = ("predict", network, "a.png", "--json", "--detector")
    data = parsed(repro(*words, str(nobody)))
    texts = " ".join(one["text"] for one in data["remarks"])
    assert data["people"] == 0 and "1 of 1 pictures show nobody to the detector" in texts
    somebody = constant_detector(tmp_path / "one.onnx", FORMS["yolox"][1])
    data = parsed(repro(*words, str(somebody)))
    (person,) = json.loads((tmp_path / "poses/poses.json").read_text())["annotations"]
    assert person["bbox"] == pytest.approx([32, 16, 48, 96])  # of half that size in the input
    refused(repro(*words, str(somebody), "--boxes", "b.json"), "Take one of the two")
    refused(repro(*words, "absent.onnx"), "no detector `absent.onnx`")
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x07 nothing")
    refused(repro(*words, "broken.onnx"), "no ONNX file that can be run")
    refused(repro(*words, network), "is no detector that is known")
