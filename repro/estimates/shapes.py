"""What a network computes, moves and holds, by its shapes alone: the ground for another device."""

import functools
from collections import Counter
from dataclasses import dataclass
from importlib import import_module

import zoo
from repro.records.runs import CountRun

BYTES = 4
"""of a float32"""
DENSE = ("conv", "transposed", "matmul")
"""kinds of operators that matrix units do"""
COPIES = 4
"""of the weights in a training: they, their gradients and the optimizer's two moments"""


@dataclass(frozen=True, slots=True)
class Calls:
    """Operator calls of one forward pass that are alike."""

    dense: bool
    """whether they are products that matrix units do: convolutions of one group, matrix products"""
    count: int
    macs: int
    """multiply-adds of each, for one sample"""
    moved: int
    """bytes of activations in and out of each, for one sample"""
    weights: int
    """bytes of parameters that each reads, whatever the batch"""


@dataclass(frozen=True, slots=True)
class Shape:
    """One network at one input size."""

    calls: tuple[Calls, ...]
    params: int
    kept: int
    """bytes of activations that a training holds of a sample: every output of every operator"""
    largest: int
    """bytes of activations in and out of the call that has most, for one sample"""

    @property
    def launches(self) -> int:
        """Operator calls of a forward pass."""
        return sum(call.count for call in self.calls)

    def seconds(self, batch: int, dense: float, plain: float, memory: float) -> float:
        """The roofline's bound on a forward pass of one sample of a batch.

        Each call takes the longer of its multiply-adds at the rate of its kind, `dense` or `plain`,
        and its bytes at the rate `memory`, all of them a second.
        """
        return sum(
            call.count
            * max(
                call.macs / (dense if call.dense else plain),
                (call.moved + call.weights / batch) / memory,
            )
            for call in self.calls
        )

    def training_bytes(self, batch: int) -> int:
        """Bytes on the device of a training; an upper bound, as if nothing was done in place."""
        return COPIES * BYTES * self.params + batch * self.kept

    def evaluation_bytes(self, batch: int) -> int:
        """Bytes on the device of a network that only looks: its weights, and the largest call."""
        return BYTES * self.params + batch * self.largest


def shape_of(network: CountRun) -> Shape:
    """The shape of a network; a pass on the meta device, without weights."""
    return _shape(
        network.model, network.input, network.keypoints, tuple(sorted(network.options.items()))
    )


@functools.cache
def _shape(
    model: str, size: tuple[int, int], keypoints: int, options: tuple[tuple[str, object], ...]
) -> Shape:
    import torch

    from repro.evaluation.network import created
    from repro.speed.roofline import traffic

    import_module(zoo.MODELS[model].module)  # torch 2.6 cannot import under a meta device
    with torch.device("meta"):
        network = created(model, keypoints, dict(options)).eval()  # type: ignore[arg-type]
    operators = [one for one in traffic.observe(network, size).operators if one.kind != "view"]
    alike = Counter(
        (
            one.kind in DENSE,
            one.macs,
            one.read + one.written,
            one.weights,
        )
        for one in operators
    )
    return Shape(
        tuple(Calls(dense, count, *rest) for (dense, *rest), count in alike.items()),
        sum(parameter.numel() for parameter in network.parameters()),
        sum(one.written for one in operators),
        max(one.read + one.written for one in operators),
    )
