"""The parts of ONNX files that tell how long a graph runs, read without the library `onnx`.

That one is optional, and takes longer to import than most graphs to run. The numbers of messages
and fields are those of github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from repro.errors import ReproError

FIELDS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "Model": {"graph": (7, "Graph"), "functions": (25, "Function*")},
    "Graph": {
        "node": (1, "Node*"),
        "initializer": (5, "Tensor*"),
        "input": (11, "Value*"),
        "output": (12, "Value*"),
    },
    "Function": {"name": (1, "string"), "domain": (10, "string"), "node": (7, "Node*")},
    "Value": {"name": (1, "string")},
    "Node": {
        "input": (1, "string*"),
        "output": (2, "string*"),
        "op_type": (4, "string"),
        "attribute": (5, "Attribute*"),
        "domain": (7, "string"),
    },
    "Attribute": {
        "name": (1, "string"),
        "i": (3, "int64"),
        "t": (5, "Tensor"),
        "g": (6, "Graph"),
        "graphs": (11, "Graph*"),
    },
    "Tensor": {
        "dims": (1, "int64*"),
        "data_type": (2, "int32"),
        "int32_data": (5, "int32*"),
        "int64_data": (7, "int64*"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
    },
}
"""message -> field -> its number and type, * where it is repeated"""
INT32, INT64, BOOL = 6, 7, 9
"""kinds of numbers of tensors"""
BYTES = {INT32: 4, INT64: 8, BOOL: 1}
DEEPEST = 32
"""graphs within graphs"""
MOST_BYTES = 2**31 - 1


class Tensor(Protocol):
    """Numbers of a graph."""

    dims: Sequence[int]
    data_type: int
    int32_data: Sequence[int]
    int64_data: Sequence[int]
    name: str
    raw_data: bytes


class Value(Protocol):
    """An input or output of a graph."""

    name: str


class GraphNode(Protocol):
    """An operation."""

    input: Sequence[str]
    output: Sequence[str]
    op_type: str
    attribute: Sequence["Attribute"]
    domain: str


class GraphBody(Protocol):
    """Operations, constants, and what goes in and out."""

    node: Sequence[GraphNode]
    initializer: Sequence[Tensor]
    input: Sequence[Value]
    output: Sequence[Value]


class Attribute(Protocol):
    """A setting of a node; a graph among them is what a loop or a branch does."""

    name: str
    i: int
    t: Tensor
    g: GraphBody
    graphs: Sequence[GraphBody]


class GraphFunction(Protocol):
    """A node's meaning, by other nodes."""

    name: str
    domain: str
    node: Sequence[GraphNode]


class GraphModel(Protocol):
    """A file."""

    graph: GraphBody
    functions: Sequence[GraphFunction]


def read(path: Path) -> GraphModel | None:
    """The parts of a file; None for what is no ONNX file, as its runtime will say."""
    from google.protobuf.message import DecodeError

    if path.stat().st_size > MOST_BYTES:
        return None
    try:
        return cast(GraphModel, _model_type().FromString(path.read_bytes()))  # type: ignore[attr-defined]
    except (DecodeError, RecursionError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror}.") from error


def subgraphs(node: GraphNode) -> Iterator[GraphBody]:
    """The graphs that a node carries out."""
    for attribute in node.attribute:
        if attribute.g.node or attribute.g.output:
            yield attribute.g
        yield from attribute.graphs


def one_number(tensor: Tensor) -> int | None:
    """The whole number in a tensor of one; None for any other tensor."""
    size = BYTES.get(tensor.data_type)
    if size is None or any(side != 1 for side in tensor.dims):
        return None
    if len(tensor.raw_data) == size:
        return int.from_bytes(tensor.raw_data, "little", signed=tensor.data_type != BOOL)
    values = tensor.int64_data if tensor.data_type == INT64 else tensor.int32_data
    return int(values[0]) if len(values) == 1 else None


@functools.cache
def _model_type() -> object:
    """The class of files, which protobuf makes of FIELDS."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = descriptor_pb2.FieldDescriptorProto
    plain = {
        "string": kinds.TYPE_STRING,
        "bytes": kinds.TYPE_BYTES,
        "int32": kinds.TYPE_INT32,
        "int64": kinds.TYPE_INT64,
    }
    file = descriptor_pb2.FileDescriptorProto(name="parts.proto", package="parts", syntax="proto2")
    for message, fields in FIELDS.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            field = described.field.add(name=name, number=number)
            field.label = kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL
            kind = kind.rstrip("*")
            field.type = plain.get(kind, kinds.TYPE_MESSAGE)
            if kind not in plain:
                field.type_name = f".parts.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file) if hasattr(pool, "Add") else pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("parts.Model"))
