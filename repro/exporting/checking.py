"""Does an exported file compute what the network computes? Asked before the file is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from repro.errors import ReproError
from repro.exported.network_file import open_file
from repro.exporting.request import SEED, ExportRequest
from repro.speed.backends.eager import runner
from repro.speed.backends.equivalence import picture

BOUNDS = {"fp32": 1e-4, "fp16": 3e-2}
"""by how much of the largest value of an output a file of each precision may be off"""
BATCHES = (1, 2, 3)
"""that a file with an open batch is checked with"""


@dataclass(frozen=True)
class Usual:
    """An input, and what the network gives for it in PyTorch."""

    images: Tensor
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class ExportCheck:
    """How a file compares with its network."""

    difference: float
    """largest over all outputs and inputs, each relative to its output's largest value"""
    bound: float
    inputs: tuple[tuple[int, ...], ...]
    """shapes of the inputs that were compared, N x 3 x H x W"""
    problem: str = ""
    """why the file is not kept; empty if nothing is wrong"""

    @property
    def ok(self) -> bool:
        """Whether the file may be kept."""
        return not self.problem


def usual_outputs(request: ExportRequest, model: nn.Module) -> list[Usual]:
    """Seeded inputs of every shape that is checked, and what the network gives in 32 bits.

    ReproError where that is not finite and, with given weights, where it is nothing but zeros.
    """
    run = runner(model)
    usual = []
    for place, shape in enumerate(shapes(request)):
        images = picture(shape, SEED + place)
        outputs = tuple(run(images))
        for output in outputs:
            if not torch.isfinite(output).all() or (request.weights and not output.any()):
                raise ReproError(
                    f"`{request.model}` gives NaN, infinity, or nothing but zeros.",
                    "Are the weights those of this network?",
                )
        usual.append(Usual(images, outputs))
    return usual


def shapes(request: ExportRequest) -> list[tuple[int, ...]]:
    """The inputs that a file is checked with: with an open batch or size, several."""
    sizes = [request.size]
    if request.dynamic_size:
        height, width = request.size
        sizes += [(height + request.stride, width), (height, width + 2 * request.stride)]
    batches = BATCHES if request.dynamic_batch else BATCHES[:1]
    every: list[tuple[int, ...]] = [(batch, 3, *size) for size in sizes for batch in batches]
    return every if len(every) < 6 else [every[0], *every[1::2]]


def checked(request: ExportRequest, path: Path, usual: Sequence[Usual]) -> ExportCheck:
    """How a file that was just written compares with its network."""
    bound = BOUNDS[request.precision]
    taken = tuple(tuple(one.images.shape) for one in usual)
    try:
        file = open_file(path)
    except ReproError as error:
        return ExportCheck(0.0, bound, taken, str(error).rstrip(".").replace(f"`{path}`", "it"))
    names = [output.name for output in file.outputs]
    worst = 0.0
    for one in usual:
        shape = "x".join(map(str, one.images.shape))
        try:
            given = {file.image.name: one.images.numpy()}
            outputs = file.runtime.run(given, names)
        except Exception as error:  # the runtime's own exceptions share no base
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            return ExportCheck(
                worst, bound, taken, f"it fails on an input of {shape}: {first:.160}"
            )
        problem, apart = _compared(one.outputs, outputs)
        worst = max(worst, apart)
        if problem:
            return ExportCheck(worst, bound, taken, f"on an input of {shape} {problem}")
    if not worst <= bound:
        words = f"its outputs differ from PyTorch's by {worst:.1e} of the largest value"
        return ExportCheck(worst, bound, taken, f"{words}, more than {bound:g}")
    return ExportCheck(worst, bound, taken)


def _compared(usual: Sequence[Tensor], outputs: Sequence[NDArray[np.generic]]) -> tuple[str, float]:
    if len(usual) != len(outputs):
        return f"it gives {len(outputs)} outputs, not {len(usual)}", 0.0
    worst = 0.0
    for ours, theirs in zip(usual, outputs, strict=True):
        if tuple(ours.shape) != theirs.shape:
            return f"it gives an output of {theirs.shape}, not {tuple(ours.shape)}", worst
        if not np.isfinite(theirs).all():
            return "it gives NaN or infinity", worst
        ours64, theirs64 = ours.numpy().astype(np.float64), np.asarray(theirs, np.float64)
        worst = max(worst, float(abs(ours64 - theirs64).max() / (abs(ours64).max() or 1)))
    return "", worst
