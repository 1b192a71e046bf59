"""What a network does to its input first: a normalisation that is part of the file.

A subtraction, a division, an addition or a product with numbers, directly behind the input, is
taken for a normalisation. Graphs of ONNX files are read where the library `onnx` is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repro import env
from repro.errors import ReproError

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

PASSED = ("Cast", "Transpose", "Identity", "Gather", "Slice", "Reshape")
"""operators that move values and do not change them"""
MOST_NODES = 12
"""between the input and the first layer"""
MOST_BYTES = 2**31 - 1

Numbers = NDArray[np.float64]


def normalisation_of(steps: Sequence[tuple[str, Numbers]]) -> tuple[str, str] | None:
    """What pixels must be like in front of the first steps of a network, and what these do.

    Steps are Add, Sub, Mul or Div with one number or three. The answer is `0..255` or `0..1`, and
    mean and deviation in words; None where the steps are no normalisation.
    """
    factor, offset = np.ones(1), np.zeros(1)
    with np.errstate(all="ignore"):  # what is not finite in the end is no normalisation
        for operator, number in steps:
            if operator in ("Sub", "Add"):
                offset = offset + (number if operator == "Add" else -number)
            else:
                times = number if operator == "Mul" else 1 / number
                factor, offset = factor * times, offset * times
    if not steps or not np.isfinite([*factor, *offset]).all() or not (factor > 0).all():
        return None
    deviation = 1 / factor
    mean = -offset * deviation
    pixels = "0..255" if max(abs(mean).max(), abs(deviation).max()) > 1 else "0..1"
    return pixels, f"mean {_text(mean)}, deviation {_text(deviation)}"


def onnx_steps(path: Path, name: str) -> list[tuple[str, Numbers]]:
    """The arithmetic behind the input of that name in an ONNX file.

    ReproError where the graph cannot be looked at.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ReproError(f"it has more than {MOST_BYTES:,} bytes")
    if env.version("onnx") is None:
        raise ReproError("onnx is not installed")
    import onnx

    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except Exception as error:  # of a file that the runtime took; the parser's share no base
        raise ReproError("onnx cannot read it") from error
    return list(_steps(graph, name))


def _steps(graph: "GraphProto", name: str) -> Iterator[tuple[str, Numbers]]:
    values = _constants(graph)
    for _ in range(MOST_NODES):
        users = [node for node in graph.node if name in node.input]
        if len(users) != 1:
            return
        node = users[0]
        if node.op_type not in PASSED:
            number = _operand(node, name, values)
            if number is None:
                return
            yield node.op_type, number
        name = node.output[0]


def _operand(node: "NodeProto", name: str, values: Mapping[str, Numbers]) -> Numbers | None:
    """The number, or those of three channels, that a node does arithmetic with."""
    if node.op_type not in ("Sub", "Add", "Mul", "Div") or len(node.input) != 2:
        return None
    first, second = node.input
    if first != name and node.op_type in ("Sub", "Div"):
        return None
    number = values.get(second if first == name else first)
    if number is None or number.size not in (1, 3):
        return None
    return None if node.op_type == "Div" and not number.all() else number


def _constants(graph: "GraphProto") -> dict[str, Numbers]:
    """The small constants of a graph, flat."""
    from onnx import numpy_helper

    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.HasField("t"):
                tensors[node.output[0]] = attribute.t
    found = {}
    for name, tensor in tensors.items():
        if int(np.prod(tensor.dims)) in (1, 3) and not tensor.external_data:
            found[name] = numpy_helper.to_array(tensor).astype(np.float64).reshape(-1)
    return found


def _text(numbers: Numbers) -> str:
    return ",".join(f"{number:.6g}" for number in numbers)
