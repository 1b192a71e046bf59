"""Networks from files: what fits runs, what does not is refused with a sentence."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

from repro.data import annotations, boxes
from repro.data.layout import Source
from repro.data.normalising import normalised
from repro.errors import ReproError, RunError
from repro.evaluation import choice, evaluator, exported, exported_rules, loading, network
from repro.evaluation.network import ZooNetwork
from repro.evaluation.preparing import PreparedEvaluation
from repro.evaluation.request import ASSUMED, GIVEN, READ, EvaluationRequest, Execution
from repro.exported import leading, serving
from repro.exported.exported_network import ExportedNetwork
from repro.exported.network_file import open_file
from repro.exported.opening import ONNX
from repro.papers import protocol_choice
from repro.papers.protocol import changed
from support.evaluation_scenes import Scene, onnx_file


def request_of(model: str, weights: Path | None, **others: object) -> EvaluationRequest:
    _, protocol = protocol_choice.chosen(model, "coco", None)
    found = EvaluationRequest(model, weights, changed(protocol, boxes="ground truth"))
    return replace(found, **others)  # type: ignore[arg-type]


def network_of(path: Path) -> ExportedNetwork:
    _, protocol = protocol_choice.chosen("onnx", "coco", None)
    return exported.network_of(open_file(path), protocol)[0]


def opened(scene: Scene, wanted: EvaluationRequest) -> tuple[network.Network, dict[str, object]]:
    expected = annotations.read(scene.annotations, "coco")
    size = choice.size_of(wanted)
    persons = boxes.ground_truth(expected)
    prepared = PreparedEvaluation(
        wanted, size, expected, persons, Source("coco", "val2017", Path(), Path())
    )
    weights = evaluator.weights_of(prepared)
    return loading.opened(wanted, expected, persons, size), dict(weights)


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_an_exported_network_runs_whatever_its_batch(tmp_path: Path, batch: int | str) -> None:
    path = onnx_file(tmp_path / "net.onnx", batch=batch)
    found = network_of(path)
    images = torch.rand(6, 3, 64, 48)
    (maps,) = found(images, np.arange(6), False)
    assert maps.shape == (6, 17, 16, 12) and maps.dtype == torch.float32
    (one,) = found(images[4:5], np.arange(1), False)
    assert torch.allclose(maps[4:5], one, atol=1e-6)
    assert found.file.size(None) == ((64, 48), ())
    assert found.file.image.batch == (None if batch == "n" else batch)


def test_an_open_size_must_be_named(tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", size=None)
    found = open_file(path)
    assert found.size((128, 96)) == ((128, 96), ())
    with pytest.raises(ReproError, match="does not fix") as caught:
        found.size(None)
    assert "--input" in caught.value.hint
    fixed = onnx_file(tmp_path / "fixed.onnx")
    with pytest.raises(ReproError, match="built for 64x48, not 128x96"):
        open_file(fixed).size((128, 96))


def test_a_file_states_its_colours(tmp_path: Path) -> None:
    stated = MappingProxyType({"colour": "BGR", "normalise": "0..1", "author": "nobody"})
    path = onnx_file(tmp_path / "net.onnx", metadata=stated)
    _, protocol = protocol_choice.chosen("onnx", "coco", None)
    found = exported_rules.settled(open_file(path), "coco", None, {})
    assert (found.protocol.colour, found.protocol.normalise) == ("BGR", "0..1")
    assert set(found.origins.values()) == {READ} and found.remarks == ()
    plain = exported_rules.settled(open_file(onnx_file(tmp_path / "plain.onnx")), "coco", None, {})
    assert plain.protocol == protocol and set(plain.origins.values()) == {ASSUMED}
    assert "RGB and ImageNet assumed" in str(plain.remarks[0])
    wrong = onnx_file(tmp_path / "wrong.onnx", metadata=MappingProxyType({"colour": "purple"}))
    with pytest.raises(ReproError, match=r"metadata of .*wrong\.onnx.*purple"):
        exported_rules.settled(open_file(wrong), "coco", None, {})
    given = exported_rules.settled(open_file(wrong), "coco", None, {"colour": "BGR"})
    assert given.origins["colour"] == GIVEN and given.protocol.colour == "BGR"


@pytest.mark.parametrize("content", [b"", b"garbage" * 99, b"\x08\x07"])
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(ReproError, match="is no ONNX file"):
        open_file(path)
    with pytest.raises(ReproError, match="no file"):
        open_file(tmp_path / "absent.onnx")
    with pytest.raises(ReproError, match="no file"):
        open_file(tmp_path)


def test_a_batch_that_is_lost_is_named(tmp_path: Path) -> None:
    images = torch.rand(5, 3, 64, 48)
    lost = network_of(onnx_file(tmp_path / "lost.onnx", mean=True))
    with pytest.raises(ReproError, match="1 maps for 5 images"):
        lost(images, np.arange(5), False)
    stuck = network_of(onnx_file(tmp_path / "stuck.onnx", reshape=(1, 17, 16, 12)))
    with pytest.raises(RunError, match="The network failed") as caught, network.running():
        stuck(images, np.arange(5), False)
    assert "--batch" in caught.value.hint and caught.value.exit_code == 6
    assert len(stuck(images[:1], np.arange(1), False)[0]) == 1


def test_other_joints_are_refused(scene: Scene, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", joints=16)
    with pytest.raises(ReproError, match="finds 16 joints") as caught:
        opened(scene, request_of("onnx", path))
    assert "--dataset" in caught.value.hint
    with pytest.raises(ReproError, match="not of 17 joints"):
        network.heatmaps([torch.zeros(1, 16, 4, 4)], 17)
    with pytest.raises(ReproError, match="not of 17 joints"):
        network.heatmaps([torch.zeros(1, 17)], 17)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": {"attention": "se"}}, "takes no options"),
        ({"partial": True}, "takes no options"),
        ({"execution": Execution("cuda")}, "CPU|CUDA"),
        ({"execution": Execution("banana")}, "no device `banana`"),
        ({"execution": Execution("meta")}, "no device `meta`"),
        ({"execution": Execution("cpu:1")}, "no device `cpu:1`"),
        ({"execution": Execution(threads=100_000)}, "100,000 threads"),
        ({"size": (128, 96)}, "built for 64x48"),
    ],
)
def test_what_an_exported_network_cannot_do(
    scene: Scene, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = onnx_file(tmp_path / "net.onnx")
    with pytest.raises(ReproError, match=said) as caught:
        opened(scene, request_of("onnx", path, **changes))
    assert caught.value.hint


def test_a_network_of_the_zoo_and_what_its_record_says(scene: Scene, tmp_path: Path) -> None:
    path = scene.checkpoint("lpn_50")
    found, weights = opened(scene, request_of("lpn_50", path, size=(64, 48)))
    assert isinstance(found, ZooNetwork) and not found.model.training
    assert weights["name"] == "lpn_50_64x48_coco" and len(str(weights["sha256"])) == 64
    state = torch.load(path, weights_only=True)
    some = dict(list(state.items())[:100])
    torch.save(some, tmp_path / "some.pth")
    with pytest.raises(ReproError, match="does not fit") as caught:
        opened(scene, request_of("lpn_50", tmp_path / "some.pth", size=(64, 48)))
    assert "--allow-partial" in caught.value.hint
    _, weights = opened(
        scene, request_of("lpn_50", tmp_path / "some.pth", size=(64, 48), partial=True)
    )
    assert weights["partial"] is True
    assert str(weights["loaded"]).startswith("100 of ")


@pytest.mark.parametrize("size", [(0, 0), (250, 190), (4096, 4096), (64, 0)])
@pytest.mark.parametrize("model", ["lpn_50", "truth"])
def test_an_impossible_input_is_refused(scene: Scene, model: str, size: tuple[int, int]) -> None:
    weights = scene.checkpoint("lpn_50") if model == "lpn_50" else None
    with pytest.raises(ReproError, match="cannot take an input of") as caught:
        opened(scene, request_of(model, weights, size=size))
    assert "multiples of" in caught.value.hint


def test_whole_images_have_one_short_side() -> None:
    _, protocol = protocol_choice.chosen("litepose_xs_coco", "coco", None)
    assert choice.size_of(EvaluationRequest("truth", None, protocol)) == (512, 512)
    assert choice.size_of(EvaluationRequest("litepose_xs_coco", None, protocol)) == (256, 256)
    with pytest.raises(ReproError, match="not inputs of 448x256") as caught:
        choice.size_of(EvaluationRequest("litepose_xs_coco", None, protocol, (448, 256)))
    assert "--input 448x448" in caught.value.hint


def test_a_word_is_a_model_or_an_exported_file() -> None:
    assert choice.model_of("truth", None) == ("truth", None)
    assert choice.model_of("Net.ONNX", None) == ("onnx", Path("Net.ONNX"))
    assert choice.model_of("lpn_50", Path("a.pth")) == ("lpn_50", Path("a.pth"))
    for word, weights in (
        ("lpn_51", None),
        ("onnx", None),
        ("lpn_50", None),
        ("net.onnx", Path("a.pth")),
        ("truth", Path("a.pth")),
    ):
        with pytest.raises(ReproError) as caught:
            choice.model_of(word, weights)
        assert caught.value.hint


def test_pixels_are_normalised_in_the_order_in_which_they_come() -> None:
    pixels = np.array([[[[124, 116, 104]]]], np.uint8)
    assert normalised(pixels, "ImageNet").shape == (1, 3, 1, 1)
    assert normalised(pixels, "ImageNet").abs().max() < 0.02
    assert normalised(pixels, "0..255").flatten().tolist() == [124, 116, 104]
    assert normalised(pixels, "128/256")[0, 1, 0, 0] == pytest.approx((116 - 128) / 256)
    assert normalised(pixels, "-1..1")[0, 2, 0, 0] == pytest.approx(104 / 127.5 - 1)


def test_what_a_graph_does_first_is_known_or_said_to_be_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = onnx_file(tmp_path / "net.onnx")
    file = replace(open_file(path), runtime=serving.RUNTIMES[ONNX](path, 0))
    said = "`net.onnx` normalises by itself is not known: onnx is not installed."
    for version, count in (("1.0", 0), (None, 1)):
        monkeypatch.setattr(leading.env, "version", lambda name, found=version: found)
        told = [str(one) for one in exported_rules.settled(file, None, None, {}).remarks]
        assert sum(said in one for one in told) == count
    given = exported_rules.settled(file, None, None, {"normalise": "ImageNet"})
    assert not any(said in str(one) for one in given.remarks)


def test_nan_is_named() -> None:
    network.check_finite([torch.zeros(3), torch.ones(2)], "x")
    for value in (float("nan"), float("inf")):
        with pytest.raises(ReproError, match="NaN or infinity for crop 5"):
            network.check_finite([torch.zeros(3), torch.full((2,), value)], "crop 5")


def test_a_bug_is_not_taken_for_a_failure_of_the_network() -> None:
    with pytest.raises(KeyError), network.running():
        raise KeyError("bug")
    with pytest.raises(RunError, match="not enough memory"), network.running():
        raise RuntimeError("not enough memory: you tried to allocate\nand more")
