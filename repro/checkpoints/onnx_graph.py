"""Read the weights of an ONNX file by the library `onnx`: initialisers by name, and layers.

What exporters fold batch norms into keeps no name of the network, or that of a convolution with
other values; then the graph tells which layer is which.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repro import env
from repro.checkpoints import file_layers
from repro.checkpoints.containers import ValueBudget, Values
from repro.checkpoints.file_layers import (
    AFFINE,
    CONV,
    JOINED,
    LINEAR,
    NORM,
    OTHER,
    PASSED,
    QUANTISED,
    TRANSPOSED,
    FileLayers,
    Step,
)
from repro.checkpoints.scaling import affine
from repro.errors import ReproError
from repro.exported import opening

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

FOLLOWING = {
    "Relu": "relu",
    "Elu": "elu",
    "LeakyRelu": "leaky",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Concat": JOINED,
    "Identity": PASSED,
    "Cast": PASSED,
    "Dropout": PASSED,
    "QuantizeLinear": QUANTISED,
    "DequantizeLinear": PASSED,
}
ARITHMETIC = {"Add": "Add", "Sub": "Subtract", "Mul": "Multiply", "Div": "Divide"}
MOST_BYTES = 2**31 - 1

Array = NDArray[np.generic]
Attributes = Mapping[str, object]
Named = tuple[str, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class OnnxWeights:
    """What an ONNX file holds of a network's weights."""

    tensors: Mapping[str, NDArray[np.float32]]
    """fractions among the initialisers, by name"""
    layers: FileLayers


def read(path: Path) -> OnnxWeights:
    """The weights of an ONNX file; ReproError for what is none, or cannot be read."""
    if env.version("onnx") is None:
        raise ReproError(f"`{path}` needs onnx to be read.", "The extra `deploy` has it.")
    opening.check_parts(path)
    names = opening.side_files(path)
    size = path.stat().st_size + sum((path.parent / name).stat().st_size for name in names)
    if path.stat().st_size > MOST_BYTES:
        raise ReproError(f"`{path}` has more than {MOST_BYTES:,} bytes, as no ONNX file may.")
    import onnx

    try:
        graph = onnx.load(str(path)).graph
        constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
        if not all(isinstance(name, str) for name in constants):
            raise ValueError("a name in it is not UTF-8")  # the parser gives it as bytes
    except Exception as error:  # the parser's own share no base
        reason = (str(error).strip().splitlines() or ["it cannot be parsed"])[0].rstrip(".")
        raise ReproError(f"`{path}` is no ONNX file that can be read: {reason:.120}.") from error
    budget = ValueBudget(path, size)
    tensors = {
        name: value.astype(np.float32, copy=False)
        for name, value in constants.items()
        if value.dtype.kind == "f" and budget.take(value.size)
    }
    graph_inputs = [one.name for one in graph.input if one.name not in constants]
    try:
        steps = list(_steps(graph, constants, budget))
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise ReproError(f"`{path}` has a layer whose weights do not fit it.") from error
    return OnnxWeights(tensors, file_layers.layers_of(steps, graph_inputs))


def _steps(graph: "GraphProto", constants: dict[str, Array], budget: ValueBudget) -> Iterator[Step]:
    """The steps of a graph; what is computed from constants alone becomes one."""
    from onnx import helper

    for node in graph.node:
        given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        inputs = [name for name in node.input if name]
        if node.op_type == "Constant" or all(name in constants for name in inputs):
            made = _computed(node, [constants[name] for name in inputs], given, budget)
            if made is not None and node.output:
                constants[node.output[0]] = made
            continue
        yield _step(node, given, constants)


def _computed(
    node: "NodeProto", given: Sequence[Array], attributes: Attributes, budget: ValueBudget
) -> Array | None:
    """What a node makes of constants; None for one that is not carried out here."""
    from onnx import TensorProto, numpy_helper

    value = attributes.get("value")
    if node.op_type == "Constant" and isinstance(value, TensorProto):
        constant: Array = numpy_helper.to_array(value)
        return constant
    if not given:
        return None
    first = given[0]
    budget.take(first.size)
    if node.op_type in ("Identity", "Cast"):
        return first
    if node.op_type == "Transpose":
        axes = attributes.get("perm")
        return first.transpose([int(axis) for axis in axes] if isinstance(axes, list) else None)
    if node.op_type == "Reshape":
        sides = [int(side) or first.shape[place] for place, side in enumerate(given[1].tolist())]
        return first.reshape(sides)
    if node.op_type == "DequantizeLinear":
        axis = int(str(attributes.get("axis", 1)))
        scale, *zero = (_along(_fractions(one), axis, first.ndim) for one in given[1:])
        return (_fractions(first) - (zero[0] if zero else np.float32(0))) * scale
    return None


def _along(values: Values, axis: int, axes: int) -> Values:
    """Numbers of one axis, to be multiplied with an array of so many axes."""
    if values.size == 1:
        return values.reshape(())
    sides = [1] * axes
    sides[axis] = -1
    return values.reshape(sides)


def _step(node: "NodeProto", attributes: Attributes, constants: Mapping[str, Array]) -> Step:
    """A node that takes the image or what was made of it."""
    computed = tuple(name for name in node.input if name and name not in constants)
    named = (node.name or node.output[0], computed, tuple(node.output))
    fixed = [constants.get(name) for name in node.input]
    weight = fixed[1] if len(fixed) > 1 else None
    if fixed and fixed[0] is None and weight is not None and weight.dtype.kind == "f":
        if node.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
            return _layer(node.op_type, attributes, named, fixed)
        if node.op_type == "BatchNormalization":
            return _batch_norm(attributes, named, fixed)
        if node.op_type == "LayerNormalization":
            shift = None if len(fixed) < 3 or fixed[2] is None else _fractions(fixed[2]).reshape(-1)
            return Step(NORM, *named, _fractions(weight).reshape(-1), shift)
        if node.op_type == "PRelu" and weight.size == 1:
            return Step("leaky", *named)
    known = [one for one in fixed if one is not None]
    if node.op_type in ARITHMETIC and len(known) == len(computed) == 1:
        return affine(ARITHMETIC[node.op_type], named, known[0], first=fixed[0] is None)
    return Step(FOLLOWING.get(node.op_type, OTHER), *named)


def _layer(
    operator: str, attributes: Attributes, named: Named, fixed: Sequence[Array | None]
) -> Step:
    assert fixed[1] is not None
    weight = _fractions(fixed[1])
    shift = None if len(fixed) < 3 or fixed[2] is None else _fractions(fixed[2]).reshape(-1)
    if operator in ("Gemm", "MatMul"):
        turned = operator == "MatMul" or not attributes.get("transB", 0)
        plain = attributes.get("alpha", 1.0) == attributes.get("beta", 1.0) == 1.0
        if weight.ndim != 2 or attributes.get("transA", 0) or not plain:
            return Step(OTHER, *named)
        return Step(LINEAR, *named, weight.T if turned else weight, shift)
    if weight.ndim != 4:
        return Step(OTHER, *named)
    kind = CONV if operator == "Conv" else TRANSPOSED
    stride, dilation = (_pair(attributes.get(key, (1, 1))) for key in ("strides", "dilations"))
    groups = attributes.get("group", 1)
    if not isinstance(groups, int):
        raise TypeError("groups that are no whole number")
    return Step(kind, *named, weight, shift, stride, dilation, groups)


def _batch_norm(attributes: Attributes, named: Named, fixed: Sequence[Array | None]) -> Step:
    slope, bias, mean, variance = (
        _fractions(one).astype(np.float64) for one in fixed[1:5] if one is not None
    )
    small = attributes.get("epsilon", 1e-5)
    if not isinstance(small, float):
        raise TypeError("an epsilon that is no number")
    if (variance + small <= 0).any():
        raise ValueError("a variance that is not positive")
    scale = slope / np.sqrt(variance + small)
    return Step(AFFINE, *named, _fractions(scale), _fractions(bias - mean * scale))


def _fractions(values: Array) -> NDArray[np.float32]:
    return values.astype(np.float32, copy=False)


def _pair(value: object) -> tuple[int, int]:
    if not isinstance(value, Sequence):
        raise TypeError("sides that are no list")
    height, width = value
    return int(height), int(width)
