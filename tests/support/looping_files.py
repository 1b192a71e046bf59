"""ONNX files whose loops end, or do not, and one that takes all memory."""

from pathlib import Path

from onnx import GraphProto, NodeProto, TensorProto, helper, save

SIZE = (64, 48)
MAPS = [1, 17, 16, 12]
ENDLESS = 10**15


def constant(name: str, value: int, kind: int = TensorProto.INT64) -> TensorProto:
    return helper.make_tensor(name, kind, [], [value])


def body(*nodes: NodeProto, ends: str = "goes_on", carried: str = "values") -> GraphProto:
    """What a loop does with `round`, `goes_on` and `values`."""
    given = [
        helper.make_tensor_value_info("round", TensorProto.INT64, []),
        helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("values", TensorProto.FLOAT, MAPS),
    ]
    found = [
        helper.make_tensor_value_info("goes_on_then", TensorProto.BOOL, []),
        helper.make_tensor_value_info("values_then", TensorProto.FLOAT, MAPS),
    ]
    last = [
        helper.make_node("Identity", [ends], ["goes_on_then"]),
        helper.make_node("Identity", [carried], ["values_then"]),
    ]
    return helper.make_graph([*nodes, *last], "body", given, found)


def looping(
    path: Path, inside: GraphProto, rounds: str = "many", begins: str = "yes", deep: bool = False
) -> Path:
    """A network with a loop behind its convolution; `deep` in a branch of an If."""
    loop = helper.make_node("Loop", [rounds, begins, "plain"], ["maps"], body=inside)
    nodes = [helper.make_node("Conv", ["image", "weights"], ["plain"], strides=[4, 4])]
    if deep:
        other = helper.make_graph(
            [helper.make_node("Identity", ["plain"], ["same"])],
            "other",
            [],
            [helper.make_tensor_value_info("same", TensorProto.FLOAT, MAPS)],
        )
        loop.output[0] = "looped"
        branch = helper.make_graph(
            [loop], "branch", [], [helper.make_tensor_value_info("looped", TensorProto.FLOAT, MAPS)]
        )
        nodes.append(
            helper.make_node("If", ["yes"], ["maps"], then_branch=branch, else_branch=other)
        )
    else:
        nodes.append(loop)
    return written(path, nodes)


def written(path: Path, nodes: list[NodeProto], names: tuple[str, ...] = ()) -> Path:
    """A network of these nodes from `image` to `maps`, with the constants that they may name."""
    values = [
        helper.make_tensor("weights", TensorProto.FLOAT, [17, 3, 4, 4], [0.01] * (17 * 48)),
        constant("many", ENDLESS),
        constant("few", 3),
        constant("yes", 1, TensorProto.BOOL),
        constant("no", 0, TensorProto.BOOL),
        helper.make_tensor("giant", TensorProto.INT64, [1], [2**36]),
    ]
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, *SIZE])
    found = helper.make_tensor_value_info("maps", TensorProto.FLOAT, MAPS)
    graph = helper.make_graph(nodes, "network", [given], [found], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    save(model, path)
    return path


def counting(limit: str = "many") -> GraphProto:
    """The body of a loop that ends after so many rounds, which only its condition says."""
    return body(helper.make_node("Less", ["round", limit], ["less"]), ends="less")


def open_ended(path: Path, limit: str = "many") -> Path:
    """A network whose loop ends where it says so itself, after 3 rounds or never."""
    return looping(path, counting(limit), rounds="")


def greedy(path: Path) -> Path:
    """A network that makes 256 GiB of one number."""
    nodes = [
        helper.make_node("Conv", ["image", "weights"], ["plain"], strides=[4, 4]),
        helper.make_node("ReduceMean", ["plain"], ["mean"], keepdims=0),
        helper.make_node("Expand", ["mean", "giant"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0),
        helper.make_node("Add", ["plain", "most"], ["maps"]),
    ]
    return written(path, nodes)
