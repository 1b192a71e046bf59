"""What is said of a file beside it: read, preferred, outdone, remembered, and refused."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from repro.errors import ReproError
from repro.evaluation import choice
from repro.evaluation.predict import Predictor
from repro.evaluation.request import EvaluationRequest
from repro.exported.side_file import SideFacts
from support.command_line import Run
from support.evaluation_scenes import Scene, onnx_file, parsed, refused
from support.spot_networks import Spots, exported, spots


def request_of(path: Path, *words: object, **facts: str) -> EvaluationRequest:
    return choice.requested(str(path), *words, facts=SideFacts(**facts))[1]  # type: ignore[arg-type]


def told(request: EvaluationRequest) -> str:
    return "\n".join(map(str, request.remarks))


def beside(path: Path, text: str) -> None:
    path.with_name(f"{path.name}.toml").write_text(text, encoding="utf-8")


def test_what_lies_beside_a_file_wins_over_it_and_the_user_over_both(tmp_path: Path) -> None:
    facts = {"head": "points", "colour": "RGB", "normalise": "ImageNet"}
    network = Spots("simcc", colour="BGR", normalise="0..1")
    path = exported(tmp_path / "net.onnx", network, metadata=facts)
    beside(path, 'head = "SimCC"\ncolour = "bgr"\nnormalise = "0..1"\nlayout = "nchw"\n')
    request = request_of(path)
    assert request.file_facts == {
        "head": "simcc, read from net.onnx.toml",
        "input": "128x96, read from the file",
        "layout": "NCHW, read from net.onnx.toml",
    }
    assert request.pixels == {
        "colour": "BGR, read from net.onnx.toml",
        "normalise": "0..1, read from net.onnx.toml",
    }
    assert "`net.onnx` states RGB; `net.onnx.toml` says BGR, which is taken." in told(request)
    pixels, points = spots()
    plain = choice.requested(str(path), rules={"flip": False})[1]
    found = Predictor(plain).poses(pixels).poses.keypoints[0, :, :2]
    assert np.abs(found - points.numpy()).max() <= 0.05
    given = choice.requested(str(path), rules={"colour": "RGB"})[1]
    assert given.pixels["colour"] == "RGB, given"
    assert "`net.onnx.toml` states BGR; --colour RGB is taken instead" in told(given)


def test_an_open_size_and_the_joints_are_read_from_beside(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", size=None, joints=3)
    beside(
        path,
        'input = "64x48"\ndataset = "snakes"\njoints = ["head", "left side", "right side"]\n'
        "flip_pairs = [[1, 2]]\nlimbs = [[0, 1]]\nsigmas = [0.05, 0.1, 0.1]\n",
    )
    request = request_of(path)
    assert request.size == (64, 48)
    assert request.file_facts["input"] == "64x48, read from net.onnx.toml"
    assert request.protocol.skeleton.joints == ("head", "left side", "right side")
    assert request.protocol.skeleton.mirrored == (0, 2, 1)
    assert request_of(path, None, None, None, (96, 96)).size == (96, 96)
    fixed = onnx_file(tmp_path / "fixed.onnx")
    beside(fixed, 'input = "256x192"\n')
    assert "`fixed.onnx.toml` says an input of 256x192; its graph has 64x48" in told(
        request_of(fixed)
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('heads = "simcc"', "There is no key `heads`"),
        ('head = "simc"', "There is no head `simc`"),
        ("head = 3", "`head` should be a string"),
        ('colour = "purple"', "There is no colour `purple`"),
        ('normalise = "often"', "There is no normalisation `often`"),
        ('input = "large"', "`large` is no size"),
        ('layout = "CHW"', "There is no layout `CHW`"),
        ('joints = ["a"]\nflip_pairs = [[0, 1]]', "`flip_pairs` has [0, 1], but there are 1"),
        ('joints = ["a"]\nsigmas = [0.1, 0.2]', "`sigmas` are 2, of 1 joints"),
        ('joints = ["a"]\nsigmas = [nan]', "`sigmas` are 1, of 1 joints"),
        ("head = ", "is no TOML"),
        ("x" * 2**21, "is no TOML"),
    ],
)
def test_a_side_file_that_cannot_be_understood(tmp_path: Path, text: str, said: str) -> None:
    path = onnx_file(tmp_path / "net.onnx")
    beside(path, text)
    with pytest.raises(ReproError) as caught:
        request_of(path)
    assert said in str(caught.value) and "net.onnx.toml" in str(caught.value)
    assert caught.value.hint


def test_what_was_remembered_gives_the_same_record(
    repro: Run, scene: Scene, tmp_path: Path
) -> None:
    names = ("one", "other")
    path = exported(tmp_path / "net.onnx", Spots("simcc"), names=names)
    words = ("eval", str(path), *scene.named(), "--boxes", "gt", "--no-flip", "--json")
    said = ("--head", "simcc", "--colours", "bgr", "--normalise", "imagenet", "--input", "128x96")
    said += ("--output-name", "one,other", "--layout", "nchw")
    first = parsed(repro(*words, *said, "--remember"))
    kept = tomllib.loads((tmp_path / "net.onnx.toml").read_text())
    assert kept == {
        **{"head": "simcc", "colour": "BGR", "normalise": "ImageNet", "input": "128x96"},
        **{"layout": "NCHW", "output": "one,other"},
    }
    texts = [remark["text"] for remark in first["remarks"]]  # type: ignore[attr-defined]
    assert any("keeps for next time: head simcc, colour BGR" in text for text in texts)
    assert any("next to nothing" in text and "--colour" in text for text in texts)
    again = parsed(repro(*words))
    assert again["record"] == first["record"]
    assert again["file"] == {
        "head": "simcc, read from net.onnx.toml",
        "input": "128x96, read from the file",
        "layout": "NCHW, read from net.onnx.toml",
    }
    (record,) = first["records"]  # type: ignore[misc]
    assert record["notes"]["head"] == "simcc, given"
    assert parsed(repro(*words, "--colour", "RGB"))["record"] != first["record"]
    refused(repro(*words[:-1], "--remember"), "nothing to remember", "--head")
    text = repro(*words[:-1])
    assert "file net.onnx: head simcc, read from net.onnx.toml · input 128x96" in text.err


def test_pictures_with_a_network_of_rows(repro: Run, tmp_path: Path) -> None:
    import cv2

    path = exported(tmp_path / "net.onnx", Spots("rows", normalise="0..1"))
    cv2.imwrite("spots.png", spots()[0])
    data = parsed(repro("predict", str(path), "spots.png", "--json"))
    assert data["people"] == 1 and data["file"]["head"] == "rows, told by its outputs"  # type: ignore[index]
    none = parsed(repro("predict", str(path), "spots.png", "--box-score", "0.95", "--json"))
    assert none["people"] == 0
    refused(repro("predict", str(path), "spots.png", "--box", "1,1,9,9"), "finds persons by itself")
