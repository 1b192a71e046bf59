"""Parameters and multiply-accumulates of an ONNX file, by the conventions that it has enough for.

Only shapes count, so that weights that lie in another file need not be there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from repro.counting import operator_costs
from repro.counting.graph_shapes import Graph, opened
from repro.counting.operator_costs import FREE, OF_MODULES, PRODUCTS, RULES, UNDEFINED, Use
from repro.errors import ReproError, listed
from repro.exported.opening import ONNX, kind_of
from repro.files import sha256
from repro.papers.values import Size
from repro.records.measurement import Measurement
from repro.records.remarks import Remark

if TYPE_CHECKING:
    from onnx import NodeProto

CONVENTIONS = tuple(RULES)
NO_WEIGHTS: Mapping[str, tuple[int, ...]] = {
    "BatchNormalization": (3, 4),  # what was measured, not learned
    "Resize": (1, 2, 3),
    "Upsample": (1,),
    "Clip": (1, 2),
    "Pad": (1, 2),
    "Dropout": (1, 2),
    "QuantizeLinear": (1, 2),
    "DequantizeLinear": (1, 2),
    "QLinearConv": (1, 2, 4, 5, 6, 7),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "ConvInteger": (2, 3),
    "MatMulInteger": (2, 3),
}
"""operator -> places of constants that are no parameters"""
WHOLE_WEIGHTS: Mapping[str, tuple[int, ...]] = {
    "DequantizeLinear": (0,),
    "QLinearConv": (3, 8),
    "QLinearMatMul": (0, 3),
    "ConvInteger": (1,),
    "MatMulInteger": (0, 1),
}
"""operator -> places of weights that are whole numbers"""
HEADS = 2
"""convolutions with a bias that a network has as a rule: those that give its outputs"""
ALWAYS = {"Conv", "ConvTranspose", "Gemm", "BatchNormalization", "LayerNormalization", "PRelu"}
"""operators whose constants are parameters also where they are single numbers"""


@dataclass(frozen=True)
class ExportedCount:
    """The parameters and the costs of an exported network, for one image."""

    file: str
    sha256: str
    input: Size | None
    """height and width; None where it takes no image"""
    params: int
    macs: Mapping[str, int]
    operators: Mapping[str, Mapping[str, int]]
    uncounted: Mapping[str, int]
    """operator without a rule -> how many there are"""
    remarks: tuple[Remark, ...] = ()

    def measurements(self) -> tuple[Measurement, ...]:
        """What it says, as a record keeps it."""
        return (
            Measurement("params", self.params, "parameters"),
            *(Measurement("macs", macs, "MACs", name) for name, macs in self.macs.items()),
        )

    def spec(self) -> dict[str, object]:
        """What was counted, as a record keeps it."""
        size = None if self.input is None else list(self.input)
        return {
            "kind": "count",
            "model": "onnx",
            "file": self.file,
            "sha256": self.sha256,
            "input": size,
        }


def count(
    path: Path, size: Size | None = None, conventions: Sequence[str] = CONVENTIONS
) -> ExportedCount:
    """Count an ONNX file; ReproError for what is no such file, or leaves open what must be known.

    `size` is the input's, for a file that does not fix it.
    """
    if kind_of(path) != ONNX:
        raise ReproError(
            f"`{path}` is no ONNX file, and others are not counted.", "`repro eval` takes it."
        )
    for name in conventions:
        if name not in RULES:
            raise ReproError(
                f"`{path}` does not tell what `{name}` counts: {UNDEFINED[name]}.",
                f"Take --convention {', '.join(RULES)} or all.",
            )
    graph = opened(path, size)
    operators = {name: Counter[str]() for name in conventions}
    uses = list(_uses(graph))
    uncounted = Counter(use.name for use in uses if not _has_rule(use))
    for use in filter(_has_rule, uses):
        for name in conventions:
            operator, macs = RULES[name](use)
            if macs:
                operators[name][operator] += macs
    each = {
        name: {operator: macs // graph.batch for operator, macs in sorted(found.items())}
        for name, found in operators.items()
    }
    return ExportedCount(
        path.name,
        sha256(path),
        graph.size,
        params(graph),
        {name: sum(found.values()) for name, found in each.items()},
        each,
        dict(sorted(uncounted.items())),
        tuple(_remarks(path.name, graph, uses, conventions)),
    )


def params(graph: Graph) -> int:
    """The parameters: constants that operators take as weights, each once however often used."""
    sizes = {}
    for node in graph.every:
        for place, name in enumerate(node.input):
            if name in graph.initialisers and _is_weight(graph, node, place, name):
                sizes[name] = prod(graph.initialisers[name].dims)
    return sum(sizes.values())


def _is_weight(graph: Graph, node: "NodeProto", place: int, name: str) -> bool:
    from onnx import TensorProto

    fractions = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
    tensor = graph.initialisers[name]
    if tensor.data_type not in fractions:
        return place in WHOLE_WEIGHTS.get(node.op_type, ())
    if place in NO_WEIGHTS.get(node.op_type, ()):
        return False
    return prod(tensor.dims) > 1 or node.op_type in ALWAYS


def _has_rule(use: Use) -> bool:
    if use.name in PRODUCTS:
        return use.known
    costs = use.name in operator_costs.COSTING
    return use.name in FREE and (use.known or not costs)


def _uses(graph: Graph) -> Iterator[Use]:
    from onnx import AttributeProto, helper

    takers = Counter(name for node in graph.every for name in node.input)
    shifted = {
        name
        for node in graph.nodes
        if node.op_type == "Add" and any(other in graph.constants for other in node.input)
        for name in node.input
        if takers[name] == 1
    }
    plain = {AttributeProto.INT, AttributeProto.FLOAT, AttributeProto.STRING, AttributeProto.INTS}
    for node in graph.nodes:
        attributes = {}
        for one in node.attribute:
            if one.type in plain:
                value = helper.get_attribute_value(one)
                attributes[one.name] = value.decode() if isinstance(value, bytes) else value
        if node.op_type == "Clip" and "max" not in attributes:
            attributes["max"] = graph.number(node.input[2] if len(node.input) > 2 else "")
        foreign = node.domain not in ("", "ai.onnx", "com.microsoft")
        yield Use(
            f"{node.domain}.{node.op_type}" if foreign else node.op_type,
            tuple(graph.shapes.get(name) for name in node.input),
            graph.shapes.get(node.output[0]) if node.output else None,
            tuple(name in graph.constants for name in node.input),
            attributes,
            bool(node.output) and node.output[0] in shifted,
        )


def _remarks(
    file: str, graph: Graph, uses: Sequence[Use], conventions: Sequence[str]
) -> Iterator[Remark]:
    """What a reader must know before a figure is compared with that of a network."""
    names = Counter(use.name for use in uses)
    if graph.lacking:
        sides = listed([f"`{name}`" for name in graph.lacking])
        yield Remark("network", f"{sides} is missing beside `{file}`; shapes alone were counted.")
    if graph.batch > 1:
        yield Remark(
            "network", f"`{file}` takes {graph.batch} images at a time; the cost is that of one."
        )
    missed = {use.name for use in uses if not _has_rule(use)}
    if missed:
        parts = [f"{names[name]} {name}" for name in sorted(missed)]
        yield Remark(
            "network",
            f"`{file}` has operators without a rule or of unknown shape, whose cost is lacking: "
            f"{', '.join(parts)}.",
            sum(names[name] for name in missed),
            len(uses),
        )
    quantised = sum(names[name] for name in (*operator_costs.QUANTISED, "DequantizeLinear"))
    if quantised:
        what = "quantised operators; their multiply-accumulates count as those of fractions"
        yield Remark("network", f"`{file}` has {quantised} {what}.", quantised, len(uses))
    convolutions = [use for use in uses if "Conv" in use.name and use.name in PRODUCTS]
    biased = sum(use.has_input(PRODUCTS[use.name].bias or -1) for use in convolutions)
    if biased > HEADS:
        yield Remark(
            "network",
            f"{biased} of the {len(convolutions)} convolutions of `{file}` have a bias: where an "
            "export folded batch normalisations into them, parameters are fewer than the network's "
            "and fvcore, mmcv and ptflops lack the 2 MACs of each element that they had.",
            biased,
            len(convolutions),
        )
    guessed = [name for name in OF_MODULES if name in conventions]
    if guessed:
        yield Remark(
            "network",
            f"{listed(guessed)} count modules, which a file does not show: each operator stands "
            "for one, whether the network called a module or a function.",
        )
    means = names["ReduceMean"] + names["AveragePool"]
    if "fvcore" in conventions and means:
        yield Remark(
            "network",
            f"fvcore counts adaptive pooling and no other mean; {means} ReduceMean or AveragePool "
            "may be either and were not counted.",
            means,
            len(uses),
        )
