"""OpenVINO IR and TFLite files: read as ONNX files are, or refused with one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from repro import env
from repro.errors import ReproError
from repro.evaluation import choice
from repro.evaluation.predict import Predictor
from repro.evaluation.request import EvaluationRequest
from repro.exported import opening, runtimes, serving, tflite_file
from repro.exported.form import ImageInput, Port
from repro.exported.runtime import Inputs, Step, Values
from repro.exported.tflite_file import StoredTensor
from support.command_line import Run
from support.evaluation_scenes import Scene, refused
from support.spot_networks import SIZE, Constants, Spots, exported, spots

needs_openvino = pytest.mark.skipif(
    env.version("openvino") is None, reason="openvino is not installed"
)
needs_litert = pytest.mark.skipif(
    env.version("ai-edge-litert") is None, reason="ai-edge-litert is not installed"
)


def ir_file(path: Path, onnx: Path) -> Path:
    """An ONNX file converted to an OpenVINO IR."""
    import openvino

    openvino.save_model(openvino.convert_model(onnx), path, compress_to_fp16=False)
    return path


def request_of(path: Path, **rules: object) -> EvaluationRequest:
    return choice.requested(str(path), rules={"flip": False, **rules})[1]


def check_spots(request: EvaluationRequest) -> None:
    pixels, points = spots(7)
    found = Predictor(request).poses(pixels).poses.keypoints
    assert np.abs(found[0, :, :2] - points.numpy()).max() <= 0.05


@needs_openvino
@pytest.mark.parametrize("head", ["heatmaps", "simcc", "rows"])
def test_an_ir_is_read_as_the_onnx_file_it_was(tmp_path: Path, head: str) -> None:
    onnx = exported(tmp_path / "net.onnx", Spots(head), dynamic=head == "simcc")
    path = ir_file(tmp_path / "net.xml", onnx)
    decode = {"decode": "argmax"} if head == "heatmaps" else {}
    request = request_of(path, normalise="ImageNet", **decode)
    assert request.model == "openvino" and request.size == SIZE
    check_spots(request)
    before = opening.content_digest(path)
    content = bytearray(path.with_suffix(".bin").read_bytes())
    content[0] ^= 1
    path.with_suffix(".bin").write_bytes(content)
    assert opening.content_digest(path) != before


@needs_openvino
def test_the_normalisation_inside_an_ir_is_seen(tmp_path: Path) -> None:
    import openvino
    from openvino import opset13

    image = opset13.parameter([1, 3, *SIZE], np.float32, name="image")
    scaled = opset13.multiply(image, np.float32(1 / 255))
    moved = opset13.subtract(scaled, np.array([0.5, 0.4, 0.3], np.float32)[None, :, None, None])
    maps = opset13.convolution(
        moved, np.ones((17, 3, 4, 4), np.float32), [4, 4], [0, 0], [0, 0], [1, 1]
    )
    path = tmp_path / "net.xml"
    openvino.save_model(openvino.Model([maps], [image], "net"), path, compress_to_fp16=False)
    request = request_of(path)
    assert request.pixels["normalise"] == "0..255, read from the file"
    said = "\n".join(map(str, request.remarks))
    assert "mean 127.5,102,76.5, deviation 255" in said


@needs_openvino
def test_an_ir_takes_whole_images_of_any_size(tmp_path: Path) -> None:
    maps = torch.zeros(1, 38, 16, 12), torch.zeros(1, 19, 16, 12)
    path = ir_file(tmp_path / "net.xml", exported(tmp_path / "net.onnx", Constants(*maps)))
    request = request_of(path)
    assert request.size == SIZE and "images are scaled into it" in str(request.remarks)
    open_size = choice.requested(str(path), size=(256, 256))[1]
    assert open_size.file_facts["input"] == "256x256, given"
    with pytest.raises(ReproError, match="takes whole images, not inputs of 256x192"):
        choice.requested(str(path), size=(256, 192))
    with pytest.raises(ReproError, match="built for 128x96"):
        choice.requested(str(tmp_path / "net.onnx"), size=(256, 256))


@needs_openvino
def test_what_is_no_ir_is_refused(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = ir_file(tmp_path / "net.xml", exported(tmp_path / "net.onnx", Spots()))
    words = ("eval", str(path), *scene.named(), "--boxes", "gt")
    whole, values = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    for content, said in (
        (b"<a/>", "is no OpenVINO IR"),
        (b"", "is no OpenVINO IR"),
        (whole[: len(whole) // 2], "is no OpenVINO IR that can be run"),
    ):
        path.write_bytes(content)
        refused(repro(*words), said)
    path.write_bytes(whole)
    path.with_suffix(".bin").write_bytes(values[:-100])
    refused(repro(*words), "is no OpenVINO IR that can be run")
    path.with_suffix(".bin").unlink()
    refused(repro(*words), "keeps its values in `net.bin`, missing beside it")
    for command in ("count", "speed"):
        refused(repro(command, str(path)), "is no ONNX file, and others are not")


@needs_litert
@pytest.mark.parametrize("content", [b"", b"garbage" * 99, b"\0\0\0\0TFL3" + b"\1" * 400])
def test_what_is_no_tflite_file_is_refused(
    repro: Run, scene: Scene, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    refused(repro("eval", str(path), *scene.named(), "--boxes", "gt"), "is no TFLite file")


def test_a_runtime_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "openvino", None)
    (tmp_path / "net.tflite").write_bytes(b"\0\0\0\0TFL3")
    (tmp_path / "net.xml").write_bytes(b"<net>")
    (tmp_path / "net.bin").write_bytes(b"")
    for name, library in (("net.tflite", "ai-edge-litert"), ("net.xml", "openvino")):
        with pytest.raises(ReproError, match=f"needs {library}") as caught:
            serving.RUNTIMES[opening.kind_of(tmp_path / name)](tmp_path / name, 0)
        assert "The extra" in caught.value.hint


@dataclass
class MoveNetInMemory:
    """A network as LiteRT tells it: whole pixels in, one person out."""

    inputs: Sequence[Port]
    outputs: Sequence[Port]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def run(self, given: Inputs, outputs: Sequence[str]) -> Sequence[Values]:
        (pixels,) = given.values()
        assert pixels.dtype == np.uint8 and pixels.shape == (1, *SIZE, 3)
        network = Spots("points", normalise="0..255", channels_last=True)
        with torch.inference_mode():
            found = network(torch.from_numpy(pixels.astype(np.float32)))
        assert isinstance(found, torch.Tensor)
        return [found.numpy()]

    def first_steps(self) -> Sequence[Step]:
        raise ReproError("the graphs of TFLite files are not looked into")

    def any_size(self, image: ImageInput) -> None:
        """None."""


def test_movenet_from_a_tflite_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "movenet.tflite"
    path.write_bytes(b"any")
    ports = (Port("image", (1, *SIZE, 3), "uint8"),), (Port("found", (1, 1, 17, 3), "float"),)
    monkeypatch.setattr(runtimes, "opened", lambda path, threads: MoveNetInMemory(*ports))
    request = choice.requested(str(path))[1]
    check_spots(request)
    said = "\n".join(map(str, request.remarks))
    assert "it is given pixels of 0 to 255, not normalised." in said
    assert "no normalisation was found" not in said and "not looked into" in said
    assert request.pixels == {"colour": "RGB, assumed", "normalise": "0..255, read from the file"}
    assert request.file_facts["layout"] == "NHWC, read from the file"


def test_whole_numbers_that_stand_for_others() -> None:
    tensor = StoredTensor(0, np.int8, 1 / 255, -128)
    values = np.array([0, 0.5, 1, 2, -1], np.float32)
    stored = tflite_file.stored(values, tensor)
    assert stored.dtype == np.int8 and stored.tolist() == [-128, 0, 127, 127, -128]
    assert np.abs(tflite_file.meant(stored, tensor)[:3] - values[:3]).max() < 1 / 255
    plain = StoredTensor(0, np.uint8, 0.0, 0)
    assert tflite_file.stored(np.array([3.0]), plain).tolist() == [3]
    assert tflite_file.meant(np.array([3], np.uint8), plain).tolist() == [3]
