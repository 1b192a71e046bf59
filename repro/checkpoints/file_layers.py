"""The layers of a network's graph in a file, with what was folded into them and what feeds them.

A layer is an operation with weights: a convolution, a transposed or a linear one, or a scale and
shift of each channel that stands alone. Scales and shifts directly behind a layer, such as batch
norms, are multiplied into it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from repro.checkpoints.containers import Values
from repro.errors import ReproError

IMAGE = -1
"""among what feeds a layer: the input of the network"""
NOTHING: frozenset[int] = frozenset()
CONV, TRANSPOSED, LINEAR, AFFINE, OTHER = "conv", "transposed", "linear", "affine", ""
NUMBER = "number"
"""a scale or shift by one number, which a network may make itself"""
NORM = "norm"
"""a normalisation with a scale and shift that cannot be folded away, as layer norm"""
WEIGHTED = (CONV, TRANSPOSED, LINEAR, NORM)
ACTIVATIONS = ("relu", "elu", "leaky", "sigmoid", "tanh")
"""operators that are told apart behind a layer; of all others nothing is known"""
JOINED = "joined"
"""what puts its inputs one behind the other, whose order the weights behind it depend on"""
PASSED, QUANTISED = "passed", "quantised"
"""what gives its input on: as it is, and rounded to a few values"""

Pair = tuple[int, int]
Order = tuple[frozenset[int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One operation of a graph; constants are not among its inputs."""

    kind: str
    """one of the words above, or any other for an operation without weights"""
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weight: Values | None = None
    """conv (out, in / groups, height, width), transposed (in, out / groups, height, width), linear
    (out, in); the scale of an affine one, (channels,) or one number"""
    shift: Values | None = None
    """(out,), of an affine one as its scale"""
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    groups: int = 1
    last: bool = False
    """whether the channels of an affine one are the last axis, not the second"""
    doubtful: bool = False
    """whether an affine one of one channel may as well be the network's own arithmetic"""


@dataclass(frozen=True, slots=True)
class Layer:
    """An operation with weights among others; files and networks have such."""

    name: str
    kind: str
    shape: tuple[int, ...]
    """of its weights"""
    stride: Pair
    dilation: Pair
    groups: int
    activation: str
    """what alone follows directly, one of ACTIVATIONS; empty for anything else"""
    sources: frozenset[int]
    """places of the nearest layers before it, IMAGE among them"""
    order: tuple[frozenset[int], ...] = ()
    """the same in the order in which what they give was joined; one part where nothing was"""

    @property
    def described(self) -> str:
        """For a sentence."""
        sizes = "×".join(map(str, self.shape))
        follows = f", then {self.activation}" if self.activation else ""
        return f"`{self.name:.60}` ({self.kind} {sizes}{follows})"


@dataclass
class Folding:
    """A layer while scales and shifts are multiplied into it."""

    step: Step
    weight: Values
    shift: Values | None
    sources: frozenset[int]
    order: Order = ()
    follow: set[str] = field(default_factory=set)
    """what takes its output"""
    folded: int = 0

    @property
    def channels(self) -> int:
        """It gives so many."""
        if self.step.kind == TRANSPOSED:
            return int(self.weight.shape[1]) * self.step.groups
        return int(self.weight.shape[0])

    @property
    def content(self) -> tuple[object, ...]:
        """What two layers share that compute the same."""
        parts = (part for part in (self.weight, self.shift) if part is not None)
        digests = [hashlib.sha256(part.tobytes()).digest() for part in parts]
        step = self.step
        return (step.kind, self.weight.shape, step.stride, step.groups, *digests, self.sources)

    @property
    def finished(self) -> Layer:
        """The layer among others."""
        step = self.step
        (activation,) = self.follow if len(self.follow) == 1 else (OTHER,)
        return Layer(
            step.name,
            AFFINE if step.kind == NORM else step.kind,
            self.weight.shape,
            *(step.stride, step.dilation, step.groups),
            activation,
            *(self.sources, self.order),
        )

    def fold(self, affine: Step) -> None:
        """Multiply what follows into it."""
        self.folded += 1
        if affine.weight is not None:
            scale = np.broadcast_to(affine.weight, (self.channels,)).astype(np.float64)
            self.weight = (self.weight * self._by_channel(scale)).astype(np.float32)
            if self.shift is not None:
                self.shift = (self.shift * scale).astype(np.float32)
        if affine.shift is not None:
            before = np.zeros(self.channels) if self.shift is None else self.shift
            self.shift = (before.astype(np.float64) + affine.shift).astype(np.float32)

    def _by_channel(self, scale: NDArray[np.float64]) -> NDArray[np.float64]:
        """A number for each channel that it gives, in the shape of its weights."""
        if self.step.kind != TRANSPOSED:
            return scale.reshape(-1, *(1,) * (self.weight.ndim - 1))
        groups, (ins, outs) = self.step.groups, self.weight.shape[:2]
        return np.repeat(scale.reshape(groups, outs), ins // groups, axis=0)[:, :, None, None]


@dataclass(frozen=True, slots=True, eq=False)
class FileLayers:
    """All layers of a file, in its order."""

    layers: tuple[Layer, ...]
    weights: tuple[Values, ...]
    shifts: tuple[Values | None, ...]
    folded: int = 0
    """scales and shifts that were multiplied into layers"""
    quantised: int = 0
    """places where values are rounded to a few levels, as a network of fractions does not"""
    scale: Values | None = None
    """of the image, by which the graph begins: a number for each channel, or one"""
    offset: Values | None = None
    """added then"""

    @property
    def normalisation(self) -> tuple[list[float], list[float]] | None:
        """Mean and deviation by which the graph itself normalises its image; None for nothing."""
        if self.scale is None or not (np.isfinite(self.scale) & (self.scale > 0)).all():
            return None
        offset = np.zeros_like(self.scale) if self.offset is None else self.offset
        deviation = 1 / self.scale.astype(np.float64)
        return (-offset * deviation).tolist(), deviation.tolist()


def layers_of(steps: Sequence[Step], images: Iterable[str]) -> FileLayers:
    """The layers of the steps of a graph, each of which comes after what gives its inputs."""
    assembly = Assembly(steps, images)
    for step in steps:
        assembly.add(step)
    return assembly.whole()


class Assembly:
    """Layers while they are put together from the steps of a graph."""

    def __init__(self, steps: Sequence[Step], images: Iterable[str]) -> None:
        self.uses = Counter(name for step in steps for name in set(step.inputs))
        self.layers: list[Folding] = []
        self.images = set(images)
        """values that are the image, or what the graph first makes of it"""
        self.sources = dict.fromkeys(self.images, frozenset({IMAGE}))
        self.orders: dict[str, Order] = {}
        """value -> its sources as they were joined, where they were"""
        self.direct: dict[str, int] = {}
        """value -> the layer that gives it, with nothing but folded steps between"""
        self.start = Folding(Step(LINEAR, "", (), ()), np.ones((1, 1), np.float32), None, NOTHING)
        """the image's own scale and shift, one for all channels or one for each"""
        self.quantised = 0

    def add(self, step: Step) -> None:
        """Take one more step."""
        given = step.inputs[0] if len(step.inputs) == 1 else ""
        near = self.direct.get(given)
        if step.kind in (AFFINE, NUMBER) and self.uses[given] == 1:
            if near is not None and step.kind == AFFINE and _folds(self.layers[near], step):
                self.layers[near].fold(step)
                self._give_on(step, given)
                return
            if given in self.images:
                self._normalise(step, given)
                return
        if step.kind in (PASSED, QUANTISED) and given:
            self.quantised += step.kind == QUANTISED and given not in self.images
            self._give_on(step, given)
            return
        for name in step.inputs:
            if name in self.direct:
                kind = step.kind if step.kind in ACTIVATIONS else OTHER
                self.layers[self.direct[name]].follow.add(kind)
        feeding = NOTHING.union(*(self.sources.get(name, NOTHING) for name in step.inputs))
        order = joined([self._order(name) for name in step.inputs], step.kind == JOINED)
        if step.kind in WEIGHTED or (step.kind == AFFINE and _size(step) > 1):
            weight = np.ones_like(step.shift) if step.weight is None else step.weight
            self.direct[step.outputs[0]] = len(self.layers)
            self.layers.append(Folding(step, weight, step.shift, feeding, order))
            feeding = frozenset({len(self.layers) - 1})
            order = (feeding,)
        self.sources |= dict.fromkeys(step.outputs, feeding)
        self.orders |= dict.fromkeys(step.outputs, order)

    def _order(self, name: str) -> Order:
        return self.orders.get(name, (self.sources.get(name, NOTHING),))

    def _give_on(self, step: Step, given: str) -> None:
        """What a step gives stands for what it was given."""
        for name in step.outputs:
            self.sources[name] = self.sources.get(given, NOTHING)
            self.orders[name] = self._order(given)
            if given in self.direct:
                self.direct[name] = self.direct[given]
            if given in self.images:
                self.images.add(name)

    def _normalise(self, step: Step, given: str) -> None:
        """Take a scale and shift of the image itself."""
        size = max(self.start.channels, _size(step))
        if self.start.channels != size:
            self.start.weight = np.repeat(self.start.weight, size, axis=0)
            if self.start.shift is not None:
                self.start.shift = np.repeat(self.start.shift, size)
        self.start.fold(step)
        self._give_on(step, given)

    def whole(self) -> FileLayers:
        """One layer for each; what a network computes twice over stands twice in some files."""
        places: dict[int, int] = {IMAGE: IMAGE}
        known: dict[object, int] = {}
        kept: list[Folding] = []
        for place, layer in enumerate(self.layers):
            layer.sources = frozenset(places[source] for source in layer.sources)
            layer.order = tuple(frozenset(map(places.__getitem__, part)) for part in layer.order)
            places[place] = known.setdefault(layer.content, len(kept))
            if places[place] == len(kept):
                kept.append(layer)
            kept[places[place]].follow |= layer.follow
        return FileLayers(
            tuple(layer.finished for layer in kept),
            tuple(layer.weight for layer in kept),
            tuple(layer.shift for layer in kept),
            sum(layer.folded for layer in kept),
            self.quantised,
            self.start.weight[:, 0] if self.start.folded else None,
            self.start.shift,
        )


def joined(orders: Sequence[Order], behind: bool) -> Order:
    """The sources of what is made of several values: one part, or those of each `behind` the
    other."""
    if behind or len(orders) == 1:
        return tuple(part for order in orders for part in order if part)
    return (NOTHING.union(*(part for order in orders for part in order)),)


def _size(step: Step) -> int:
    """How many numbers an affine step has."""
    return max(one.size for one in (step.weight, step.shift) if one is not None)


def _folds(layer: Folding, affine: Step) -> bool:
    """Whether a scale and shift is one of the channels that a layer gives."""
    if layer.step.kind == NORM or affine.last != (layer.step.kind == LINEAR):
        return False
    given = [one for one in (affine.weight, affine.shift) if one is not None]
    fits = all(one.size == layer.channels for one in given)
    if fits and affine.doubtful and layer.channels == 1:
        raise ReproError(
            f"`{layer.step.name:.60}` gives one channel, and the file does not tell whether the "
            f"number behind it (`{affine.name:.60}`) is its bias or arithmetic of the network.",
            "Take a file in which biases stand in the layers themselves.",
        )
    return fits
