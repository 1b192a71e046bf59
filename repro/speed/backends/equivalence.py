"""Does a backend compute what eager computes? Asked before its speed counts.

Maps are compared on real values: the caller's example, and a picture-like input. Random weights
tell a wrong result from a right one only where the statistics of batch normalisation fit them;
`calibrated` sees to that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

    Run = Callable[[Tensor], Sequence[Tensor] | Sequence[NDArray[np.float32]]]

Map = NDArray[np.float32]

DIFFERENCE = 1e-3
"""of an output's largest value, that a backend may be off"""
SHIFT = 0.05
"""heatmap pixels that a peak may move"""
CLEAR = 5e-3
"""of an output's largest value, by which a clear peak exceeds all that is not beside it"""
CURVED = 2e-2
"""of an output's largest value, by which a clear peak's two neighbours lie below it, together"""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""of ImageNet's colours, by which these networks' inputs are normalised"""


@dataclass(frozen=True)
class Agreement:
    """How a backend's outputs compare with eager's."""

    difference: float
    """largest over all outputs, each relative to its own largest value; inf where they do not
    compare"""
    shift: float | None
    """farthest that a clear peak moved, in heatmap pixels; None where no map has one"""
    peaks: int
    """how many clear peaks there were"""
    reason: str = ""
    """what is wrong; empty if nothing is"""

    @property
    def ok(self) -> bool:
        """Whether the backend's speed counts."""
        return not self.reason


def compare(
    model: "nn.Module",
    run: "Run",
    example: "Tensor",
    difference: float = DIFFERENCE,
    shift: float = SHIFT,
) -> Agreement:
    """Run a network in eager torch and by a backend, on the example and on a picture-like input."""
    from repro.speed.backends.eager import runner

    inputs = example, picture(tuple(example.shape))
    return agreement(runner(model), run, inputs, difference, shift)


def agreement(
    reference: "Run",
    run: "Run",
    inputs: "Sequence[Tensor]",
    difference: float = DIFFERENCE,
    shift: float = SHIFT,
    whose: str = "eager",
) -> Agreement:
    """How the outputs of two ways of running one network compare on some inputs.

    `whose` is what the reference is called.
    """
    agreements = []
    for images in inputs:
        usual = _arrays(reference(images.clone()))
        outputs = _arrays(run(images.clone()))
        agreements.append(_compared(usual, outputs, difference, shift, whose))
        if not agreements[-1].ok:
            break
    shifts = [agreement.shift for agreement in agreements if agreement.shift is not None]
    return Agreement(
        max(agreement.difference for agreement in agreements),
        max(shifts, default=None),
        sum(agreement.peaks for agreement in agreements),
        agreements[-1].reason,
    )


def _arrays(outputs: "Sequence[Tensor] | Sequence[Map]") -> list[Map]:
    """Outputs that later calls cannot overwrite."""
    plain = (output if isinstance(output, np.ndarray) else output.numpy() for output in outputs)
    return [output.astype(np.float32) for output in plain]


def _compared(
    usual: Sequence[Map], outputs: Sequence[Map], difference: float, shift: float, whose: str
) -> Agreement:
    def refused(reason: str) -> Agreement:
        return Agreement(float("inf"), None, 0, reason)

    if len(usual) != len(outputs):
        return refused(f"it gives {len(outputs)} outputs, {whose} {len(usual)}")
    pairs = list(zip(usual, outputs, strict=True))
    for old, new in pairs:
        if old.shape != new.shape:
            return refused(f"it gives an output of {new.shape}, {whose} of {old.shape}")
        if not np.isfinite(old).all() or not old.any():
            return refused(f"{whose}'s own output is not finite, or zero: nothing can be compared")
        if not np.isfinite(new).all():
            return refused("its output is not finite")
    gaps = [float(abs(old - new).max() / abs(old).max()) for old, new in pairs]
    moves = np.concatenate([_moves(old, new) for old, new in pairs])
    worst, farthest = max(gaps), float(moves.max()) if len(moves) else None
    reason = ""
    if not worst <= difference:
        reason = (
            f"its output differs from {whose}'s by {worst:.1e} of the largest value, "
            f"more than {difference:g}"
        )
    elif farthest is not None and not farthest <= shift:
        reason = f"a peak lies {farthest:.2f} heatmap pixels off, more than {shift:g}"
    return Agreement(worst, farthest, len(moves), reason)


def _moves(usual: Map, output: Map) -> NDArray[np.float64]:
    """How far each clear peak of an output (N, K, h, w) moved; none where it is no such maps."""
    if usual.ndim != 4 or min(usual.shape[2:]) < 3:
        return np.empty(0)
    shape = (-1, *usual.shape[2:])
    maps, others = usual.reshape(shape), output.reshape(shape)
    clear = _clear(maps, float(abs(usual).max()))
    x, y = (_peaks(maps[clear]) - _peaks(others[clear])).T
    moved: NDArray[np.float64] = np.hypot(x, y)
    return moved


def _clear(maps: Map, largest: float) -> NDArray[np.bool_]:
    """Which maps (M, h, w) have one peak that small differences cannot move."""
    centre, across, down = _around(maps)
    rows, columns = _largest(maps)
    beside = (abs(np.arange(maps.shape[1]) - rows[:, None]) <= 1)[:, :, None] & (
        abs(np.arange(maps.shape[2]) - columns[:, None]) <= 1
    )[:, None]
    second = np.where(beside, -np.inf, maps).max(axis=(1, 2))
    curved = np.minimum(2 * centre - across.sum(axis=1), 2 * centre - down.sum(axis=1))
    clear: NDArray[np.bool_] = (centre - second > CLEAR * largest) & (curved > CURVED * largest)
    return clear


def _largest(maps: Map) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each map's largest value."""
    count, height, width = maps.shape
    return np.divmod(maps.reshape(count, height * width).argmax(axis=1), width)


def _around(maps: Map) -> tuple[Map, Map, Map]:
    """A map's largest value (M,), and those left and right, above and below it (M, 2).

    Where there is none, beyond the border, it is taken to be like the one opposite, so that a peak
    at the border has no sub-pixel part across it.
    """
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    number, (rows, columns) = np.arange(len(maps)), _largest(maps)

    def beside(down: int, right: int) -> Map:
        values: Map = padded[number, rows + 1 + down, columns + 1 + right]
        return values

    across = np.stack((beside(0, -1), beside(0, 1)), axis=1)
    return beside(0, 0), across, np.stack((beside(-1, 0), beside(1, 0)), axis=1)


def _peaks(maps: Map) -> NDArray[np.float64]:
    """Where each map (M, h, w) is largest, (M, 2) as x, y, with the parabola through neighbours."""
    centre, across, down = _around(maps)
    rows, columns = _largest(maps)
    parts = [
        (pair[:, 1] - pair[:, 0]) / np.maximum(2 * (2 * centre - pair.sum(axis=1)), 1e-12)
        for pair in (across, down)
    ]
    return np.stack((columns + parts[0], rows + parts[1]), axis=1)


def picture(shape: tuple[int, ...], seed: int = 0) -> "Tensor":
    """A normalised input (N, 3, H, W) with the statistics of photographs, the same every time.

    Amplitudes fall with frequency as in natural images (Field, JOSA A 1987), the colours go
    together, and flat discs in front make edges (dead leaves, Lee et al., IJCV 2001).
    """
    import torch

    random = np.random.default_rng(seed)
    number, channels, height, width = shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf
    noise = random.standard_normal((number, channels + 1, height, width))
    smooth = np.fft.irfft2(np.fft.rfft2(noise) / frequency, s=(height, width))
    smooth /= smooth.std(axis=(2, 3), keepdims=True)
    images = 0.45 + 0.22 * smooth[:, :1] + 0.06 * smooth[:, 1:]
    rows, columns = np.mgrid[:height, :width]
    for image in images:
        for _ in range(12):
            y, x = random.uniform(0, height), random.uniform(0, width)
            disc = np.hypot(rows - y, columns - x) < random.uniform(0.02, 0.2) * max(shape[2:])
            image[:, disc] = random.uniform(0.05, 0.95, (channels, 1))
    mean, deviation = (np.resize(value, channels)[:, None, None] for value in (MEAN, DEVIATION))
    return torch.from_numpy(((np.clip(images, 0, 1) - mean) / deviation).astype(np.float32))


def calibrated(model: "nn.Module", example: "Tensor", seed: int = 0) -> "nn.Module":
    """A copy in eval mode whose batch normalisations have the statistics of what they see.

    Their weights and biases are drawn, so that folding them wrongly shows. The biases are mostly
    positive: where half of all values end at a ReLU, a deep random network multiplies the rounding
    of its first layers a thousandfold. Parameters of more than one dimension that are all zero,
    which would hide a branch, are drawn too. The result is the same to the bit on one machine,
    whatever the number of threads.
    """
    import copy

    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    result = copy.deepcopy(model).eval()
    random = torch.Generator().manual_seed(seed)
    norms = [module for module in result.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            for parameter in result.parameters():
                if parameter.dim() > 1 and not parameter.any():
                    parameter.normal_(0, parameter[0].numel() ** -0.5, generator=random)
            for norm in norms:
                norm.train()
                norm.momentum = None  # the average of all batches since the reset: of one
                norm.reset_running_stats()
                if norm.affine:
                    norm.weight.uniform_(0.5, 1.5, generator=random)
                    norm.bias.normal_(1, 0.3, generator=random)
            result(picture((4, *example.shape[1:]), seed))
    finally:
        torch.set_num_threads(threads)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.eval().momentum = momentum
    return result
