"""Which layer of a file is which of a network, where names do not tell it.

Layers are told apart by their kind, the shape of their weights, their strides, what follows and,
again and again, by the layers that feed them and that they feed (colour refinement, Weisfeiler and
Leman 1968). Their order is never used: where two layers are not told apart, the file is refused.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

import zoo
from repro.checkpoints import network_layers
from repro.checkpoints.containers import Values
from repro.checkpoints.file_layers import AFFINE, CONV, IMAGE, LINEAR, FileLayers, Layer
from repro.checkpoints.network_layers import NetworkLayer
from repro.errors import ReproError

if TYPE_CHECKING:
    from torch import Tensor, nn

Colours = list[int]


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """The layers of a file as tensors of a network."""

    tensors: "Mapping[str, Tensor]"
    """by the official names"""
    layers: int
    norms: int
    """batch norms of the network that the file has within other layers"""

    def described(self) -> dict[str, int]:
        """For JSON."""
        return {"layers": self.layers, "folded_norms": self.norms}


def shapes(tensors: "Mapping[str, Tensor]") -> Counter[tuple[int, ...]]:
    """How many weights of each shape a network has, those of norms and biases aside."""
    return Counter(_bare(tuple(one.shape)) for one in tensors.values() if one.ndim > 1)


def shapes_of_file(found: FileLayers) -> Counter[tuple[int, ...]]:
    """The same of a file's layers."""
    return Counter(_bare(layer.shape) for layer in found.layers if layer.kind != AFFINE)


def placed(model: "nn.Module", found: FileLayers) -> Placing:
    """The layers of a file as a network's tensors; ReproError with the reason where they are not.

    The message has no subject: the file's name comes before it.
    """
    try:
        layers, names = network_layers.layers_of(model)
    except RuntimeError as error:
        raise ReproError(f"cannot be held against the network: {error}") from error
    pairs = paired(found.layers, layers)
    official: Mapping[str, str] = getattr(model, "official_names", {})
    modules = dict(model.named_modules())
    tensors: dict[str, Tensor] = {}
    for file, own in pairs.items():
        values = _tensors(names[own], modules, found.weights[file], found.shifts[file])
        tensors |= {official.get(name, name): value for name, value in values.items()}
    norms = sum(one.norm is not None for one in names)
    expected = zoo.published_state(model)
    lacking = [name for name in expected if name not in tensors]
    if lacking:
        raise ReproError(f"lacks `{lacking[0]}`, which is of no layer that a graph shows")
    return Placing(tensors, len(pairs), norms)


def paired(file: Sequence[Layer], network: Sequence[Layer]) -> dict[int, int]:
    """Place in the file -> place in the network.

    ReproError where a layer of either has no counterpart, or more than one.
    """
    labels: dict[object, int] = {}
    sides = (file, network)
    first = [[labels.setdefault(_label(one), len(labels)) for one in side] for side in sides]
    _compare(file, network, first)
    colours = _refined(file, network, first)
    _compare(file, network, colours)
    sizes = Counter(colours[0])
    alike = [layer for layer, colour in zip(file, colours[0], strict=True) if sizes[colour] > 1]
    if alike:
        raise ReproError(
            f"does not tell {len(alike)} layers from each other (first: {alike[0].described}), "
            "which are alike in shape and neighbours"
        )
    places = {colour: place for place, colour in enumerate(colours[1])}
    pairs = {place: places[colour] for place, colour in enumerate(colours[0])}
    _check_order(file, network, pairs)
    return pairs


def _check_order(file: Sequence[Layer], network: Sequence[Layer], pairs: Mapping[int, int]) -> None:
    """ReproError where a layer takes what was joined in another order than in the network."""
    for place, own in pairs.items():
        parts = [
            frozenset(pairs.get(source, IMAGE) for source in part) for part in file[place].order
        ]
        wanted = network[own].order
        if len(parts) == len(wanted) and parts != list(wanted):
            raise ReproError(
                f"joins what {file[place].described} takes in another order than the network does "
                f"in front of `{network[own].name}`"
            )


def _refined(
    file: Sequence[Layer], network: Sequence[Layer], start: list[Colours]
) -> list[Colours]:
    """Colours that part layers as far as their neighbours part them, the same on both sides."""
    sides = (file, network)
    fed = [_fed(side) for side in sides]
    colours, count = start, len(set(chain(*start)))
    while True:
        labels: dict[object, int] = {}
        finer = [
            [
                labels.setdefault(
                    (
                        own[place],
                        tuple(sorted(-1 if one == IMAGE else own[one] for one in layer.sources)),
                        tuple(sorted(own[one] for one in taking[place])),
                    ),
                    len(labels),
                )
                for place, layer in enumerate(side)
            ]
            for side, own, taking in zip(sides, colours, fed, strict=True)
        ]
        if len(labels) == count:
            return colours
        colours, count = finer, len(labels)


def _fed(layers: Sequence[Layer]) -> list[list[int]]:
    """The layers that each one feeds."""
    fed: list[list[int]] = [[] for _ in layers]
    for place, layer in enumerate(layers):
        for source in layer.sources:
            if source != IMAGE:
                fed[source].append(place)
    return fed


def _compare(file: Sequence[Layer], network: Sequence[Layer], colours: list[Colours]) -> None:
    """ReproError that names a layer of which one side has more than the other."""
    counts = [Counter(side) for side in colours]
    if counts[0] == counts[1]:
        return
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, side, own, other in (
        ("file", file, colours[0], counts[1]),
        ("network", network, colours[1], counts[0]),
    ):
        seen: Counter[int] = Counter()
        for layer, colour in zip(side, own, strict=True):
            seen[colour] += 1
            if seen[colour] > other[colour]:
                found[name].append(layer.described)
    parts = [
        f"{len(layers)} layers of the {name} have no counterpart (first: {layers[0]})"
        for name, layers in found.items()
    ]
    raise ReproError(f"does not fit the network: {', '.join(parts)}")


def _label(layer: Layer) -> tuple[object, ...]:
    """What is compared of a layer by itself; a convolution of single pixels is a linear one."""
    bare = _bare(layer.shape)
    kind = LINEAR if layer.kind == CONV and len(bare) == 2 and layer.groups == 1 else layer.kind
    return kind, bare, layer.stride, layer.dilation, layer.groups, layer.activation


def _bare(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of weights, single pixels taken for numbers."""
    return shape[:2] if shape[2:] == (1, 1) else shape


def _tensors(
    layer: NetworkLayer, modules: "Mapping[str, nn.Module]", weight: Values, shift: Values | None
) -> "dict[str, Tensor]":
    """The tensors of a layer by their names in the network; a norm behind it changes nothing."""
    import torch

    module = modules[layer.module]
    own = dict(module.named_parameters())
    given = {"weight": torch.from_numpy(np.array(weight, np.float32)).reshape(own["weight"].shape)}
    left = None if shift is None else torch.from_numpy(np.array(shift, np.float32))
    if layer.kind == AFFINE:
        given |= _statistics(module)
    if "bias" in own:
        zeros = torch.zeros(own["bias"].shape)
        given["bias"] = zeros if left is None or layer.norm else left.reshape(zeros.shape)
    tensors = {f"{layer.module}.{name}": value for name, value in given.items()}
    if layer.norm is not None:
        norm = modules[layer.norm]
        ones = torch.ones(next(norm.parameters()).shape)
        within = {"weight": ones, "bias": 0 * ones if left is None else left, **_statistics(norm)}
        tensors |= {f"{layer.norm}.{name}": value for name, value in within.items()}
    elif "bias" not in own and left is not None and bool(left.any()):
        raise ReproError(f"adds a bias behind `{layer.module}`, where the network has none")
    return tensors


def _statistics(norm: "nn.Module") -> "dict[str, Tensor]":
    """Statistics with which a batch norm divides by one and subtracts nothing."""
    import torch
    from torch import nn

    if not isinstance(norm, nn.BatchNorm2d):
        return {}
    zeros = torch.zeros(norm.num_features)
    counter = {} if norm.num_batches_tracked is None else {"num_batches_tracked": torch.tensor(0)}
    return {"running_mean": zeros, "running_var": zeros + (1 - norm.eps), **counter}
