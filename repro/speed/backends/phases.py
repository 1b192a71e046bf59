"""Transposed convolutions as plain ones on the grid of their input.

The output of a transposed convolution with stride s is s x s maps of the input's size, interleaved;
each is a plain convolution of the input with every s-th weight (Shi et al., arXiv:1609.07009).
Runtimes that are fast at plain convolutions are several times slower at transposed ones: without
these, whole networks are up to 1.4 times as fast.

What comes next and looks at one position at a time, an activation, a 1x1 convolution, a gate of
the channels, is done to each map by itself. Only an operator that looks further gets them
interleaved, often not before the heatmaps, which have the fewest channels. No graph is traced for
that: the maps go through the network as one object, to which torch hands every call that it is in.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._pytree import tree_map

from repro.speed.backends.folding import changed

Nested = TypeVar("Nested")

ACTIVATIONS = frozenset(
    {
        functional.relu,
        functional.relu6,
        functional.leaky_relu,
        functional.hardsigmoid,
        functional.hardswish,
        functional.silu,
        torch.relu,
        torch.sigmoid,
    }
)
"""what nn.ReLU and others call: functions of one position and one channel"""


class PhaseMaps:
    """Stands for a tensor (N, C, s * h, s * w) whose maps (N, C, h, w), row by row, it has."""

    def __init__(self, maps: Sequence[Tensor], stride: int) -> None:
        self.maps = maps
        self.stride = stride
        self._whole: Tensor | None = None

    def whole(self) -> Tensor:
        """The tensor, made when it is first asked for."""
        if self._whole is None:
            self._whole = cast(Tensor, _Interleave.apply(self.stride, *self.maps))
        return self._whole

    @property
    def shape(self) -> torch.Size:
        """Of the tensor."""
        number, channels, height, width = self.maps[0].shape
        return torch.Size((number, channels, self.stride * height, self.stride * width))

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole(), name)

    def __getitem__(self, index: object) -> object:
        return self.whole()[index]  # type: ignore[index]

    def __add__(self, other: object) -> "PhaseMaps | Tensor":
        return self._with(other, torch.add)

    def __mul__(self, other: object) -> "PhaseMaps | Tensor":
        return self._with(other, torch.mul)

    __radd__, __rmul__ = __add__, __mul__

    def _with(self, other: object, do: Callable[..., Tensor]) -> "PhaseMaps | Tensor":
        """The sum or product with a number, with gates of channels or positions, or with maps."""
        rows = range(self.stride)
        parts: Sequence[object]
        if isinstance(other, PhaseMaps):
            if other.stride != self.stride or other.shape[2:] != self.shape[2:]:
                return do(self.whole(), other.whole())
            parts = other.maps
        elif not isinstance(other, Tensor) or other.dim() == 0 or other.shape[2:] == (1, 1):
            parts = [other] * len(self.maps)
        elif other.dim() == 4 and other.shape[1:] == (1, *self.shape[2:]):
            parts = [other[:, :, i :: self.stride, j :: self.stride] for i in rows for j in rows]
        else:
            return do(self.whole(), other)
        pairs = zip(self.maps, parts, strict=True)
        return PhaseMaps([do(tensor, part) for tensor, part in pairs], self.stride)

    @classmethod
    def __torch_function__(  # type: ignore[no-untyped-def]
        cls, func, types, args=(), kwargs=None
    ):
        """Do to each map what looks at one position, all else to the tensor."""
        first, rest, kwargs = args[:1], args[1:], kwargs or {}
        if first and isinstance(first[0], PhaseMaps):
            (phases,) = first
            if func in ACTIVATIONS or (func is torch.conv2d and _pointwise(*rest, **kwargs)):
                if kwargs.get("inplace"):
                    phases._whole = None
                maps = [func(tensor, *rest, **kwargs) for tensor in phases.maps]
                return PhaseMaps(maps, phases.stride)
            if func is functional.adaptive_avg_pool2d and rest in ((1,), ((1, 1),)):
                means = [func(tensor, 1) for tensor in phases.maps]
                return sum(means[1:], means[0]) / len(means)
        return func(*interleaved(args), **interleaved(kwargs))


def interleaved(nested: Nested) -> Nested:
    """The same with tensors in place of maps."""
    whole: Nested = tree_map(
        lambda leaf: leaf.whole() if isinstance(leaf, PhaseMaps) else leaf, nested
    )
    return whole


def _pointwise(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    groups: int = 1,
) -> bool:
    """Whether a convolution with these arguments looks at one position at a time."""
    return weight.shape[2:] == (1, 1) and stride in (1, (1, 1)) and padding in (0, (0, 0))


class _Interleave(torch.autograd.Function):
    """Maps (N, C, h, w) to (N, C, s * h, s * w), the channels innermost; in ONNX one operator."""

    @staticmethod
    def forward(ctx: object, stride: int, *maps: Tensor) -> Tensor:
        number, channels, height, width = maps[0].shape
        last = [tensor.permute(0, 2, 3, 1) for tensor in maps]
        rows = [torch.stack(last[i : i + stride], 3) for i in range(0, len(last), stride)]
        together = torch.stack(rows, 2)  # (N, h, s, w, s, C)
        whole = together.reshape(number, stride * height, stride * width, channels)
        return whole.permute(0, 3, 1, 2)

    @staticmethod
    def symbolic(g, stride, *maps):  # type: ignore[no-untyped-def]
        together = g.op("Concat", *maps, axis_i=1)
        return g.op("DepthToSpace", together, blocksize_i=stride, mode_s="DCR")


class _Convolve(torch.autograd.Function):
    """A convolution with other zeros on the left and top than on the right and bottom.

    In ONNX it is one operator; the exporter's own padding is several, which a runtime keeps.
    """

    @staticmethod
    def forward(
        ctx: object,
        images: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        padding: tuple[int, int, int, int],
        groups: int,
    ) -> Tensor:
        if weight.shape[1] > 1:
            padded = functional.pad(images, padding)
            return functional.conv2d(padded, weight, bias, groups=groups)
        # a depthwise convolution is bound by memory: zeros in the weight cost less than a copy
        left, right, top, bottom = padding
        x, y = max(left, right), max(top, bottom)
        larger = functional.pad(weight, (x - left, x - right, y - top, y - bottom))
        return functional.conv2d(images, larger, bias, padding=(y, x), groups=groups)

    @staticmethod
    def symbolic(g, images, weight, bias, padding, groups):  # type: ignore[no-untyped-def]
        left, right, top, bottom = padding
        inputs = (images, weight) if bias is None else (images, weight, bias)
        return g.op("Conv", *inputs, pads_i=[top, left, bottom, right], group_i=groups)


class Upsampling(nn.Module):
    """A transposed convolution that gives the maps of its output."""

    def __init__(self, convolution: nn.ConvTranspose2d) -> None:
        super().__init__()
        self.stride, self.groups = convolution.stride[0], convolution.groups
        weight, self.bias = convolution.weight.detach(), convolution.bias
        grouped = weight.view(self.groups, -1, *weight.shape[1:])
        weight = grouped.transpose(1, 2).flatten(0, 1)  # (C', C / groups, k, k)
        self.weights = nn.ParameterList()
        self.paddings = []
        rows, columns = (_phases(convolution, axis) for axis in (0, 1))
        for above, below, down in rows:
            for left, right, across in columns:
                part = weight[:, :, down][:, :, :, across]
                self.weights.append(nn.Parameter(part.contiguous(), requires_grad=False))
                self.paddings.append((left, right, above, below))

    def forward(self, images: "Tensor | PhaseMaps") -> PhaseMaps:
        """Maps of an input (N, C, h, w), each (N, C', h, w)."""
        images = interleaved(images)
        maps = [
            cast(Tensor, _Convolve.apply(images, weight, self.bias, padding, self.groups))
            for weight, padding in zip(self.weights, self.paddings, strict=True)
        ]
        return PhaseMaps(maps, self.stride)


def _phases(convolution: nn.ConvTranspose2d, axis: int) -> list[tuple[int, int, list[int]]]:
    """Along an axis, of each map: zeros before and behind the input, and its weights' places.

    Output s * q + phase gets input q + shift by the weight at phase + padding - s * shift.
    """
    kernel, stride = convolution.kernel_size[axis], convolution.stride[axis]
    padding = cast(int, convolution.padding[axis])
    phases = []
    for first in range(padding, padding + stride):
        places = [place for place in reversed(range(kernel)) if (first - place) % stride == 0]
        shifts = [(first - place) // stride for place in places]
        phases.append((-min(shifts, default=1), max(shifts, default=-1), places))
    return phases


def _splits(module: nn.Module) -> bool:
    """Whether a module is a transposed convolution whose output is s times as large as its input.

    No hook may see it, and no map may need the input cut.
    """
    if type(module) is not nn.ConvTranspose2d or module._forward_hooks or module._forward_pre_hooks:
        return False
    return (
        module.stride[0] == module.stride[1] > 1
        and module.dilation == (1, 1)
        and all(_fits(module, axis) for axis in (0, 1))
    )


def _fits(convolution: nn.ConvTranspose2d, axis: int) -> bool:
    size = convolution.kernel_size[axis] + convolution.output_padding[axis]
    grown = convolution.stride[axis] + 2 * cast(int, convolution.padding[axis])
    zeros = [min(before, behind) for before, behind, _ in _phases(convolution, axis)]
    return size == grown and min(zeros) >= 0


class _Whole(nn.Module):
    """A network whose outputs are tensors again."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> object:
        return interleaved(self.model(images))


@dataclass(frozen=True)
class Split:
    """A network without the transposed convolutions that could be split."""

    model: nn.Module
    """a copy in eval mode, or the network itself if nothing was split"""
    names: tuple[str, ...]
    """transposed convolutions that are none any more"""
    problem: str = ""
    """why nothing was split although something could be"""


def split(model: nn.Module, example: Tensor) -> Split:
    """The network with its transposed convolutions split, checked on the example."""
    names = tuple(name for name, module in model.named_modules() if name and _splits(module))
    if not names:
        return Split(model, ())
    problem = changed(model, example, lambda network: _apply(network, names))
    return Split(model, (), problem) if problem else Split(_apply(model, names), names)


def _apply(model: nn.Module, names: Sequence[str]) -> nn.Module:
    network = copy.deepcopy(model).eval()
    for name in names:
        parent, _, attribute = name.rpartition(".")
        module = cast(nn.ConvTranspose2d, network.get_submodule(name))
        setattr(network.get_submodule(parent), attribute, Upsampling(module))
    return _Whole(network)
