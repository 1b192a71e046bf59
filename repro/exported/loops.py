"""Do the loops of a network file come to an end? Asked of its graph, before it is run.

A loop of an ONNX file ends after a number of rounds, or where a condition fails that its body
computes. The number is often a constant; a condition that nothing in the body changes holds for
ever if it holds after a few rounds. Whether others end can only be tried, within a time limit.
"""

import functools
import mmap
from collections import ChainMap
from collections.abc import Iterable, Mapping
from pathlib import Path

from repro.errors import ReproError
from repro.exported import onnx_parts, opening
from repro.exported.onnx_parts import GraphBody, GraphNode
from repro.exported.opening import ONNX, OPENVINO

MOST_ROUNDS = 100_000
"""of a loop, those of the loops inside it counted in"""
PASSED = ("Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape")
"""operators that leave a single number what it is"""
RANDOM = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli")
OPEN_ENDED = (b'type="Loop"',)
"""how an OpenVINO IR says that it has one"""


Numbers = ChainMap[str, int | None]
"""constants of one whole number, by the names of those who pass them on, too; None for a name that
stands for something else inside"""
NOTHING: Numbers = ChainMap()


def checked(path: Path) -> bool:
    """Whether the file has a loop whose end hangs on what it computes.

    ReproError for a loop that has no end, or too many rounds.
    """
    return _checked(path, opening.stamps(path))


@functools.lru_cache(16)
def _checked(path: Path, stamps: tuple[tuple[int, ...], ...]) -> bool:
    kind = opening.kind_of(path)
    if kind == OPENVINO:
        return _mentions(path, OPEN_ENDED)
    if kind != ONNX or not _mentions(path, (b"Loop",)):
        return False
    model = onnx_parts.read(path)
    if model is None:
        return False
    graphs: list[GraphBody] = [model.graph, *model.functions]  # type: ignore[list-item]
    found = False
    for graph in graphs:
        found |= _open_ended(graph, NOTHING, path, 1, 0)
    return found


def _open_ended(graph: GraphBody, numbers: Numbers, path: Path, rounds: int, depth: int) -> bool:
    """Whether a graph has a loop that may end or not; it is carried out so many times."""
    if depth > onnx_parts.DEEPEST:
        raise ReproError(f"`{path}` has more than {depth - 1} graphs inside each other.")
    numbers = _within(numbers, graph)
    found = False
    for node in graph.node:
        times = rounds
        if node.op_type == "Loop":
            most = _rounds(node, numbers)
            if most is None or most > MOST_ROUNDS:
                if _endless(node, numbers):
                    raise _refusal(path, node, most)
                found = True
            else:
                times = rounds * max(1, most)
        if times > MOST_ROUNDS and times > rounds:
            raise _refusal(path, node, times)
        for inside in onnx_parts.subgraphs(node):
            found |= _open_ended(inside, numbers, path, times, depth + 1)
    return found


def _rounds(node: GraphNode, numbers: Numbers) -> int | None:
    """The most rounds of a loop, 0 where it never begins; None where that is not a constant."""
    count, begins = (*node.input, "", "")[:2]
    body = next(onnx_parts.subgraphs(node), None)
    if numbers.get(begins) == 0:
        return 0
    if body and body.output and _within(numbers, body).get(body.output[0].name) == 0:
        return 1  # its condition fails after the first
    if not count:
        return 2**63 - 1
    return numbers.get(count)


def _endless(node: GraphNode, numbers: Numbers) -> bool:
    """Whether nothing that changes from round to round has a part in the condition of a loop.

    Not where the number of rounds is computed: that ends it.
    """
    if _rounds(node, numbers) is None:
        return False
    body = next(onnx_parts.subgraphs(node), None)
    if body is None or len(body.input) < 2 or not body.output:
        return False
    names = [one.name for one in body.output]
    carried = dict(zip((one.name for one in body.input[2:]), names[1:], strict=False))
    sources = _sources(body)
    changing = {body.input[0].name, *carried}
    while True:
        # what goes on unchanged, and what is computed of such things alone, settles
        settled = {
            name
            for name in changing & carried.keys()
            if _passed(carried[name], body) == name
            or not _needed(carried[name], sources) & (changing | {RANDOM[0]})
        }
        if not settled:
            break
        changing -= settled
    return not _needed(names[0], sources) & (changing | {RANDOM[0]})


def _sources(body: GraphBody) -> dict[str, set[str]]:
    """Name of a value -> the names that it is computed of, those of graphs inside too."""
    sources: dict[str, set[str]] = {}
    for node in body.node:
        needed = set(node.input) | _free(node)
        if node.op_type in RANDOM:
            needed.add(RANDOM[0])
        for name in node.output:
            sources[name] = needed
    return sources


def _free(node: GraphNode, depth: int = 0) -> set[str]:
    """The names that the graphs of a node mention."""
    names: set[str] = set()
    for graph in onnx_parts.subgraphs(node) if depth <= onnx_parts.DEEPEST else ():
        names |= {one.name for one in graph.output}
        for inner in graph.node:
            names |= set(inner.input) | _free(inner, depth + 1)
            if inner.op_type in RANDOM:
                names.add(RANDOM[0])
    return names


def _needed(name: str, sources: Mapping[str, set[str]]) -> set[str]:
    """All that a value is computed of, itself among it."""
    found, waiting = {name}, [name]
    while waiting:
        new = sources.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _passed(name: str, body: GraphBody) -> str:
    """The value that a name is only another name of."""
    aliases = {node.output[0]: node.input[0] for node in body.node if _is_alias(node)}
    for _ in range(len(aliases)):
        if name not in aliases:
            break
        name = aliases[name]
    return name


def _is_alias(node: GraphNode) -> bool:
    return node.op_type == "Identity" and bool(node.output) and bool(node.input)


def _within(numbers: Numbers, graph: GraphBody) -> Numbers:
    """The constants that a graph sees, its own among them."""
    known = numbers.new_child()
    for given in getattr(graph, "input", ()):
        _note(known, getattr(given, "name", ""), None)
    for tensor in getattr(graph, "initializer", ()):
        _note(known, tensor.name, onnx_parts.one_number(tensor))
    for node in graph.node:
        number = _constant(node)
        if node.op_type in PASSED and node.input:
            number = known.get(node.input[0])
        if node.output:
            _note(known, node.output[0], number)
    return known


def _constant(node: GraphNode) -> int | None:
    """The whole number that a node Constant gives; None for any other."""
    if node.op_type != "Constant":
        return None
    for attribute in node.attribute:
        if attribute.name == "value":
            return onnx_parts.one_number(attribute.t)
        if attribute.name == "value_int":
            return int(attribute.i)
    return None


def _note(numbers: Numbers, name: str, number: int | None) -> None:
    if number is not None or name in numbers:
        numbers[name] = number


def _refusal(path: Path, node: GraphNode, rounds: int | None) -> ReproError:
    name = f" `{node.output[0]:.80}`" if node.output and node.output[0] else ""
    count = "without end" if rounds is None or rounds >= 2**62 else f"of {rounds:,} rounds"
    return ReproError(
        f"`{path}` has a loop{name} {count}.",
        f"Networks here have at most {MOST_ROUNDS:,} rounds. Export it again.",
    )


def _mentions(path: Path, words: Iterable[bytes]) -> bool:
    """Whether a file has one of these words anywhere."""
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(word) >= 0 for word in words)
