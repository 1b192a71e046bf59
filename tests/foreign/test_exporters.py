"""ONNX files as other programs write them: the right figure, or one sentence.

All hold the same network, one convolution, so that they must give the same poses.
"""

import io
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from support.command_line import Run
from support.evaluation_scenes import Scene, onnx_file, parsed, refused

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


Evaluate = Callable[..., dict[str, object]]


@pytest.fixture
def evaluate(repro: Run, scene: Scene, tmp_path: Path) -> Evaluate:
    """What `repro eval FILE --json` answers, and under `poses` the joints that were found."""

    def run(path: Path, *words: str) -> dict[str, object]:
        plain = ("--no-flip", "--decode", "argmax", "--boxes", "gt", "--output", "poses.json")
        data = parsed(repro("eval", str(path), *scene.named(), *plain, *words, "--json"))
        found = json.loads((tmp_path / "poses.json").read_text())
        return {**data, "poses": np.array([one["keypoints"] for one in found]).reshape(-1, 3)}

    return run


def same(data: dict[str, object], usual: dict[str, object], share: float = 1.0) -> bool:
    """Whether so many of the joints lie where the usual file finds them."""
    ours, theirs = (np.asarray(one["poses"])[:, :2] for one in (data, usual))
    assert len(np.unique(theirs, axis=0)) > 50
    return bool((abs(ours - theirs).max(axis=1) < 1e-3).mean() >= share)


def told(data: dict[str, object]) -> str:
    return "\n".join(remark["text"] for remark in data["remarks"])  # type: ignore[attr-defined]


class Convolution(nn.Module):
    """The network of `onnx_file`."""

    def __init__(self, inside: bool = False) -> None:
        super().__init__()
        values = np.random.default_rng(0).normal(size=(17, 3, 4, 4)).astype(np.float32) * 0.05
        self.weight = nn.Parameter(torch.from_numpy(values))
        self.inside = inside

    def forward(self, images: Tensor) -> Tensor:
        if self.inside:
            mean, deviation = (torch.tensor(part)[:, None, None] for part in (MEAN, DEVIATION))
            images = (images / 255 - mean) / deviation
        return nn.functional.conv2d(images, self.weight, stride=4)


def changed(tmp_path: Path, change: Callable[[ModelProto], None]) -> Path:
    """The usual file after a program went over it."""
    model = onnx.load(onnx_file(tmp_path / "plain.onnx", batch=1))
    change(model)
    path = tmp_path / "changed.onnx"
    onnx.save(model, path)
    return path


def stated(tmp_path: Path, **facts: str) -> Path:
    def change(model: ModelProto) -> None:
        helper.set_model_props(model, facts)

    return changed(tmp_path, change)


def cast(model: ModelProto, kind: int, inputs: bool = True, outputs: bool = True) -> None:
    """Another kind of numbers outside and the same inside, as converters with `keep_io` do."""
    graph = model.graph
    (node,) = graph.node
    if inputs:
        node.input[0] = "inside"
        graph.node.insert(0, helper.make_node("Cast", ["image"], ["inside"], to=TensorProto.FLOAT))
        graph.input[0].type.tensor_type.elem_type = kind
    if outputs:
        node.output[0] = "found"
        graph.node.append(helper.make_node("Cast", ["found"], ["maps"], to=kind))
        graph.output[0].type.tensor_type.elem_type = kind


def sides(value: object, *lengths: object) -> None:
    shape = value.type.tensor_type.shape  # type: ignore[attr-defined]
    del shape.dim[:]
    for length in lengths:
        shape.dim.add(**{"dim_param" if isinstance(length, str) else "dim_value": length})


def channels_last(model: ModelProto) -> None:
    """As tf2onnx writes a Keras model: images and maps with their channels last."""
    graph = model.graph
    (node,) = graph.node
    node.input[0], node.output[0] = "inside", "found"
    graph.node.insert(0, helper.make_node("Transpose", ["image"], ["inside"], perm=[0, 3, 1, 2]))
    graph.node.append(helper.make_node("Transpose", ["found"], ["maps"], perm=[0, 2, 3, 1]))
    sides(graph.input[0], "unk__1", 64, 48, 3)
    sides(graph.output[0], "unk__2", 16, 12, 17)


@pytest.fixture
def usual(evaluate: Evaluate, tmp_path: Path) -> dict[str, object]:
    return evaluate(onnx_file(tmp_path / "usual.onnx"))


@pytest.mark.thorough
def test_torch_by_tracing_and_by_export(
    evaluate: Evaluate, usual: dict[str, object], tmp_path: Path
) -> None:
    example = torch.zeros(1, 3, 64, 48)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Convolution(),
            (example,),
            str(tmp_path / "old.onnx"),
            dynamo=False,
            dynamic_axes={"input.1": {0: "batch"}},
            input_names=["input.1"],
        )
        program = torch.onnx.export(Convolution(), (example,), dynamo=True, verbose=False)
        assert program is not None
        program.save(str(tmp_path / "new.onnx"), external_data=True)
    assert (tmp_path / "new.onnx.data").is_file()
    for name in ("old.onnx", "new.onnx"):
        data = evaluate(tmp_path / name)
        assert same(data, usual)
        assert data["pixels"] == {"colour": "RGB, assumed", "normalise": "ImageNet, assumed"}
        assert "RGB and ImageNet assumed" in told(data)


def test_values_beside_the_file(
    evaluate: Evaluate, repro: Run, scene: Scene, tmp_path: Path
) -> None:
    folder = tmp_path / "a folder ä"
    folder.mkdir()
    model = onnx.load(onnx_file(tmp_path / "plain.onnx"))
    onnx.save(model, folder / "net.onnx", save_as_external_data=True, location="net.onnx.data",
              size_threshold=0)  # fmt: skip
    words = ("eval", str(folder / "net.onnx"), *scene.named(), "--boxes", "gt")
    first = evaluate(folder / "net.onnx")
    values = np.fromfile(folder / "net.onnx.data", np.float32)
    (-values).tofile(folder / "net.onnx.data")
    other = evaluate(folder / "net.onnx")  # the file itself is the same
    assert other["record"] != first["record"] and not same(other, first, share=0.5)
    (folder / "net.onnx.data").write_bytes(b"short")
    refused(repro(*words), "is no ONNX file that can be run")
    (folder / "net.onnx.data").unlink()
    refused(repro(*words), "`net.onnx.data`, missing beside it")


def test_a_place_among_the_metadata_is_no_file(evaluate: Evaluate, tmp_path: Path) -> None:
    assert evaluate(stated(tmp_path, location="Paris"))["model"] == "onnx"


@pytest.mark.parametrize("kind", ["both", "inputs", "outputs", "double"])
def test_converters_to_other_numbers(
    evaluate: Evaluate,
    usual: dict[str, object],
    tmp_path: Path,
    kind: str,
) -> None:
    number = TensorProto.DOUBLE if kind == "double" else TensorProto.FLOAT16
    parts = {"inputs": kind != "outputs", "outputs": kind != "inputs"}
    data = evaluate(changed(tmp_path, lambda model: cast(model, number, **parts)))
    assert same(data, usual, share=0.9)


def test_tensorflow_has_channels_last(
    evaluate: Evaluate, usual: dict[str, object], tmp_path: Path
) -> None:
    data = evaluate(changed(tmp_path, channels_last))
    assert same(data, usual)
    assert "channels last" in told(data) and "joints last" in told(data)


def test_pixels_in_and_the_normalisation_inside(
    evaluate: Evaluate,
    usual: dict[str, object],
    repro: Run,
    scene: Scene,
    tmp_path: Path,
) -> None:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Convolution(inside=True), (torch.zeros(1, 3, 64, 48),), buffer, dynamo=False
        )
    path = tmp_path / "inside.onnx"
    path.write_bytes(buffer.getvalue())
    data = evaluate(path)
    assert same(data, usual, share=0.9)
    assert data["pixels"]["normalise"] == "0..255, read from the file"  # type: ignore[index]
    assert "normalises by itself (mean 123.675,116.28,103.53" in told(data)
    twice = evaluate(path, "--normalise", "ImageNet")
    assert "and ImageNet comes before that" in told(twice)

    model = onnx.load(path)
    name = model.graph.input[0].name
    for node in model.graph.node:
        node.input[:] = ["inside" if one == name else one for one in node.input]
    to_float = helper.make_node("Cast", [name], ["inside"], to=TensorProto.FLOAT)
    model.graph.node.insert(0, to_float)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    onnx.save(model, tmp_path / "bytes.onnx")
    whole = evaluate(tmp_path / "bytes.onnx")
    assert same(whole, usual, share=0.9)
    assert "takes uint8" in told(whole)
    words = ("--boxes", "gt", "--normalise", "ImageNet")
    refused(repro("eval", "bytes.onnx", *scene.named(), *words), "not normalised by ImageNet")


@pytest.mark.parametrize(
    ("facts", "colour", "normalise"),
    [
        ({"colour": "bgr"}, "BGR", None),
        ({"Color-Order": " RGB "}, "RGB", None),
        ({"bgr_to_rgb": "False"}, "BGR", None),
        ({"to_rgb": "true"}, "RGB", None),
        ({"mean": "[123.675, 116.28, 103.53]", "std": "[58.395, 57.12, 57.375]"}, None, "ImageNet"),
        ({"image_mean": "0.485 0.456 0.406", "image_std": "(0.229,0.224,0.225)"}, None, "ImageNet"),
        ({"mean": "0.5", "std": "0.5"}, None, "-1..1"),
        ({"mean": "[0,0,0]", "std": "[255,255,255]"}, None, "0..1"),
        ({"mean": "0 0 0", "std": "1 1 1", "rescale_factor": "0.00392156862"}, None, "0..1"),
        ({"normalize": "imagenet"}, None, "ImageNet"),
        ({"mean": "104,117,123", "std": "1,1,1"}, None, "104,117,123/1,1,1"),
    ],
)
def test_metadata_in_other_spellings(
    evaluate: Evaluate,
    tmp_path: Path,
    facts: dict[str, str],
    colour: str | None,
    normalise: str | None,
) -> None:
    pixels = evaluate(stated(tmp_path, **facts))["pixels"]
    assert pixels == {
        "colour": f"{colour}, read from the file" if colour else "RGB, assumed",
        "normalise": f"{normalise}, read from the file" if normalise else "ImageNet, assumed",
    }


@pytest.mark.parametrize(
    ("facts", "said", "cure"),
    [
        ({"colour": "YUV"}, "There is no colour `YUV`", "--colour BGR"),
        ({"colour": "RGB", "channel_order": "BGR"}, "contradict themselves", "--colour BGR"),
        ({"mean": "1,2,3"}, "no deviation", "--normalise ImageNet"),
        ({"mean": "1,2", "std": "1,2"}, "no number for each channel", "--normalise ImageNet"),
        ({"mean": "0", "std": "1"}, "do not tell whether", "--normalise ImageNet"),
        ({"mean": "123", "std": "0.2"}, "do not tell whether", "--normalise ImageNet"),
        ({"normalise": "true"}, "no normalisation `true`", "--normalise ImageNet"),
    ],
)
def test_metadata_that_cannot_be_understood(
    repro: Run, scene: Scene, tmp_path: Path, facts: dict[str, str], said: str, cure: str
) -> None:
    words = ("eval", str(stated(tmp_path, **facts)), *scene.named(), "--boxes", "gt")
    refused(repro(*words), said, cure.partition(" ")[0])
    assert repro(*words, *cure.split()).code == 0


def test_what_the_user_gives_wins_and_is_told(evaluate: Evaluate, tmp_path: Path) -> None:
    path = stated(tmp_path, colour="BGR", input="128x96", dataset="humans")
    data = evaluate(path, "--colour", "RGB")
    assert data["pixels"]["colour"] == "RGB, given"  # type: ignore[index]
    assert "states BGR; --colour RGB is taken instead" in told(data)
    assert "states an input of 128x96; its graph has 64x48" in told(data)
    assert "data set humans, unknown here" in told(data)
    (record,) = data["records"]  # type: ignore[misc]
    assert record["notes"]["colour"] == "RGB, given"
    assert record["remarks"] == data["remarks"]


def with_output(model: ModelProto, name: str, *shape: int) -> None:
    """Another output of that shape, all zeros."""
    zeros = numpy_helper.from_array(np.zeros(shape, np.float32), f"{name}_values")
    model.graph.initializer.append(zeros)
    model.graph.node.append(helper.make_node("Identity", [f"{name}_values"], [name]))
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
    model.graph.output.append(output)


def test_several_outputs_are_asked_about(
    repro: Run,
    scene: Scene,
    evaluate: Evaluate,
    usual: dict[str, object],
    tmp_path: Path,
) -> None:
    path = changed(tmp_path, lambda model: with_output(model, "stage_2", 1, 17, 16, 12))
    words = ("eval", str(path), *scene.named(), "--boxes", "gt")
    refused(repro(*words), "`maps` (1x17x16x12), `stage_2` (1x17x16x12)", "--output-name")
    refused(repro(*words, "--output-name", "map"), "no output `map`", "`maps`")
    named = evaluate(path, "--output-name", "maps")
    assert same(named, usual)
    assert named["weights"]["output"] == "maps"  # type: ignore[index]
    features = changed(tmp_path, lambda model: with_output(model, "features", 1, 64, 2, 2))
    one = evaluate(features)
    assert same(one, usual)
    assert "is taken for the heatmaps" in told(one)
    refused(
        repro("eval", "truth", *scene.named(), "--output-name", "maps"), "no output to be named"
    )


def without_heatmaps(model: ModelProto) -> None:
    del model.graph.output[:]
    with_output(model, "features", 1, 17, 96)


def paddle(model: ModelProto) -> None:
    """A second input, as PaddleDetection's detectors have."""
    shape = helper.make_tensor_value_info("im_shape", TensorProto.FLOAT, [1, 2])
    model.graph.input.append(shape)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_heatmaps, "gives `features` (1x17x96)"),
        (paddle, "takes 2 inputs: `image` (1x3x64x48) and `im_shape` (1x2)"),
        (lambda model: sides(model.graph.input[0], 1, 1, 64, 48), "is no ONNX file|1 channels"),
        (lambda model: cast(model, TensorProto.INT8, outputs=False), "of int8"),
    ],
)
def test_what_no_evaluation_can_read(
    repro: Run, scene: Scene, tmp_path: Path, change: Callable[[ModelProto], None], said: str
) -> None:
    path = changed(tmp_path, change)
    outcome = repro("eval", str(path), *scene.named(), "--boxes", "gt")
    refused(outcome)
    assert any(part in outcome.err for part in said.split("|")), outcome.err
    pictures = [str(one) for one in sorted(scene.images.iterdir())[:1]]
    refused(repro("predict", str(path), *pictures))


def test_other_joints_and_their_order(repro: Run, scene: Scene, tmp_path: Path) -> None:
    path = onnx_file(tmp_path / "net.onnx", joints=14)
    words = ("eval", str(path), *scene.named(), "--boxes", "gt")
    refused(repro(*words), "finds 14 joints; COCO val2017 has 17", "crowdpose")
    names = ["Right_Eye", "nose", "left eye"]
    data = json.loads(scene.annotations.read_text())
    names += [name.replace("_", " ") for name in data["categories"][0]["keypoints"][3:]]
    shuffled = stated(tmp_path, joints=json.dumps(["nose", "right eye", "left eye", *names[3:]]))
    refused(repro("eval", str(shuffled), *scene.named(), "--boxes", "gt"), "in another order")


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_truncated_file(repro: Run, scene: Scene, tmp_path: Path, share: float) -> None:
    path = onnx_file(tmp_path / "whole.onnx")
    cut = tmp_path / "cut.onnx"
    content = path.read_bytes()
    cut.write_bytes(content[: int(share * len(content))])
    refused(repro("eval", str(cut), *scene.named(), "--boxes", "gt"), "is no ONNX file")


def test_open_sides(
    evaluate: Evaluate,
    usual: dict[str, object],
    repro: Run,
    scene: Scene,
    tmp_path: Path,
) -> None:
    path = onnx_file(tmp_path / "open.onnx", size=None)
    refused(repro("eval", str(path), *scene.named(), "--boxes", "gt"), "--input 256x192")
    assert same(evaluate(path, "--input", "64x48"), usual)
    shapeless = changed(
        tmp_path, lambda model: model.graph.output[0].type.tensor_type.ClearField("shape")
    )
    assert same(evaluate(shapeless), usual)
    frozen = onnx_file(tmp_path / "frozen.onnx", reshape=(1, 17, 16, -1))
    refused(repro("eval", str(frozen), *scene.named(), "--boxes", "gt"), "maps for", "--batch 1")
    assert same(evaluate(frozen, "--batch", "1"), usual)


def test_a_file_of_another_format(repro: Run, scene: Scene, tmp_path: Path) -> None:
    shutil.copy(scene.checkpoint("lpn_50"), tmp_path / "weights.onnx")
    refused(repro("eval", "weights.onnx", *scene.named(), "--boxes", "gt"), "is no ONNX file")
