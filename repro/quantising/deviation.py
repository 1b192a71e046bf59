"""How far a network in whole numbers is from itself in floats, at its outputs and in its layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.errors import RunError
from repro.evaluation.inference import Tell
from repro.exported import runtimes
from repro.exported.form import NHWC, ImageInput
from repro.exported.runtime import Runtime
from repro.files import temporary_folder
from repro.quantising import layers
from repro.quantising.layers import MatchedLayer
from repro.speed.backends.base import reason

Values = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class TensorDeviation:
    """How far one tensor is off, over all inputs that were compared."""

    name: str
    rms: float
    """root mean square of the differences, relative to that of the values"""
    largest: float
    """largest difference, relative to the largest value"""


@dataclass(frozen=True, slots=True)
class GroupDeviation:
    """How far the layers of one group are off."""

    name: str
    """stem, head, or stages of a resolution"""
    layers: int
    rms: float
    """root mean square of the layers' own"""
    largest: float
    """of the layer that is farthest off in that"""
    worst: str
    """the layer whose own root mean square is the largest"""
    worst_rms: float


@dataclass(frozen=True, slots=True)
class NetworkDeviation:
    """How far a network is off."""

    outputs: tuple[TensorDeviation, ...]
    groups: tuple[GroupDeviation, ...]
    """in the order of their first layers"""
    inputs: int
    compared: int
    """layers whose output both graphs have"""
    layers: int
    """in all"""

    @property
    def overall(self) -> TensorDeviation:
        """Of the output that is farthest off."""
        return max(self.outputs, key=lambda one: one.rms)


class _Sums:
    """What one tensor's deviation is made of."""

    def __init__(self) -> None:
        self.difference = self.square = self.apart = self.most = 0.0

    def add(self, ours: Values, theirs: Values) -> None:
        floats = ours.astype(np.float64)
        away = theirs.astype(np.float64) - floats
        self.difference += float((away**2).sum())
        self.square += float((floats**2).sum())
        self.apart = max(self.apart, float(abs(away).max(initial=0)))
        self.most = max(self.most, float(abs(floats).max(initial=0)))

    def deviation(self, name: str) -> TensorDeviation:
        rms = (self.difference / self.square) ** 0.5 if self.square else self.difference**0.5
        return TensorDeviation(name, rms, self.apart / (self.most or 1))


def measured(
    floats: Path, quantised: Path, image: ImageInput, inputs: Sequence[Path], tell: Tell
) -> NetworkDeviation:
    """Run both networks on some inputs and compare their outputs, and those of their layers.

    RunError where the one in whole numbers fails, or gives NaN, infinity or other shapes.
    """
    import onnx

    graphs = onnx.load(floats).graph, onnx.load(quantised).graph
    pairs, total = layers.matched(*graphs)
    names = [one.name for one in graphs[0].output]
    with temporary_folder() as folder:
        paths = folder / "floats.onnx", folder / "quantised.onnx"
        layers.expose(floats, [one.tensor for one in pairs], paths[0])
        layers.expose(quantised, [one.twin for one in pairs], paths[1])
        networks = [runtimes.opened(path) for path in paths]
        both = [(one.tensor, one.twin) for one in pairs] + [(name, name) for name in names]
        sums = [_Sums() for _ in both]
        heights: list[int | None] = []
        height = 0
        for path in inputs:
            given = {image.name: np.load(path)}
            height = height or given[image.name].shape[1 if image.layout == NHWC else 2]
            ours, theirs = (
                _run(network, file, given, [pair[side] for pair in both])
                for side, (network, file) in enumerate(zip(networks, paths, strict=True))
            )
            _check(names, ours[len(pairs) :], theirs[len(pairs) :])
            heights = heights or [_height(one) for one in ours[: len(pairs)]]
            for one, usual, other in zip(sums, ours, theirs, strict=True):
                one.add(usual, other)
            tell(1)
    found = [one.deviation(pair[0]) for one, pair in zip(sums, both, strict=True)]
    groups = _grouped(pairs, found, layers.groups(heights, height))
    return NetworkDeviation(tuple(found[len(pairs) :]), groups, len(inputs), len(pairs), total)


def _run(
    network: Runtime, path: Path, given: dict[str, Values], names: Sequence[str]
) -> Sequence[Values]:
    try:
        return network.run(given, names)
    except RunError:
        raise
    except Exception as error:  # the runtime's own exceptions share no base
        raise RunError(
            f"The {path.stem} network cannot be run: {reason(error)}.", "Another --method may do."
        ) from error


def _check(names: Sequence[str], ours: Sequence[Values], theirs: Sequence[Values]) -> None:
    """Raise RunError where outputs cannot be held against each other."""
    for name, usual, other in zip(names, ours, theirs, strict=True):
        if usual.shape != other.shape:
            said = f"its output `{name}` is {other.shape}, not {usual.shape}"
        elif not np.isfinite(other.astype(np.float64)).all():
            said = f"its output `{name}` has NaN or infinity"
        else:
            continue
        raise RunError(f"The int8 network was not kept: {said}.", "Another --method may do.")


def _height(values: Values) -> int | None:
    """Of a map (N, C, H, W); None of anything else."""
    return values.shape[2] if values.ndim == 4 and min(values.shape[2:]) > 1 else None


def _grouped(
    pairs: Sequence[MatchedLayer], found: Sequence[TensorDeviation], groups: Sequence[str]
) -> tuple[GroupDeviation, ...]:
    by_group: dict[str, list[tuple[str, TensorDeviation]]] = {}
    for pair, one, group in zip(pairs, found, groups, strict=False):
        by_group.setdefault(group, []).append((pair.name, one))
    grouped = []
    for group, members in by_group.items():
        name, worst = max(members, key=lambda one: one[1].rms)
        rms = float(np.sqrt(np.mean([one.rms**2 for _, one in members])))
        largest = max(one.largest for _, one in members)
        grouped.append(GroupDeviation(group, len(members), rms, largest, name, worst.rms))
    return tuple(grouped)
