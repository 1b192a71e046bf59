"""The layers of a network of PyTorch, with the norms behind them and what feeds them.

An image without values is sent through; the graph that PyTorch keeps for its gradients then tells
which parameters were used, and in which order. A layer that is used twice is one layer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.checkpoints.file_layers import (
    AFFINE,
    CONV,
    IMAGE,
    LINEAR,
    NOTHING,
    OTHER,
    TRANSPOSED,
    Layer,
    Order,
    joined,
)

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.autograd.graph import Node

SIZES = ((256, 192), (256, 256), (384, 288))
"""of the image; the first is taken that the network takes"""
IMAGES = 2
"""as norms in training refuse one"""
FOLLOWING = {
    "ReluBackward0": "relu",
    "EluBackward0": "elu",
    "LeakyReluBackward0": "leaky",
    "SigmoidBackward0": "sigmoid",
    "TanhBackward0": "tanh",
}
PARAMETER, JOINING = "AccumulateGrad", "CatBackward0"
TURNED = ("TBackward0", "ViewBackward0", "UnsafeViewBackward0", "ExpandBackward0")
"""what may lie between a parameter and the operation that uses it"""


@dataclass
class NetworkLayer:
    """A layer of a network, by the names of its modules."""

    module: str
    kind: str
    norm: str | None = None
    """the batch norm directly behind it"""
    sources: set[int] = field(default_factory=set)
    follow: set[str] = field(default_factory=set)
    """what takes its output"""
    order: Order = ()

    def among(self, modules: "Mapping[str, nn.Module]") -> Layer:
        """The layer with its shape."""
        from torch import nn

        module, activation = modules[self.module], OTHER
        if len(self.follow) == 1:
            (activation,) = self.follow
        weight = getattr(module, "weight", None)
        shape = () if weight is None else tuple(weight.shape)
        shape = (weight.numel(),) if self.kind == AFFINE and weight is not None else shape
        geometry: tuple[tuple[int, int], tuple[int, int], int] = ((1, 1), (1, 1), 1)
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            stride, dilation = tuple(module.stride), tuple(module.dilation)
            geometry = (stride[0], stride[-1]), (dilation[0], dilation[-1]), module.groups
        sources = frozenset(self.sources)
        return Layer(self.module, self.kind, shape, *geometry, activation, sources, self.order)


def layers_of(model: "nn.Module") -> tuple[tuple[Layer, ...], tuple[NetworkLayer, ...]]:
    """The layers of a network in the order of computation; RuntimeError where none can be told."""
    names, outputs = _passed(model)
    walk = LayerWalk(model, names, _ordered(outputs))
    modules = dict(model.named_modules())
    return tuple(layer.among(modules) for layer in walk.layers), tuple(walk.layers)


def _passed(model: "nn.Module") -> "tuple[dict[int, str], list[Tensor]]":
    """The name of each parameter by its identity, and the maps that a network gives."""
    import torch
    from torch.func import functional_call
    from torch.utils._pytree import tree_leaves

    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    blank = {
        name: torch.empty_like(value, device="meta").requires_grad_(name in parameters)
        for name, value in model.state_dict().items()
    }
    modes = {module: module.training for module in model.modules()}
    model.eval()
    error: Exception = RuntimeError("no size of image fits")
    try:
        for size in SIZES:
            image = torch.empty((IMAGES, 3, *size), device="meta", requires_grad=True)
            try:
                with torch.enable_grad():
                    outputs = functional_call(model, blank, (image,))
            except (RuntimeError, ValueError, AssertionError) as failure:
                error = failure
                continue
            names = {id(blank[name]): name for name in parameters} | {id(image): ""}
            return names, [one for one in tree_leaves(outputs) if isinstance(one, torch.Tensor)]
    finally:
        for module, mode in modes.items():
            module.training = mode
    raise RuntimeError(str(error)) from error


def _ordered(outputs: "Sequence[Tensor]") -> "list[Node]":
    """The operations behind the outputs in the order in which they were carried out."""
    open_nodes = [output.grad_fn for output in outputs if output.grad_fn is not None]
    seen = set(open_nodes)
    while open_nodes:
        for node, _ in open_nodes.pop().next_functions:
            if node is not None and node not in seen and type(node).__name__ != PARAMETER:
                seen.add(node)
                open_nodes.append(node)
    return sorted(seen, key=lambda node: node._sequence_nr())


class LayerWalk:
    """Operations taken one after the other, and the layers among them."""

    def __init__(
        self, model: "nn.Module", names: Mapping[int, str], nodes: "Sequence[Node]"
    ) -> None:
        self.modules = dict(model.named_modules())
        self.names = names
        self.layers: list[NetworkLayer] = []
        self.sources: dict[Node, frozenset[int]] = {}
        self.orders: dict[Node, Order] = {}
        self.direct: dict[Node, int] = {}
        """operation -> the layer whose result it gives"""
        self.users: Counter[Node] = Counter()
        for node in nodes:
            self.users.update({given for given, _ in node.next_functions if given is not None})
        for node in nodes:
            if self._parameter(node) is None:
                self._take(node)

    def _take(self, node: "Node") -> None:
        owners, data, sources = [], [], set()
        orders: list[Order] = []
        for given in (given for given, _ in node.next_functions if given is not None):
            name = self._parameter(given)
            if name:
                owners.append(name.rpartition(".")[0])
            elif name == "":
                sources.add(IMAGE)
                orders.append((frozenset({IMAGE}),))
            else:
                data.append(given)
                sources |= self.sources.get(given, NOTHING)
                orders.append(self.orders.get(given, (NOTHING,)))
        if owners and len(data) == 1 and self._is_norm_of(owners[0], data[0]):
            self._gives(node, self.direct[data[0]])
            return
        for given in data:
            if given in self.direct:
                word = FOLLOWING.get(type(node).__name__, OTHER)
                self.layers[self.direct[given]].follow.add(word)
        order = joined(orders, type(node).__name__ == JOINING)
        if owners:
            place = self._layer(owners[0], sources)
            self.layers[place].order = self.layers[place].order or order
            self._gives(node, place)
        else:
            self.sources[node], self.orders[node] = frozenset(sources), order

    def _is_norm_of(self, owner: str, given: "Node") -> bool:
        """Whether a module is a batch norm that can be multiplied into what it is given."""
        from torch import nn

        if given not in self.direct or self.users[given] != 1:
            return False
        layer = self.layers[self.direct[given]]
        batch_norm = isinstance(self.modules[owner], nn.BatchNorm2d)
        if not batch_norm or layer.kind in (AFFINE, OTHER) or layer.norm not in (None, owner):
            return False
        layer.norm = owner
        return True

    def _layer(self, module: str, sources: set[int]) -> int:
        """The place of the layer of a module, with what feeds it here."""
        for place, layer in enumerate(self.layers):
            if layer.module == module:
                layer.sources |= sources
                return place
        self.layers.append(NetworkLayer(module, kind_of(self.modules[module]), None, sources))
        return len(self.layers) - 1

    def _gives(self, node: "Node", place: int) -> None:
        self.direct[node] = place
        self.sources[node] = frozenset({place})
        self.orders[node] = (frozenset({place}),)

    def _parameter(self, node: "Node") -> str | None:
        """The name of the parameter that a node stands for, empty for the image, or None."""
        while type(node).__name__ in TURNED and len(node.next_functions) == 1:
            following = node.next_functions[0][0]
            if following is None:
                return None
            node = following
        if type(node).__name__ != PARAMETER:
            return None
        return self.names.get(id(getattr(node, "variable", None)))


def kind_of(module: "nn.Module") -> str:
    """Which layer a module is."""
    from torch import nn

    kinds: dict[str, tuple[type[nn.Module], ...]] = {
        CONV: (nn.Conv2d,),
        TRANSPOSED: (nn.ConvTranspose2d,),
        LINEAR: (nn.Linear,),
        AFFINE: (nn.BatchNorm2d, nn.LayerNorm),
    }
    return next((kind for kind, types in kinds.items() if isinstance(module, types)), OTHER)
