"""Exported files are counted as the networks that they came from, and what they hide is told."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import zoo
from repro.counting import counter, exported
from repro.errors import ReproError
from repro.records.runs import count_run
from support.command_line import Run, parsed

FLOAT = TensorProto.FLOAT
SHAPES = {"x": (1, 3, 8, 6)}


def tensor(name: str, *sides: int, kind: int = FLOAT) -> onnx.TensorProto:
    ones = np.ones(sides, helper.tensor_dtype_to_np_dtype(kind))
    return numpy_helper.from_array(ones, name)


def written(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    weights: Sequence[onnx.TensorProto] = (),
    sides: Sequence[int | str] = (1, 3, 8, 6),
    **more: object,
) -> Path:
    """A file with one input `x` and the last node's output."""
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", FLOAT, sides)],
        [helper.make_tensor_value_info(nodes[-1].output[0], FLOAT, None)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], **more)
    onnx.save(model, path)
    return path


def node(name: str, inputs: str, output: str = "y", **attributes: object) -> onnx.NodeProto:
    return helper.make_node(name, inputs.split(), [output], **attributes)


CASES = {
    # nodes, weights, parameters, conv, fvcore, mmcv, hrnet, ptflops
    "conv with bias": (
        [node("Conv", "x w b")],
        [tensor("w", 4, 3, 3, 3), tensor("b", 4)],
        (112, 2592, 2592, 2688, 2592, 2688),
    ),
    "depthwise": (
        [node("Conv", "x w", group=3, strides=[2, 2], pads=[1, 1, 1, 1])],
        [tensor("w", 3, 1, 3, 3)],
        (27, 324, 324, 324, 324, 324),
    ),
    "transposed": (
        [node("ConvTranspose", "x w b", strides=[2, 2])],
        [tensor("w", 3, 5, 2, 2), tensor("b", 5)],
        (65, 2880, 2880, 3840, 11520, 12480),
    ),
    "shared twice": (
        [node("Conv", "x w", "a"), node("Conv", "a w", "y")],
        [tensor("w", 3, 3, 1, 1)],
        (9, 864, 864, 864, 864, 864),
    ),
    "linear": (
        [
            node("GlobalAveragePool", "x", "p"),
            node("Flatten", "p", "f"),
            node("Gemm", "f w b", transB=1),
        ],
        [tensor("w", 5, 3), tensor("b", 5)],
        (20, 15, 159, 159, 15, 164),
    ),
    "product of two images": (
        [node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("MatMul", "x t")],
        [],
        (0, 1152, 1152, 0, 0, 0),
    ),
    "einsum": (
        [node("Einsum", "x x", equation="bcij,bckj->bcik")],
        [],
        (0, 1152, 1152, 0, 0, 0),
    ),
    "batch normalisation": (
        [node("BatchNormalization", "x g b m v")],
        [tensor(one, 3) for one in "gbmv"],
        (6, 0, 288, 288, 0, 288),
    ),
    "activation": ([node("Relu", "x")], [], (0, 0, 0, 144, 0, 144)),
    "six": (
        [node("Clip", "x low high")],
        [helper.make_tensor("low", FLOAT, (), [0.0]), helper.make_tensor("high", FLOAT, (), [6.0])],
        (0, 0, 0, 144, 0, 144),
    ),
    "pooling": (
        [node("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2])],
        [],
        (0, 0, 0, 144, 0, 144),
    ),
    "nearest": (
        [helper.make_node("Resize", ["x", "", "s"], ["y"], mode="nearest")],
        [helper.make_tensor("s", FLOAT, (4,), [1, 1, 2, 2])],
        (0, 0, 576, 576, 0, 576),
    ),
    "quantised": (
        [node("Cast", "x", "u", to=TensorProto.UINT8), node("ConvInteger", "u w")],
        [tensor("w", 4, 3, 3, 3, kind=TensorProto.INT8)],
        (108, 2592, 2592, 2592, 2592, 2592),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_operator_costs_what_its_tool_says(tmp_path: Path, case: str) -> None:
    nodes, weights, expected = CASES[case]
    count = exported.count(written(tmp_path / "net.onnx", nodes, weights))
    costs = (count.macs[name] for name in ("conv", "fvcore", "mmcv", "hrnet", "ptflops"))
    assert (count.params, *costs) == expected
    assert not count.uncounted


def saved(folder: Path, name: str, size: tuple[int, int]) -> Path:
    path = folder / f"{name}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own future
        torch.onnx.export(
            zoo.create_model(name).eval(), (torch.zeros(1, 3, *size),), str(path), dynamo=False
        )
    return path


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("simplebaseline_mobilenetv2", (64, 64)),  # depthwise and transposed convolutions
        pytest.param(  # fused transposed convolutions, two outputs
            "litepose_xs", (64, 64), marks=pytest.mark.thorough
        ),
        pytest.param(  # linear layers, attention
            "tokenpose_s_v1", (256, 192), marks=pytest.mark.thorough
        ),
    ],
)
def test_a_file_of_a_network_costs_what_the_network_costs(
    tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    network = counter.run(count_run(name, size), ("conv", "hrnet"))
    count = exported.count(saved(tmp_path, name, size))
    assert {key: count.macs[key] for key in ("conv", "hrnet")} == dict(network.macs)
    assert count.params <= network.params
    assert not count.uncounted
    assert any("folded batch normalisations" in str(remark) for remark in count.remarks)


def test_an_open_size_is_asked_for_and_the_batch_is_one(tmp_path: Path) -> None:
    conv = [node("Conv", "x w")]
    path = written(tmp_path / "net.onnx", conv, [tensor("w", 4, 3, 1, 1)], ("n", 3, "h", "w"))
    with pytest.raises(ReproError, match="does not fix its input size"):
        exported.count(path)
    assert exported.count(path, (8, 6)).macs["conv"] == 576
    four = written(tmp_path / "four.onnx", conv, [tensor("w", 4, 3, 1, 1)], (4, 3, 8, 6))
    count = exported.count(four)
    assert count.macs["conv"] == 576
    assert "4 images at a time" in str(count.remarks[0])
    with pytest.raises(ReproError, match="is built for 8x6, not 16x16"):
        exported.count(four, (16, 16))


def test_weights_in_a_file_that_is_missing_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "net.onnx", [node("Conv", "x w")], [tensor("w", 4, 3, 3, 3)])
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="net.onnx.data", size_threshold=0)
    (tmp_path / "net.onnx.data").unlink()
    count = exported.count(path)
    assert (count.params, count.macs["conv"]) == (108, 2592)
    assert (
        str(count.remarks[0])
        == "`net.onnx.data` is missing beside `net.onnx`; shapes alone were counted."
    )


def test_what_has_no_rule_is_listed(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["z"])],
        "then",
        [],
        [helper.make_tensor_value_info("z", FLOAT, None)],
    )
    nodes = [
        node("Conv", "x w", "a"),
        helper.make_node("Strange", ["a"], ["b"], domain="own"),
        helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body),
    ]
    condition = helper.make_tensor("c", TensorProto.BOOL, (), [True])
    count = exported.count(
        written(tmp_path / "net.onnx", nodes, [tensor("w", 4, 3, 3, 3), condition])
    )
    assert count.macs["conv"] == 2592
    assert count.uncounted == {"If": 1, "own.Strange": 1}
    assert "without a rule" in " ".join(map(str, count.remarks))


def test_functions_of_the_file_itself_are_counted(tmp_path: Path) -> None:
    body = helper.make_function(
        "own",
        "Twice",
        ["x", "w"],
        ["y"],
        [node("Conv", "x w", "a"), node("Conv", "a w", "y")],
        [helper.make_opsetid("", 18)],
    )
    path = written(
        tmp_path / "net.onnx",
        [helper.make_node("Twice", ["x", "w"], ["y"], domain="own")],
        [tensor("w", 3, 3, 1, 1)],
        functions=[body],
    )
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid("own", 1))
    onnx.save(model, path)
    assert exported.count(path).macs["conv"] == 864


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x07", b"\xff" * 100])
def test_what_is_no_such_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "größe 1.onnx"
    path.write_bytes(content)
    with pytest.raises(ReproError, match=r"`.*größe 1\.onnx` is no ONNX file"):
        exported.count(path)
    with pytest.raises(ReproError, match="There is no file"):
        exported.count(tmp_path / "none.onnx")


def test_shapes_that_do_not_go_together_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "net.onnx", [node("Conv", "x w")], [tensor("w", 4, 7, 3, 3)])
    try:
        count = exported.count(path)
    except ReproError as error:
        assert "do not go together" in str(error)
    else:
        assert count.uncounted or count.macs["conv"]


def test_the_command_counts_files_beside_networks(repro: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "net.onnx", [node("Conv", "x w")], [tensor("w", 4, 3, 3, 3)])
    outcome = repro("count", str(path), "--convention", "all", "--json")
    data = parsed(outcome.out)
    assert (data["model"], data["input"], data["params"]) == ("net.onnx", [8, 6], 108)
    assert data["macs"]["conv"] == 2592 and "torchstat" not in data["macs"]
    assert data["records"][0]["remarks"] == data["remarks"]
    assert "note: " in outcome.err
    both = parsed(repro("count", str(path), "lpn_50", "--convention", "conv", "--json").out)
    assert {one["model"] for one in both["results"]} == {"net.onnx", "lpn_50"}
    shown = repro("count", str(path), "--depth", "1").out
    assert "net.onnx 8x6" in shown and "operators without a rule: none" in shown
    refused = repro("count", str(path), "--convention", "torchstat")
    assert refused.code == 2 and "a file has no modules" in refused.err
