"""The operations of OpenVINO's graphs as steps, their constants worked out.

The operation sets 1 to 15 name them; shapes of weights are turned into those of PyTorch. A constant
is a place of values in the `.bin`; what the graph computes from constants alone is one too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.checkpoints.containers import ValueBudget
from repro.checkpoints.file_layers import (
    CONV,
    JOINED,
    LINEAR,
    OTHER,
    PASSED,
    QUANTISED,
    TRANSPOSED,
    Step,
)
from repro.checkpoints.scaling import affine
from repro.errors import ReproError

KINDS: Mapping[str, str] = {
    "f64": "<f8",
    "f32": "<f4",
    "f16": "<f2",
    "i64": "<i8",
    "i32": "<i4",
    "i16": "<i2",
    "i8": "<i1",
    "u8": "<u1",
    "u16": "<u2",
    "u32": "<u4",
    "u64": "<u8",
}
"""type of numbers in the text -> that of NumPy; others are read where no weights are of them"""
FOLLOWING = {
    "ReLU": "relu",
    "Elu": "elu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Concat": JOINED,
    "Convert": PASSED,
    "FakeQuantize": QUANTISED,
}
ARITHMETIC = ("Add", "Subtract", "Multiply", "Divide")
RESHAPING = ("Reshape", "Squeeze", "Unsqueeze")

Array = NDArray[np.generic]
Constants = dict[str, Array]


@dataclass
class GraphOperation:
    """One layer of the text."""

    id: str
    kind: str
    name: str
    data: Mapping[str, str] = field(default_factory=dict)
    ins: list[str] = field(default_factory=list)
    """ids of its ports"""
    outs: list[str] = field(default_factory=list)
    shape: list[int] = field(default_factory=list)
    """of its first output, where every side is known"""

    @property
    def values(self) -> tuple[str, ...]:
        """What its outputs are called."""
        return tuple(f"{self.id}:{port}" for port in self.outs)


def steps_of(
    path: Path,
    operations: Sequence[tuple[GraphOperation, tuple[str, ...]]],
    content: bytes,
    budget: ValueBudget,
) -> tuple[list[Step], list[str]]:
    """The steps of a graph in the order given, and the names of its inputs."""
    constants: Constants = {}
    unread: dict[str, str] = {}
    """constants of a kind that is not read -> that kind"""
    steps: list[Step] = []
    images: list[str] = []
    for operation, inputs in operations:
        if operation.kind == "Parameter":
            images += operation.values
        elif operation.kind == "Const":
            kind = operation.data.get("element_type", "")
            if kind in KINDS:
                constants[operation.values[0]] = _constant(path, operation, content)
            else:
                unread[operation.values[0]] = kind
        elif inputs and all(name in constants for name in inputs) and operation.values:
            given = [constants[name] for name in inputs]
            made = _computed(path, operation, given, budget)
            if made is not None:
                constants[operation.values[0]] = made
        elif operation.kind != "Result":
            _refuse_unread(path, operation, inputs, unread)
            steps.append(_step(path, operation, inputs, constants, budget))
    return steps, images


def _refuse_unread(
    path: Path, operation: GraphOperation, inputs: Sequence[str], unread: Mapping[str, str]
) -> None:
    kinds = [unread[name] for name in inputs if name in unread]
    if kinds:
        raise ReproError(
            f"`{path}`: `{operation.name:.60}` has weights of the type `{kinds[0]:.20}`, which is "
            "not read here."
        )


def _constant(path: Path, operation: GraphOperation, content: bytes) -> Array:
    """The values of a constant, as they lie in the file."""
    data, kind = operation.data, np.dtype(KINDS[operation.data["element_type"]])
    try:
        shape = [int(side) for side in data["shape"].replace(" ", "").split(",") if side]
        offset, size = int(data["offset"]), int(data["size"])
    except (KeyError, ValueError) as error:
        raise ReproError(f"`{path}`: the constant `{operation.name:.60}` has no place.") from error
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if min([*shape, offset, size, 0]) < 0 or offset + size > len(content):
        raise ReproError(
            f"`{path}`: the values of `{operation.name:.60}` end at {offset + size:,}, and its "
            f".bin has {len(content):,} bytes.",
            "The .bin is cut short, or of another .xml.",
        )
    if count * kind.itemsize != size:
        raise ReproError(
            f"`{path}`: the constant `{operation.name:.60}` has {size:,} bytes for {count:,} "
            f"values of {kind.itemsize}."
        )
    return np.frombuffer(content, kind, count, offset).reshape(shape)


def _computed(
    path: Path, operation: GraphOperation, given: Sequence[Array], budget: ValueBudget
) -> Array | None:
    """What an operation makes of constants; None for one that is not carried out here."""
    kind, first = operation.kind, given[0]
    try:
        if kind in RESHAPING:
            return first.reshape(operation.shape)
        if kind == "Convert":
            budget.take(first.size)
            return first.astype(np.float32)
        if kind == "Transpose":
            return first.transpose([int(axis) for axis in given[1].tolist()])
        if kind not in (*ARITHMETIC, "FakeQuantize"):
            return None
        shape = np.broadcast_shapes(*(one.shape for one in given))
        budget.take(int(np.prod(shape, dtype=object)))
        fractions = [one.astype(np.float64) for one in given]
        if kind == "FakeQuantize":
            levels = int(operation.data["levels"])
            return _quantised(fractions, levels).astype(np.float32)
        functions: dict[str, Callable[..., NDArray[np.float64]]] = {
            "Add": np.add,
            "Subtract": np.subtract,
            "Multiply": np.multiply,
            "Divide": np.divide,
        }
        with np.errstate(all="ignore"):
            return functions[kind](*fractions).astype(np.float32)
    except (KeyError, ValueError, TypeError) as error:
        raise ReproError(
            f"`{path}`: `{operation.name:.60}` does not fit the constants that it takes."
        ) from error


def _quantised(given: Sequence[NDArray[np.float64]], levels: int) -> NDArray[np.float64]:
    """FakeQuantize: clipped to a range, one of so many levels of it, and put into another range."""
    values, low, high, out_low, out_high = given
    if levels < 2 or (high <= low).any():
        raise ValueError("no range")
    steps = np.round((np.clip(values, low, high) - low) / (high - low) * (levels - 1))
    return steps / (levels - 1) * (out_high - out_low) + out_low


def _step(
    path: Path,
    operation: GraphOperation,
    inputs: Sequence[str],
    constants: Constants,
    budget: ValueBudget,
) -> Step:
    """An operation that takes the image or what was made of it."""
    computed = tuple(name for name in inputs if name not in constants)
    fixed = [constants[name] for name in inputs if name in constants]
    named = (operation.name, computed, operation.values)
    weighted = len(inputs) > 1 and inputs[0] in computed and inputs[1] in constants
    if weighted and operation.kind in LAYERS:
        weight = constants[inputs[1]]
        if weight.dtype != np.float32:
            budget.take(weight.size)
        try:
            return LAYERS[operation.kind](operation, named, weight.astype(np.float32))
        except (KeyError, ValueError, IndexError) as error:
            raise ReproError(
                f"`{path}`: the weights of `{operation.name:.60}` are of no shape that a "
                f"{operation.kind} has."
            ) from error
    if operation.kind in ARITHMETIC and len(computed) == len(fixed) == 1:
        return affine(operation.kind, named, fixed[0], first=inputs[0] in computed)
    if operation.kind == "PReLU" and fixed and fixed[0].size == 1:
        return Step("leaky", *named)
    return Step(FOLLOWING.get(operation.kind, OTHER), *named)


Named = tuple[str, tuple[str, ...], tuple[str, ...]]


def _pair(operation: GraphOperation, key: str) -> tuple[int, int]:
    height, width = (int(side) for side in operation.data[key].split(","))
    return height, width


def _convolution(operation: GraphOperation, named: Named, weight: NDArray[np.float32]) -> Step:
    """(out, in, height, width), or (groups, out / groups, in / groups, height, width)."""
    groups = weight.shape[0] if operation.kind.startswith("Group") else 1
    if operation.kind.startswith("Group"):
        weight = weight.reshape(-1, *weight.shape[2:])
    if weight.ndim != 4:
        raise ValueError("not a picture's")
    geometry = (_pair(operation, "strides"), _pair(operation, "dilations"), groups)
    kind = TRANSPOSED if "Backprop" in operation.kind else CONV
    return Step(kind, *named, weight, None, *geometry)


def _linear(operation: GraphOperation, named: Named, weight: NDArray[np.float32]) -> Step:
    if weight.ndim != 2 or operation.data.get("transpose_a", "false") not in ("false", "0"):
        return Step(OTHER, *named)
    if operation.data.get("transpose_b", "false") in ("false", "0"):
        weight = weight.T
    return Step(LINEAR, *named, weight)


LAYERS: Mapping[str, Callable[[GraphOperation, Named, NDArray[np.float32]], Step]] = {
    "Convolution": _convolution,
    "GroupConvolution": _convolution,
    "ConvolutionBackpropData": _convolution,
    "GroupConvolutionBackpropData": _convolution,
    "MatMul": _linear,
}
"""type of an operation with weights -> the step that it is"""
