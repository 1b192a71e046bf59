"""The bytes that every operator of a network moves: inputs, weights and outputs, from shapes.

One forward pass on the meta device, without weights and without arithmetic. Each call is charged
with all it reads and writes, as if no cache kept anything between two calls; views move nothing.
Multiply-adds are those of the `conv` convention (repro.counting.counter).
"""
# mypy: allow-untyped-calls
# the constructor of torch's TorchDispatchMode carries no types

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from repro.counting.counter import COUNTED
from repro.speed.roofline.model import Operator, Work

SPATIAL = ("pool", "upsample", "mean", "softmax", "cat", "stack", "pad", "shuffle", "copy", "clone")
"""parts of the names of operators that look beyond their own element or only move it: a compiler
cannot merge these into the call before them at no cost"""


def observe(model: nn.Module, size: tuple[int, int], batch: int = 1) -> Work:
    """The work of one forward pass of `batch` images (3, height, width) of float32.

    `model` lies on the meta device, in eval mode.
    """
    mode = _Recorder()
    mode.fixed = {
        _storage(tensor) for tensors in (model.parameters(), model.buffers()) for tensor in tensors
    }
    mode.operators = []
    image = torch.zeros(batch, 3, *size, device="meta")
    with mode, torch.no_grad():
        model(image)
    return Work(tuple(mode.operators), batch)


class _Recorder(TorchDispatchMode):
    """Note every aten operator that runs."""

    fixed: set[int]
    """storages of parameters and buffers"""
    operators: list[Operator]

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        self.operators.append(_operator(func, args, kwargs or {}, result, self.fixed))
        return result


def _operator(
    func: torch._ops.OpOverload,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    result: object,
    fixed: set[int],
) -> Operator:
    name = func.overloadpacket.__name__
    inputs = {_identity(tensor): tensor for tensor in _tensors((args, *kwargs.values()))}
    outputs = list(_tensors(result))
    known = {_storage(tensor) for tensor in inputs.values()}
    if not func._schema.is_mutable and all(_storage(tensor) in known for tensor in outputs):
        return Operator(name, "view", 0, 0, 0, 0)
    if name.startswith(("empty", "new_empty")):
        return Operator(name, "view", 0, 0, 0, 0)
    weights = sum(_bytes(one) for one in inputs.values() if _storage(one) in fixed)
    sizes = [_bytes(one) for one in inputs.values() if _storage(one) not in fixed]
    operator = Operator(
        name=name,
        kind=_kind(name, args),
        macs=_macs(name, args, result),
        read=sum(sizes),
        weights=weights,
        written=sum(_bytes(tensor) for tensor in outputs),
    )
    alone = operator.kind != "norm" and (operator.macs or any(part in name for part in SPATIAL))
    kept = operator.moved if alone or not sizes else sum(sizes) - max(sizes)
    return replace(operator, beside=kept)


def _macs(name: str, args: tuple[object, ...], result: object) -> int:
    """Multiply-adds of the whole batch; the convention's rule for convolutions is for one image."""
    if name not in COUNTED:
        return 0
    kind, rule = COUNTED[name]
    tensors = cast(tuple[Tensor, ...], args)
    return rule(tensors, cast(Tensor, result)) * (len(tensors[0]) if kind == "conv" else 1)


def _kind(name: str, args: tuple[object, ...]) -> str:
    if name == "convolution":
        transposed, groups = args[6], args[8]
        return "transposed" if transposed else "grouped" if groups != 1 else "conv"
    if name in COUNTED:
        return COUNTED[name][0]
    return "norm" if "norm" in name else "other"


def _tensors(value: object) -> Iterator[Tensor]:
    """The tensors in nested arguments or results, those without elements left out."""
    if isinstance(value, Tensor):
        if value.numel():
            yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _identity(tensor: Tensor) -> tuple[object, ...]:
    """Equal for two names of the same elements: `x * x` reads x once."""
    return _storage(tensor), tensor.storage_offset(), tensor.shape, tensor.stride()


def _bytes(tensor: Tensor) -> int:
    """An expanded tensor is read once; a slice counts its own elements alone."""
    return min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes())
