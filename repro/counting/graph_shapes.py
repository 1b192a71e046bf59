"""The operators of an ONNX file with the shapes of their operands, for an input of one size."""

import contextlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.exported.opening import lacking_files
from repro.files import temporary_folder
from repro.papers.values import Size

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

Shape = tuple[int, ...]
LARGEST = 2**31 - 1
"""bytes of one file of the format; larger networks keep their weights beside it"""
LARGEST_SIDE = 8192


@dataclass(frozen=True, eq=False)
class Graph:
    """An ONNX file as far as costs depend on it."""

    nodes: "tuple[NodeProto, ...]"
    """those that depend on the input"""
    every: "tuple[NodeProto, ...]"
    shapes: Mapping[str, Shape]
    """value -> its shape, where it is known for this input"""
    initialisers: "Mapping[str, TensorProto]"
    constants: frozenset[str]
    """values that depend on no input"""
    size: Size | None
    batch: int
    """images that it takes at a time"""
    lacking: tuple[str, ...] = ()
    """files with weights that are not there"""
    single: Mapping[str, float] = field(default_factory=dict)
    """constants of one number"""

    def number(self, name: str) -> float:
        """The value of a constant of one number; NaN for anything else."""
        return self.single.get(name, float("nan"))


def opened(path: Path, size: Size | None = None) -> Graph:
    """The operators of a file; ReproError for what is no such file or does not take this size."""
    model = _read(path)
    lacking = lacking_files(path)
    if model.functions:
        model = _inlined(path, model)
    graph = model.graph
    weights = {one.name: one for one in graph.initializer}
    inputs = [one for one in graph.input if one.name not in weights]
    size, batch = _fixed(path, inputs, size)
    shapes = _shapes(path, model)
    constants = {*weights}
    for node in graph.node:
        if all(name in constants for name in node.input if name) and not _has_graph(node):
            constants |= {*node.output}
    nodes = tuple(node for node in graph.node if not constants.issuperset(node.output))
    every = tuple(graph.node)
    single = _single(graph)
    return Graph(nodes, every, shapes, weights, frozenset(constants), size, batch, lacking, single)


def _single(graph: "GraphProto") -> dict[str, float]:
    """The constants of one number that lie in the file itself."""
    from onnx import numpy_helper

    tensors = {one.name: one for one in graph.initializer if not one.external_data}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            tensors[node.output[0]] = node.attribute[0].t
    numbers = {}
    for name, tensor in tensors.items():
        if not tensor.dims or list(tensor.dims) == [1]:
            try:
                numbers[name] = float(numpy_helper.to_array(tensor).item())
            except (TypeError, ValueError, IndexError):
                continue  # a text, or no number where there should be one
    return numbers


def _read(path: Path) -> "ModelProto":
    try:
        import onnx
    except ImportError as error:
        raise ReproError(
            f"`{path}` needs onnx to be counted, which is not installed.",
            "Try `pip install onnx`; the extra [deploy] has it.",
        ) from error
    if not path.is_file():
        raise ReproError(f"There is no file `{path}`.", "Correct the path.")
    if path.stat().st_size > LARGEST:
        raise ReproError(
            f"`{path}` has {path.stat().st_size:,} bytes, more than an ONNX file can have.",
            "Larger networks keep their weights in a file beside it.",
        )
    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # the parser's own exceptions share no base
        raise ReproError(f"`{path}` is no ONNX file.", "Export it again.") from error
    imported = {one.domain for one in model.opset_import}
    for domain in sorted({node.domain for node in model.graph.node} - imported - {"ai.onnx"}):
        model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    if not model.graph.node:
        raise ReproError(f"`{path}` is no ONNX file: it holds no operator.", "Export it again.")
    return model


def _inlined(path: Path, model: "ModelProto") -> "ModelProto":
    """With the body of each function of its own in the place of its call."""
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except Exception as error:  # the library's own exceptions share no base
        raise ReproError(
            f"The functions of `{path}` cannot be put in: {_reason(error)}.", "Export it again."
        ) from error


def _fixed(
    path: Path, inputs: "list[ValueInfoProto]", given: Size | None
) -> tuple[Size | None, int]:
    """Fix the sides and the batch of the image that it takes; they are put into the file's input.

    What is no image, the batch of other inputs among it, is one.
    """
    size, batch = None, 1
    for one in inputs:
        dims = one.type.tensor_type.shape.dim
        sides = [dim.dim_value or None for dim in dims]
        if len(sides) == 4 and size is None:
            last = sides[3] in (1, 3) and sides[1] not in (1, 3)
            places = (1, 2) if last else (2, 3)
            size = _size(path, (sides[places[0]], sides[places[1]]), given)
            batch = sides[0] or 1
            for place, side in zip((0, *places), (batch, *size), strict=True):
                dims[place].dim_value = side
        for dim in dims:
            if not dim.dim_value:
                dim.dim_value = 1
    if size is None and given is not None:
        raise ReproError(f"`{path}` takes no image that has a size.", "Leave --input out.")
    return size, batch


def _size(path: Path, own: tuple[int | None, int | None], given: Size | None) -> Size:
    size = (own[0] or (given or (0, 0))[0], own[1] or (given or (0, 0))[1])
    if given is not None and size != given:
        raise ReproError(
            f"`{path}` is built for {size[0]}x{size[1]}, not {given[0]}x{given[1]}.",
            "Leave --input out.",
        )
    if not all(0 < side <= LARGEST_SIDE for side in size):
        raise ReproError(
            f"`{path}` does not fix its input size.", "Name it: --input 256x192 (height x width)."
        )
    return size


def _shapes(path: Path, model: "ModelProto") -> dict[str, Shape]:
    """Every shape that follows from the input's."""
    from onnx import shape_inference

    graph = model.graph
    del graph.value_info[:]  # they may be of another size
    for one in graph.output:
        one.type.tensor_type.ClearField("shape")
    try:
        inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception as error:  # the library's own exceptions share no base
        raise ReproError(
            f"The shapes in `{path}` do not go together: {_reason(error)}.", "Export it again."
        ) from error
    shapes = {one.name: tuple(one.dims) for one in graph.initializer}
    shapes |= _stated(inferred)
    if any(name and name not in shapes for node in graph.node for name in node.output):
        shapes = {**_computed(model), **shapes}
    return shapes


def _computed(model: "ModelProto") -> dict[str, Shape]:
    """The shapes that follow where a file computes them itself, as exports of sizes do."""
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    logging.getLogger("onnxruntime.tools.symbolic_shape_infer").setLevel(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            temporary_folder() as folder,
            contextlib.chdir(folder),  # where it leaves a file when it gets no further
        ):
            inferred = SymbolicShapeInference.infer_shapes(model, 2**31 - 1, True)
    except Exception:  # what it cannot follow stays unknown, and is told
        return {}
    return {} if inferred is None else _stated(inferred.graph)


def _stated(graph: "GraphProto") -> dict[str, Shape]:
    """The shapes of values that a graph states whole."""
    shapes = {}
    for one in (*graph.input, *graph.value_info, *graph.output):
        shape = _known(one)
        if shape is not None:
            shapes[one.name] = shape
    return shapes


def _known(value: "ValueInfoProto") -> Shape | None:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    sides = tuple(int(dim.dim_value) for dim in kind.shape.dim)
    fixed = all(dim.HasField("dim_value") for dim in kind.shape.dim)
    return sides if fixed and all(side >= 0 for side in sides) else None


def _has_graph(node: "NodeProto") -> bool:
    return any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[0].rstrip(".")[:160]
