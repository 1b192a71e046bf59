"""Detectors of a constant answer, as ONNX files, and one that finds the bright pixels."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.generic]]


def constant_detector(
    path: Path,
    outputs: Arrays,
    size: tuple[int, int] | None = (96, 96),
    metadata: Mapping[str, str] | None = None,
    extra: tuple[str, ...] = (),
) -> Path:
    """A detector that gives these arrays for every picture; `extra` are inputs beside it."""
    from onnx import TensorProto, helper, numpy_helper, save

    sides = list(size) if size else ["height", "width"]
    given = [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, *sides])]
    given += [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in extra]
    nodes, values, found = [], [], []
    axes = helper.make_node("ReduceMax", ["images"], ["most"], keepdims=0)
    nodes += [axes, helper.make_node("Mul", ["most", "nothing"], ["zero"])]
    values.append(numpy_helper.from_array(np.array(0, np.float32), "nothing"))
    for name, array in outputs.items():
        values.append(numpy_helper.from_array(array, f"{name}_values"))
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        if array.dtype == np.float32:
            nodes.append(helper.make_node("Add", [f"{name}_values", "zero"], [name]))
        else:
            nodes.append(helper.make_node("Identity", [f"{name}_values"], [name]))
        found.append(helper.make_tensor_value_info(name, kind, list(array.shape)))
    graph = helper.make_graph(nodes, "detector", given, found, values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    helper.set_model_props(model, dict(metadata or {}))
    save(model, path)
    return path


def cells(size: tuple[int, int], strides: tuple[int, ...] = (8, 16, 32)) -> int:
    """How many cells the grids of an input have together."""
    return sum(-(-size[0] // stride) * -(-size[1] // stride) for stride in strides)
