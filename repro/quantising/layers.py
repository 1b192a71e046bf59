"""The layers of a network and their groups: which tensors of both graphs belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""operators that are layers"""
WEIGHT = ".weight"
KEPT = ("Relu", "Clip")
"""operators that a quantiser may leave to the limits of the whole numbers"""
DEQUANTISED = "_DequantizeLinear_Output"
"""how ONNX Runtime calls a tensor that went through 8 bits, after its name in floats"""
FINE, COARSE = 4, 64
"""pixels of the input to one of a map: from which on it is no longer the stem's, and up to which
it is a map of places at all"""
STEM, HEAD = "stem", "head"


@dataclass(frozen=True, slots=True)
class MatchedLayer:
    """A layer, and its output in each of the two graphs."""

    name: str
    tensor: str
    """in the graph of floats"""
    twin: str
    """in the graph of whole numbers"""


def matched(floats: "GraphProto", quantised: "GraphProto") -> tuple[list[MatchedLayer], int]:
    """The layers whose outputs both graphs have, in the order of the graph; how many there are.

    Where a layer's own output is merged into what follows it, the output of that is taken.
    """
    known = {output for node in quantised.node for output in node.output}
    users: dict[str, list[tuple[str, str]]] = {}
    for node in floats.node:
        for name in node.input:
            users.setdefault(name, []).append((node.op_type, node.output[0]))
    layers, total = [], 0
    for node in floats.node:
        if node.op_type not in WEIGHTED:
            continue
        total += 1
        tensors = [node.output[0]]
        following = users.get(node.output[0], [])
        if len(following) == 1 and following[0][0] in KEPT:
            tensors.insert(0, following[0][1])
        for tensor in tensors:
            twin = next((one for one in (tensor + DEQUANTISED, tensor) if one in known), None)
            if twin is not None:
                layers.append(MatchedLayer(_name(node), tensor, twin))
                break
    return layers, total


def _name(node: "NodeProto") -> str:
    """That of the module whose weight it has, where the exporter kept it, else the node's own."""
    weight = node.input[1] if len(node.input) > 1 else ""
    if weight.endswith(WEIGHT):
        return weight.removesuffix(WEIGHT).removeprefix("model.")
    return node.name or node.output[0]


def expose(path: Path, names: Sequence[str], output: Path) -> None:
    """Write a copy of a network whose graph gives these tensors, too."""
    import onnx

    model = onnx.load(path)
    known = {one.name for one in model.graph.output}
    for name in dict.fromkeys(names):
        if name not in known:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    onnx.save(model, output)


def groups(heights: Sequence[int | None], height: int) -> list[str]:
    """The group of each layer, by the heights of the layers' maps and that of the input.

    The stem is what comes before the first map of a quarter of the input or less; the head what
    comes after the last of the coarsest maps, from where resolution only grows, at least the last
    layer; between them the stages, by their resolution. A layer without a map of places, as of
    attention, belongs to the map before it.
    """
    strides: list[int] = []
    for one in heights:
        stride = round(height / one) if one else COARSE + 1
        known = 1 <= stride <= COARSE
        strides.append(stride if known else strides[-1] if strides else 1)
    coarsest = max(strides, default=1)
    last = max((place for place, one in enumerate(strides) if one == coarsest), default=0)
    begin = min(last + 1, len(strides) - 1)
    first = next((place for place, one in enumerate(strides) if one >= FINE), begin)
    return [
        HEAD if place >= begin else STEM if place < first else f"stages 1/{stride}"
        for place, stride in enumerate(strides)
    ]
