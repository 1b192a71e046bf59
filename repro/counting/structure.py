"""What networks are made of: the questions of `repro.papers.network_facts`, put to what is built.

A network is built and run on the meta device, without weights and without arithmetic.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn

import zoo
from repro.counting import counter
from repro.errors import ReproError, unknown
from repro.models.outline import outline
from repro.papers.network_facts import NetworkQuestion, NetworkValue, named

SIZE = (256, 192)
"""height and width of the image"""
Shapes = tuple[tuple[int, ...], ...]


@dataclass
class BuiltNetwork:
    """A network, and what came out of each of its modules when it ran."""

    model: nn.Module
    given: dict[str, Shapes] = field(default_factory=dict)
    """path -> shapes (B, C, H, W) that its last call gave"""
    turns: dict[str, int] = field(default_factory=dict)
    """path -> place in the order of the first calls, from 1"""

    def matching(self, part: str) -> dict[str, nn.Module]:
        """The modules that a pattern means; the network itself if it is empty."""
        pattern, _, kind = part.partition(":")
        return {
            path: module
            for path, module in self.model.named_modules()
            if fnmatch.fnmatchcase(path, pattern) and kind in ("", type(module).__name__)
        }

    def ran(self) -> Self:
        """The same after it ran, which it does once."""
        if not self.turns:
            modules = list(self.model.named_modules())
            handles = [
                one.register_forward_pre_hook(partial(self._began, path)) for path, one in modules
            ]
            handles += [
                one.register_forward_hook(partial(self._ended, path)) for path, one in modules
            ]
            with torch.no_grad():
                self.model(torch.zeros(1, 3, *SIZE, device="meta"))
            for handle in handles:
                handle.remove()
        return self

    def _began(self, path: str, module: nn.Module, inputs: object) -> None:
        self.turns.setdefault(path, len(self.turns) + 1)

    def _ended(self, path: str, module: nn.Module, inputs: object, output: object) -> None:
        several = output if isinstance(output, list | tuple) else [output]
        self.given[path] = tuple(tuple(one.shape) for one in several if isinstance(one, Tensor))


def answers(questions: Iterable[NetworkQuestion]) -> dict[NetworkQuestion, NetworkValue]:
    """The answer to each question; ReproError for the first that has none, or more than one."""
    found: dict[NetworkQuestion, NetworkValue] = {}
    built: dict[str, BuiltNetwork] = {}
    for question in sorted(set(questions)):
        if question.network not in built:
            built = {question.network: build(question.network)}
        found[question] = _answer(built[question.network], question)
    return found


def build(network: str) -> BuiltNetwork:
    """A network as `named` reads it, built but not run; ReproError for one that cannot be."""
    name, options = named(network)
    if name not in zoo.MODELS:
        raise unknown("model", name, zoo.MODELS)
    return BuiltNetwork(outline(name, None, options))


def _answer(network: BuiltNetwork, question: NetworkQuestion) -> NetworkValue:
    modules = network.matching(question.part)
    if not modules:
        raise ReproError(f"`{question.network}` has no module like `{question.part}`.")
    if question.question in WHOLE:
        return WHOLE[question.question](network, modules)
    read = EACH[question.question]
    values = {read(network, path, module) for path, module in modules.items()}
    single = values.pop()
    if values or single is None:
        many = "differs among" if values else "is nothing of"
        raise ReproError(f"`{question}` {many} {len(modules)} modules.", "Name fewer of them.")
    return single


def _params(network: BuiltNetwork, modules: Mapping[str, nn.Module]) -> int:
    weights = {id(one): one.numel() for module in modules.values() for one in module.parameters()}
    return sum(weights.values())


def _macs(network: BuiltNetwork, modules: Mapping[str, nn.Module]) -> int:
    if list(modules) != [""]:
        raise ReproError("`macs` is asked of a whole network alone.")
    costs, _ = counter.observe(network.model, SIZE)
    return costs.total("conv")


def _depthwise(network: BuiltNetwork, modules: Mapping[str, nn.Module]) -> int:
    layers = (one for one in modules.values() if isinstance(one, counter.CONVOLUTION))
    return sum(layer.groups == layer.in_channels > 1 for layer in layers)


def _of_layer(*names: str) -> "Each":
    """The attribute of a layer by any of these names; of a pair of equal numbers the number."""

    def read(network: BuiltNetwork, path: str, module: nn.Module) -> NetworkValue | None:
        value = next((getattr(module, name) for name in names if hasattr(module, name)), None)
        if isinstance(value, tuple):
            return value[0] if len(set(value)) == 1 else tuple(value)
        return value if isinstance(value, int) else None

    return read


def _given(read: Callable[[tuple[int, ...]], int | float]) -> "Each":
    """Something of the shapes (B, C, H, W) that a module gives; several of several."""

    def of(network: BuiltNetwork, path: str, module: nn.Module) -> NetworkValue | None:
        shapes = network.ran().given.get(path, ())
        if any(len(shape) != 4 for shape in shapes):
            return None
        values = tuple(read(shape) for shape in shapes)
        return values[0] if len(values) == 1 else values or None

    return of


def _scale(shape: tuple[int, ...]) -> int | float:
    ratio = SIZE[0] / shape[2]
    return int(ratio) if ratio.is_integer() else ratio


Each = Callable[[BuiltNetwork, str, nn.Module], NetworkValue | None]
EACH: Mapping[str, Each] = {
    "kernel": _of_layer("kernel_size"),
    "stride": _of_layer("stride"),
    "groups": _of_layer("groups"),
    "inputs": _of_layer("in_channels", "in_features"),
    "outputs": _of_layer("out_channels", "out_features"),
    "scale": _given(_scale),
    "channels": _given(lambda shape: shape[1]),
    "height": _given(lambda shape: shape[2]),
    "width": _given(lambda shape: shape[3]),
    "turn": lambda network, path, module: network.ran().turns.get(path),
}
"""questions that each module answers, all alike"""
WHOLE: Mapping[str, Callable[[BuiltNetwork, Mapping[str, nn.Module]], int]] = {
    "count": lambda network, modules: len(modules),
    "params": _params,
    "macs": _macs,
    "depthwise": _depthwise,
}
"""questions that the modules answer together"""
