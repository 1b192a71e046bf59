"""Batch normalisation folded into the convolution before it, on a copy of any network.

In eval mode a batch normalisation multiplies each channel by `weight / sqrt(variance + eps)` and
adds a constant, which a convolution can do itself: its output channels' weights are scaled and its
bias takes the rest (Jacob et al., CVPR 2018, section 3.2). The output channels of a transposed
convolution are the second axis of its weight, group by group.

Which convolution feeds which normalisation is seen by running the network once and watching every
operator: no graph is traced, so that any network can be taken. A pair is folded only where all that
the convolution gives goes to the normalisation and nowhere else, the normalisation takes nothing
else, and no other operator reads their parameters. The result is checked in double precision.
"""

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.hooks import RemovableHandle

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
"""what is folded; a subclass may do more than normalise"""
EXACT, CLOSE = 1e-9, 1e-3
"""largest difference of an output that a fold may make, relative to its largest value: in double
precision, and in single precision for a network that cannot run in double"""


@dataclass(frozen=True)
class Folded:
    """A network without the batch normalisations that could be folded."""

    model: nn.Module
    """a copy in eval mode; the network itself is as it was"""
    pairs: tuple[tuple[str, str], ...]
    """names of convolution and normalisation"""
    kept: tuple[str, ...]
    """normalisations that are still there"""
    problem: str = ""
    """why nothing was folded although there were pairs"""


def fold(model: nn.Module, example: Tensor) -> Folded:
    """The network with every batch normalisation folded that can be, checked on the example."""
    result = copy.deepcopy(model).eval()
    pairs, problem = _watch(result, example), ""
    if pairs:
        problem = changed(model, example, lambda network: _apply(network, pairs))
        pairs = () if problem else pairs
        _apply(result, pairs)
    kept = tuple(name for name, module in result.named_modules() if isinstance(module, _BatchNorm))
    return Folded(result, pairs, kept, problem)


@dataclass
class _Calls:
    """What went through a module each time it ran."""

    taken: list[Tensor | None] = field(default_factory=list)
    given: list[Tensor | None] = field(default_factory=list)


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operators that read a convolution's output or a parameter."""

    def __init__(self, kept: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.reads = Counter({id(tensor): 0 for tensor in kept})
        self.convolved: dict[int, tuple[Tensor, Tensor]] = {}
        """output and weight by the identity of the output, which lives as long as this object"""

    def __torch_dispatch__(  # type: ignore[no-untyped-def]
        self, func, types, args=(), kwargs=None
    ):
        """Run an operator and take note of what it reads."""
        given = func(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor) and id(leaf) in self.reads:
                self.reads[id(leaf)] += 1
        if func.overloadpacket is torch.ops.aten.convolution:
            self.convolved[id(given)] = (given, args[1])
            self.reads[id(given)] = 0
        return given


@dataclass
class _Modules:
    """The convolutions and normalisations of a network under watch."""

    convolutions: dict[str, _ConvNd] = field(default_factory=dict)
    norms: dict[str, _BatchNorm] = field(default_factory=dict)
    calls: dict[int, _Calls] = field(default_factory=dict)


def _watch(model: nn.Module, example: Tensor) -> tuple[tuple[str, str], ...]:
    """The pairs that may be folded."""
    modules = _modules(model)
    watch = _Watch([*model.parameters(), *model.buffers()])
    with ExitStack() as stack:
        for module in (*modules.convolutions.values(), *modules.norms.values()):
            stack.callback(_listen(module, modules.calls).remove)
        stack.enter_context(torch.no_grad())
        with watch:
            outputs = model(example)
    for leaf in tree_leaves(outputs):  # who gets an output reads it
        if id(leaf) in watch.reads:
            watch.reads[id(leaf)] += 1
    return tuple(_pairs(modules, watch))


def _modules(model: nn.Module) -> _Modules:
    """Those that stand in one place, without hooks of others, and in eval mode."""
    modules = _Modules()
    places = Counter(id(module) for _, module in model.named_modules(remove_duplicate=False))
    for name, module in model.named_modules():
        if places[id(module)] > 1 or module._forward_hooks or module._forward_pre_hooks:
            continue
        if isinstance(module, _ConvNd):
            modules.convolutions[name] = module
        elif type(module) in NORMS and not module.training and name:
            modules.norms[name] = module
    return modules


def _listen(module: nn.Module, calls: dict[int, _Calls]) -> RemovableHandle:
    call = calls.setdefault(id(module), _Calls())

    def note(module: nn.Module, taken: Sequence[object], given: object) -> None:
        call.taken.append(taken[0] if taken and isinstance(taken[0], Tensor) else None)
        call.given.append(given if isinstance(given, Tensor) else None)

    return module.register_forward_hook(note)


def _pairs(modules: _Modules, watch: _Watch) -> Iterable[tuple[str, str]]:
    feeding = {
        frozenset(map(id, calls.given)): name
        for name, module in modules.convolutions.items()
        if (calls := modules.calls[id(module)]).given and _is_plain(module, calls, watch)
    }
    for name, norm in modules.norms.items():
        calls = modules.calls[id(norm)]
        times = len(calls.taken)
        source = feeding.get(frozenset(map(id, calls.taken)))
        if (
            source is not None
            and all(watch.reads[id(tensor)] == 1 for tensor in calls.taken)
            and norm.running_mean is not None
            and norm.running_var is not None
            and norm.num_features == modules.convolutions[source].out_channels
            and all(watch.reads[id(tensor)] == times for tensor in _tensors(norm))
        ):
            yield source, name


def _is_plain(module: _ConvNd, calls: _Calls, watch: _Watch) -> bool:
    """Whether each call gave what one convolution with the module's very weight gave, batched."""
    parameters = [tensor for tensor in module._parameters.values() if tensor is not None]
    weight = module._parameters.get("weight")
    convolved = [watch.convolved.get(id(given)) for given in calls.given]
    return (
        weight is not None
        and all(one is not None and one[1] is weight for one in convolved)
        and all(one is not None and one[0].dim() == weight.dim() for one in convolved)
        and all(watch.reads[id(tensor)] == len(convolved) for tensor in parameters)
    )


def _tensors(norm: _BatchNorm) -> list[Tensor]:
    tensors = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    return [tensor for tensor in tensors if tensor is not None]


def _apply(model: nn.Module, pairs: Iterable[tuple[str, str]]) -> nn.Module:
    """Fold named pairs in place; the same network."""
    modules = dict(model.named_modules())
    for convolution, norm in pairs:
        _fold(modules[convolution], modules[norm])
        parent, _, name = norm.rpartition(".")
        setattr(modules[parent], name, nn.Identity())
    return model


@torch.no_grad()
def _fold(convolution: nn.Module, norm: nn.Module) -> None:
    """Let a convolution do a normalisation's work; computed in double precision."""
    assert isinstance(convolution, _ConvNd) and isinstance(norm, _BatchNorm)
    assert norm.running_mean is not None and norm.running_var is not None
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.affine:
        scale *= norm.weight.double()
    shift = -norm.running_mean.double() * scale
    if norm.affine:
        shift += norm.bias.double()
    if convolution.bias is not None:
        shift += convolution.bias.double() * scale
    weight = convolution.weight
    scaled = scaled_weight(weight.double(), scale, convolution.transposed, convolution.groups)
    convolution.weight = nn.Parameter(scaled.to(weight.dtype), weight.requires_grad)
    convolution.bias = nn.Parameter(shift.to(weight.dtype), weight.requires_grad)


def scaled_weight(weight: Tensor, scale: Tensor, transposed: bool, groups: int) -> Tensor:
    """Each output channel of a weight (out, in / groups, ...) or (in, out / groups, ...) scaled."""
    if not transposed:
        return weight * scale.view(-1, *[1] * (weight.dim() - 1))
    grouped = weight.view(groups, -1, *weight.shape[1:])
    by_group = scale.view(groups, 1, -1, *[1] * (weight.dim() - 2))
    return (grouped * by_group).view_as(weight)


@torch.no_grad()
def changed(model: nn.Module, example: Tensor, change: Callable[[nn.Module], nn.Module]) -> str:
    """What is wrong with a network's outputs after a change of a copy; empty if nothing is.

    Both are computed in double precision, where the network can.
    """
    exact, images, limit = copy.deepcopy(model).eval().double(), example.double(), EXACT
    try:
        before = _outputs(exact, images)
    except RuntimeError:  # a network that makes tensors of its own precision
        exact, images, limit = copy.deepcopy(model).eval(), example, CLOSE
        before = _outputs(exact, images)
    try:
        after = _outputs(change(exact), images)
    except Exception as error:  # whatever a network does with modules that are gone
        return f"changed, the network fails: {error}"
    return _differing(before, after, limit)


def _outputs(model: nn.Module, images: Tensor) -> list[Tensor]:
    """The tensors that a network gives, safe from later changes."""
    return [leaf.clone() for leaf in tree_leaves(model(images)) if isinstance(leaf, Tensor)]


def _differing(before: Sequence[Tensor], after: Sequence[Tensor], limit: float) -> str:
    """What is wrong with a changed network's outputs; empty if nothing is."""
    if len(before) != len(after):
        return f"there are {len(after)} outputs instead of {len(before)}"
    for old, new in zip(before, after, strict=True):
        if old.shape != new.shape:
            return f"an output is {tuple(new.shape)} instead of {tuple(old.shape)}"
        gap, largest = (old - new).abs().max().item(), old.abs().max().item()
        if not gap <= limit * largest:
            return f"an output changes by {gap:.1e}, its largest value is {largest:.1e}"
    return ""
