"""Read OpenVINO's pair of files: an `.xml` with the graph, and a `.bin` with the values.

The text is taken as it passes and never held as a tree. Each operation is a `layer` with numbered
ports, each `edge` leads from a port to a port. Weights may be whole numbers that the graph makes
fractions of: conversion, shift, scale, and the few steps of FakeQuantize are carried out.
"""

from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from xml.parsers import expat

from repro.checkpoints import file_layers, openvino_steps
from repro.checkpoints.containers import ValueBudget, text_of, values_beside
from repro.checkpoints.openvino_steps import GraphOperation
from repro.errors import ReproError

Port = tuple[str, str]
"""the ids of a layer and of one of its ports"""


class GraphText:
    """What an `.xml` says: its outer layers and edges."""

    def __init__(self) -> None:
        self.layers: dict[str, GraphOperation] = {}
        self.edges: dict[Port, Port] = {}
        """the port that an input's value comes from"""
        self.within: list[str] = []
        self.current: GraphOperation | None = None
        self.side = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        """A tag begins."""
        self.within.append(tag)
        if self.within == ["net", "layers", "layer"]:
            self.current = GraphOperation(
                given["id"], given["type"], given.get("name", given["id"])
            )
            if self.layers.setdefault(given["id"], self.current) is not self.current:
                raise KeyError(f"id of two layers: {given['id']:.20}")
        elif self.within == ["net", "edges", "edge"]:
            target = given["to-layer"], given["to-port"]
            self.edges[target] = given["from-layer"], given["from-port"]
        elif self.current is not None and self.within[:3] == ["net", "layers", "layer"]:
            self._inside(self.current, tag, given)

    def _inside(self, layer: GraphOperation, tag: str, given: dict[str, str]) -> None:
        depth = len(self.within)
        if depth == 4 and tag == "data":
            layer.data = given
        elif depth == 4:
            self.side = tag
        elif depth == 5 and tag == "port" and self.side in ("input", "output"):
            (layer.ins if self.side == "input" else layer.outs).append(given["id"])
            if "dims" in given:
                raise KeyError("dims in an unknown form")

    def text(self, content: str) -> None:
        """What stands in a tag."""
        layer, deep = self.current, len(self.within) == 6 and self.within[-1] == "dim"
        first = layer is not None and self.side == "output" and len(layer.outs) == 1
        if layer is not None and first and deep and content.strip():
            layer.shape.append(int(content))

    def end(self, tag: str) -> None:
        """A tag ends."""
        self.within.pop()


def read(path: Path) -> file_layers.FileLayers:
    """The layers of a network of OpenVINO; ReproError for what is none."""
    beside = values_beside(path)
    text = _parsed(path)
    content = beside.read_bytes()
    budget = ValueBudget(beside, len(content))
    steps, images = openvino_steps.steps_of(path, _ordered(path, text), content, budget)
    return file_layers.layers_of(steps, images)


def _parsed(path: Path) -> GraphText:
    text = GraphText()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = text.start
    parser.EndElementHandler = text.end
    parser.CharacterDataHandler = text.text

    def refuse(*_: object) -> None:
        raise ReproError(f"`{path}` declares entities of its own, as no file of OpenVINO does.")

    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text_of(path), True)
    except expat.ExpatError as error:
        raise ReproError(
            f"`{path}` is cut short or damaged: {error}.", "Fetch the file again."
        ) from error
    except (KeyError, ValueError) as error:
        reason = str(error).strip("'\"")
        raise ReproError(f"`{path}` is no graph of OpenVINO: {reason:.80}.") from error
    if not text.layers:
        raise ReproError(f"`{path}` is no graph of OpenVINO: it has no layers.")
    return text


def _ordered(path: Path, text: GraphText) -> list[tuple[GraphOperation, tuple[str, ...]]]:
    """Each operation with the names of its inputs, behind those that give them."""
    before: defaultdict[str, list[str]] = defaultdict(list)
    inputs: dict[str, tuple[str, ...]] = {}
    for name, layer in text.layers.items():
        ports = [text.edges.get((name, port)) for port in layer.ins]
        for port in ports:
            source = None if port is None else text.layers.get(port[0])
            if port is None or source is None or port[1] not in source.outs:
                raise ReproError(f"`{path}`: an input of `{layer.name:.60}` comes from nowhere.")
            before[name].append(port[0])
        inputs[name] = tuple(":".join(port) for port in ports if port is not None)
    try:
        order = TopologicalSorter({name: before[name] for name in text.layers}).static_order()
        return [(text.layers[name], inputs[name]) for name in order]
    except CycleError as error:
        looped = text.layers[error.args[1][0]].name
        raise ReproError(f"`{path}` goes in a circle through `{looped:.60}`.") from error
