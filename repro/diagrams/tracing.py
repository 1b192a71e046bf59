"""A network walked once on the meta device: which of its parts run, and from where each takes.

Containers are opened; what is left are blocks of the zoo and layers of PyTorch. Norms and
activations go with the part before them, and parts alike in a row become one with a count.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import prod

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from repro.diagrams.diagram import Diagram, NetworkPart
from repro.errors import ReproError
from repro.models.outline import outline
from repro.papers.values import Options, Size
from zoo.blocks import HardSigmoid

OPENED = (
    "Attentions",
    "DeconvHead",
    "HighestHead",
    "JointHead",
    "LiteHead",
    "LiteHRNet",
    "ModuleList",
    "Sequential",
    "TopDown",
)
"""classes that are drawn by their parts; a network itself always is"""
JOINS = {
    "add": "+",
    "iadd": "+",
    "mul": "×",
    "imul": "×",
    "cat": "concat",
    "concat": "concat",
    "matmul": "matmul",
    "sigmoid": "σ",
    "interpolate": "resize",
}
"""functions between modules that are drawn, by what they are called on the drawing"""
ALONE = ("σ", "resize", "concat")
"""drawn though they take from one part"""
QUIET = (
    nn.modules.batchnorm._BatchNorm,
    nn.LayerNorm,
    nn.ReLU,
    nn.ReLU6,
    nn.GELU,
    nn.Hardswish,
    nn.Sigmoid,
    HardSigmoid,
    nn.Identity,
    nn.Flatten,
    nn.Dropout,
)
"""layers that go with the part before them"""


def diagram(model: str, size: Size, options: Options, at: str = "") -> Diagram:
    """The diagram of a network for images of a size, or of its module at a path.

    ReproError where it has no module there.
    """
    network = outline(model, None, options)
    try:
        root = network.get_submodule(at)
    except AttributeError as error:
        raise ReproError(f"`{model}` has no module `{at}`.", "See its `named_modules`.") from error
    walk = _Walk(size[0])
    with torch.no_grad(), _watched(root, walk), walk, suppress(_DoneError):
        network(torch.zeros(1, 3, *size, device="meta"))
    return merged(walk.parts)


class _DoneError(Exception):
    """The root was walked; what runs behind it does not matter."""


class _Walk(TorchFunctionMode):
    """Notes the parts as they run. `inside` is how deep the walk is in one that is not opened; it
    notes nothing before the root is called."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self.height = height
        self.parts: list[NetworkPart] = []
        self.made_by = WeakTensorKeyDictionary()
        self.inside = 1

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        if not self.inside:
            self.join(getattr(func, "__name__", "").strip("_"), args, result)
        return result

    def join(self, name: str, given: object, result: object) -> None:
        """Note what a function between modules does."""
        sources, kind = self.sources(given), JOINS.get(name, "")
        made = list(tensors(result))
        if kind and made and (len(sources) > 1 or kind in ALONE):
            sources = (self.add(kind, sources, made),)
        for tensor in made:
            self.made_by[tensor] = sources

    def add(self, kind: str, sources: tuple[int, ...], made: Sequence[Tensor]) -> int:
        """Note a part and give its place."""
        maps = [tensor for tensor in made if tensor.ndim > 1]
        channels, strides = (tuple(map(of, maps)) for of in (self._channels, self._stride))
        self.parts.append(NetworkPart(kind, 1, sources, channels, strides))
        return len(self.parts) - 1

    def sources(self, given: object) -> tuple[int, ...]:
        """The parts that made some tensors, in order."""
        known = [tensor for tensor in tensors(given) if tensor in self.made_by]
        return tuple(dict.fromkeys(place for one in known for place in self.made_by[one]))

    @staticmethod
    def _channels(tensor: Tensor) -> int:
        return tensor.shape[1]

    def _stride(self, tensor: Tensor) -> int:
        return self.height // tensor.shape[2] if prod(tensor.shape[2:]) > 1 else 0


@contextmanager
def _watched(root: nn.Module, walk: _Walk) -> Iterator[None]:
    """Hooks on the root and on the parts below it that are not opened."""

    def begin(module: nn.Module, given: tuple[object, ...]) -> None:
        walk.inside = 0
        place = walk.add("input", (), list(tensors(given)))
        for tensor in tensors(given):
            walk.made_by[tensor] = (place,)

    def end(module: nn.Module, given: tuple[object, ...], result: object) -> None:
        walk.inside = 1
        for place in walk.sources(result):
            walk.parts[place] = replace(walk.parts[place], output=True)
        raise _DoneError

    def enter(module: nn.Module, given: tuple[object, ...]) -> None:
        walk.inside += 1

    def leave(module: nn.Module, given: tuple[object, ...], result: object) -> None:
        walk.inside -= 1
        sources, made = walk.sources(given), list(tensors(result))
        if not isinstance(module, QUIET):
            sources = (walk.add(described(module), sources, made),)
        for tensor in made:
            walk.made_by[tensor] = sources

    handles = [root.register_forward_pre_hook(begin), root.register_forward_hook(end)]
    for module in _closed(root):
        handles += [
            module.register_forward_pre_hook(enter),
            module.register_forward_hook(leave),
        ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _closed(module: nn.Module) -> Iterator[nn.Module]:
    """The parts below a module that are drawn as one."""
    for child in module.children():
        if type(child).__name__ in OPENED:
            yield from _closed(child)
        else:
            yield child


def tensors(given: object) -> Iterator[Tensor]:
    """All tensors in nested lists and tuples."""
    if isinstance(given, Tensor):
        yield given
    elif isinstance(given, list | tuple):
        for one in given:
            yield from tensors(one)


def described(module: nn.Module) -> str:
    """What a part is called: a layer by what it does, a block by its class."""
    loud = [one for one in module.modules() if not isinstance(one, QUIET)]
    layers = [one for one in loud if not any(one.children())]
    alone = isinstance(module, nn.Sequential) and len(layers) == 1
    only = layers[0] if alone else module
    if isinstance(only, nn.Conv2d | nn.ConvTranspose2d):
        depthwise = only.groups == only.in_channels > 1
        name = "deconv" if isinstance(only, nn.ConvTranspose2d) else "conv"
        sides = "×".join(map(str, only.kernel_size))
        groups = "" if depthwise or only.groups == 1 else f", {only.groups} groups"
        return f"{'dw ' if depthwise else ''}{name} {sides}{groups}"
    words = {nn.Linear: "linear", nn.MaxPool2d: "max pool", nn.AvgPool2d: "mean pool"}
    words |= {nn.AdaptiveAvgPool2d: "mean", nn.ChannelShuffle: "shuffle", nn.Softmax: "softmax"}
    return words.get(type(only), type(module).__name__)


def merged(parts: Diagram) -> Diagram:
    """Parts alike in a row as one with a count."""
    taken = [sum(place in one.sources for one in parts) for place in range(len(parts))]
    places: dict[int, int] = {}
    kept: list[NetworkPart] = []
    for place, part in enumerate(parts):
        sources = tuple(dict.fromkeys(places[one] for one in part.sources))
        before = kept[-1] if kept and sources == (len(kept) - 1,) else None
        alone = len(part.sources) == 1 and part.sources[0] == place - 1 and taken[place - 1] == 1
        if before is not None and alone and not before.output and _alike(before, part):
            kept[-1] = replace(before, count=before.count + 1, output=part.output)
        else:
            kept.append(replace(part, sources=sources))
        places[place] = len(kept) - 1
    return kept


def _alike(one: NetworkPart, other: NetworkPart) -> bool:
    shape = one.channels, one.strides
    return one.kind == other.kind and shape == (other.channels, other.strides)
