"""Networks of the zoo as files: the same maps, the same poses, and their facts read back."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import zoo
from repro.errors import RunError
from repro.evaluation import choice, evaluator
from repro.evaluation.request import READ
from repro.exported.network_file import open_file
from repro.exporting import checking, writing
from repro.exporting.request import ExportRequest, requested
from support.command_line import Run
from support.evaluation_scenes import Scene, onnx_file, parsed, refused
from support.thoroughness import daily
from zoo import lpn

FAMILIES = {
    "simplebaseline_shufflenetv2": (64, 64),
    "lpn_50": (64, 48),
    "small_hrnet_w16": (64, 64),
    "vipnas_mobilenetv3": (64, 64),
    "lightweight_openpose": (64, 64),
}
"""a small member of each family that exports in seconds, and the smallest of its inputs"""


@pytest.mark.parametrize("model", daily(FAMILIES, lambda model: model == "small_hrnet_w16"))
def test_a_file_gives_what_its_network_gives(model: str, tmp_path: Path) -> None:
    top_down = not zoo.MODELS[model].grouping
    batch = "dynamic" if top_down else "1"
    request = requested(model, tmp_path / "net.onnx", size=FAMILIES[model], batch=batch)
    made = writing.export(request)
    assert made.check.ok and made.check.difference < 1e-4
    assert len(made.check.inputs) == 3  # of batches, or of sizes
    file = open_file(made.path)
    assert (file.image.batch, file.image.height) == ((None, 64) if top_down else (1, None))
    assert file.stated.joints == request.protocol.skeleton.joints
    assert file.stated.head == ("heatmaps" if top_down else request.protocol.decode)
    assert file.stated.size == FAMILIES[model]
    assert {"weights": "initial values"}.items() <= dict(made.metadata).items()
    assert any("initial" in str(remark) for remark in made.remarks)


@pytest.fixture
def networks_anew() -> Iterator[None]:
    """No network's shapes are remembered from other tests, nor in them."""
    evaluator._outline.cache_clear()
    yield
    evaluator._outline.cache_clear()


@pytest.fixture
def short_lpn(monkeypatch: pytest.MonkeyPatch, networks_anew: None) -> None:
    """One block a stage, which are all alike."""
    monkeypatch.setitem(lpn.COUNTS, 50, (1, 1, 1, 1))


def test_the_evaluation_of_a_file_is_that_of_its_network(
    repro: Run, scene: Scene, tmp_path: Path, short_lpn: None
) -> None:
    weights = tmp_path / "weights.pth"
    torch.manual_seed(0)
    torch.save(zoo.create_model("lpn_50").state_dict(), weights)
    words = ("export", "lpn_50", "--weights", str(weights), "--input", "64x48", "--json")
    made = parsed(repro(*words, "-o", "a net ä.onnx", "--batch", "dynamic"))
    assert made["metadata"]["weights_sha256"] and made["remarks"] == []  # type: ignore[index]
    poses = []
    for network in (["a net ä.onnx"], ["lpn_50", "--weights", str(weights), "--input", "64x48"]):
        rest = ("--boxes", "gt", "--output", "poses.json", "--json")
        data = parsed(repro("eval", *network, *scene.named(), *rest))
        found = json.loads((tmp_path / "poses.json").read_text())
        poses.append((data, np.array([person["keypoints"] for person in found])))
    (of_file, ours), (of_network, theirs) = poses
    assert of_file["metrics"] == pytest.approx(of_network["metrics"], abs=0.01)
    assert (abs(ours - theirs) < 1e-2).mean() > 0.98  # an argmax between equals may go either way
    assert of_file["protocol"] == of_network["protocol"]
    assert of_file["protocol_name"] == of_network["protocol_name"]
    assert of_file["pixels"] == {
        "colour": f"{of_file['protocol']['colour']}, {READ}",  # type: ignore[index]
        "normalise": f"ImageNet, {READ}",
    }
    assert of_network["pixels"]["normalise"] == "ImageNet, from the protocol"  # type: ignore[index]


@pytest.mark.thorough
def test_a_bottom_up_file_is_read_as_its_network_is(
    repro: Run,
    scene: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    networks_anew: None,
) -> None:
    monkeypatch.setattr("zoo.litepose.COUNTS", (2, 2, 2, 2))  # blocks of the stages, all alike
    torch.manual_seed(0)
    state = zoo.create_model("litepose_xs").state_dict()
    biases = {name for name in state if name.startswith("final_") and name.endswith("bias")}
    torch.save({n: v + 0.5 if n in biases else v for n, v in state.items()}, tmp_path / "loud.pth")
    words = ("litepose_xs", "--weights", "loud.pth", "--input", "128x128")
    parsed(repro("export", *words, "-o", "net.onnx", "--json"))
    picture = str(min(scene.images.iterdir()))
    found = []
    for network in (words, ("net.onnx",)):
        parsed(repro("predict", *network, picture, "--json"))
        people = json.loads(Path("poses/poses.json").read_text())["annotations"]
        found.append(np.array([person["keypoints"] for person in people]))
    assert len(found[0]) and np.allclose(*found, atol=0.1)
    _, request = choice.requested("net.onnx")
    assert request.protocol.bottom_up and request.size == (128, 128)
    refused(repro("predict", "net.onnx", picture, "--protocol", "paper2/coco-val2017"))


def request_for(path: Path, **others: object) -> ExportRequest:
    return requested("lpn_50", path, size=(64, 48), **others)  # type: ignore[arg-type]


def test_a_file_that_computes_something_else_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = onnx_file(tmp_path / "wrong.onnx")

    def write(request: object, model: object, path: Path, *rest: object) -> None:
        shutil.copy(wrong, path)

    monkeypatch.setattr(writing, "_write", write)
    with pytest.raises(RunError, match="was not kept: its outputs differ from PyTorch's"):
        writing.export(request_for(tmp_path / "net.onnx"))
    assert not (tmp_path / "net.onnx").exists()
    monkeypatch.setitem(checking.BOUNDS, "fp32", float("inf"))
    assert writing.export(request_for(tmp_path / "net.onnx")).path.is_file()
    for content, said in ((b"broken", "is no ONNX file"), (b"", "is no ONNX file")):
        wrong.write_bytes(content)
        with pytest.raises(RunError, match=said):
            writing.export(request_for(tmp_path / "net.onnx", replace=True))
    assert (tmp_path / "net.onnx").stat().st_size > 1000


def test_sixteen_bits_are_stated_with_their_difference(tmp_path: Path, short_lpn: None) -> None:
    made = writing.export(request_for(tmp_path / "net.onnx", precision="fp16"))
    assert 1e-6 < made.check.difference <= made.check.bound == checking.BOUNDS["fp16"]
    assert made.metadata["precision"] == "fp16"
    assert open_file(made.path).image.kind == "float"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("lpn_51 -o a.onnx", "Did you mean `lpn_50`"),
        ("lpn_50 -o a.pt", "does not end in .onnx"),
        ("lpn_50 -o there.onnx", "exists already"),
        ("lpn_50 -o folder.onnx --force", "no file that could be replaced"),
        ("lpn_50 -o file/a.onnx --input 64x48", "cannot be written"),
        ("lpn_50 -o a.onnx --batch 3", "no batch `3`"),
        ("lpn_50 -o a.onnx --precision int8", "no precision `int8`"),
        ("lpn_50 -o a.onnx --input 63x48", "multiples of 16"),
        ("lpn_50 -o a.onnx --option depth=9", "does not take"),
        ("lpn_50 -o a.onnx --weights absent.pth", "absent.pth"),
        ("lpn_50 -o a.onnx --keypoints 5000", "5000 is not in the range"),
        ("lpn_50 -o a.onnx --dataset humans", "humans"),
        ("litepose_xs -o a.onnx --protocol paper2/coco-val2017", "finds persons by"),
        ("lpn_50 -o a.onnx --protocol paper4/coco-val2017", "heatmaps of one person"),
        ("lpn_50 -o a.onnx --entry ema", "no weights with an entry"),
        ("tokenpose_s_v1 -o a.onnx --dynamic-size", "built for one input size"),
        ("truth -o a.onnx", "no model `truth`"),
    ],
)
def test_a_mistake_is_one_sentence(
    repro: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, said: str
) -> None:
    (tmp_path / "there.onnx").write_bytes(b"somebody's")
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.onnx").mkdir()

    def write(request: object, model: object, path: Path, *rest: object) -> None:
        onnx_file(path)

    monkeypatch.setattr(writing, "_write", write)
    monkeypatch.setitem(checking.BOUNDS, "fp32", float("inf"))
    refused(repro("export", *words.split()), said)
    assert (tmp_path / "there.onnx").read_bytes() == b"somebody's"
    assert not (tmp_path / "a.onnx").exists()


def test_an_export_says_what_it_lacks(repro: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.env.version", lambda name: None if name == "onnxscript" else "1")
    refused(repro("export", "lpn_50", "-o", "a.onnx"), "onnxscript", "deploy")
