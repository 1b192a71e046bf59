"""Read ncnn's pair of files: a `.param` of one line for each layer, and a `.bin` of its values.

The lines stand in the order of computation, the values in that of the lines. Weights begin with a
mark of four bytes: fractions of 32 bits follow, or of 16 bits filled up to four bytes. Biases and
the numbers of normalisations have no mark and 32 bits. The numbers of a line, as `0=32 1=3`, are
those of the ncnn wiki's operation table.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.checkpoints import file_layers
from repro.checkpoints.containers import ValueBudget, Values, text_of, values_beside
from repro.checkpoints.file_layers import (
    AFFINE,
    CONV,
    JOINED,
    LINEAR,
    OTHER,
    PASSED,
    TRANSPOSED,
    Step,
)
from repro.errors import ReproError

HALVES, SINGLES = 0x01306B47, (0, 0x0002C056)
"""marks of weights of 16 and of 32 bits"""
ARRAYS = 23300
"""a number -23300 - n begins the list of parameter n"""
FUSED = {1: "relu", 2: "leaky", 4: "sigmoid"}
"""parameter 9 of a layer: what follows in it; others are not told apart"""
FOLLOWING = {
    "ReLU": "relu",
    "ELU": "elu",
    "Sigmoid": "sigmoid",
    "TanH": "tanh",
    "Concat": JOINED,
    "Split": PASSED,
    "Noop": PASSED,
    "Dropout": PASSED,
}
UNREAD = {
    *("BinaryNet", "Convolution1D", "Convolution3D", "ConvolutionDepthWise1D"),
    *("ConvolutionDepthWise3D", "Deconvolution1D", "Deconvolution3D", "DeformableConv2D"),
    *("Dequantize", "Embed", "GRU", "GroupNorm", "InstanceNorm", "LSTM", "LayerNorm"),
    *("MultiHeadAttention", "Normalize", "PReLU", "Quantize", "RMSNorm", "RNN", "Requantize"),
}
"""layers with values whose place in the file is not known here"""

MOST_LAYERS = 100_000

Numbers = Mapping[int, float]


@dataclass
class Reading:
    """The values of a `.bin`, taken from its beginning to its end."""

    path: Path
    content: bytes
    budget: ValueBudget
    place: int = 0

    def plain(self, count: int, layer: str) -> Values:
        """So many values of 32 bits."""
        return self._taken(self.budget.take(count), np.dtype("<f4"), layer)

    def weights(self, count: int, layer: str) -> Values:
        """So many values behind their mark."""
        self.budget.take(count)
        (mark,) = self._taken(1, np.dtype("<u4"), layer).tolist()
        if mark in SINGLES:
            return self._taken(count, np.dtype("<f4"), layer)
        if mark != HALVES:
            raise ReproError(
                f"`{self.path}`: the weights of `{layer}` are of 8 bits, or this is not its place.",
                "Only fractions of 16 and 32 bits are read of ncnn's files.",
            )
        values = self._taken(count, np.dtype("<f2"), layer).astype(np.float32)
        self.place += -self.place % 4
        return values

    def _taken(self, count: int, kind: "np.dtype[np.generic]", layer: str) -> Values:
        end = self.place + count * kind.itemsize
        if end > len(self.content):
            raise ReproError(
                f"`{self.path}` ends before the weights of `{layer}`: it has "
                f"{len(self.content):,} bytes, they end at {end:,}.",
                "It is cut short, or of another `.param`.",
            )
        values = np.frombuffer(self.content, kind, count, self.place)
        self.place = end
        return values


@dataclass(frozen=True, slots=True)
class Line:
    """One layer of a `.param`."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: Numbers

    def whole(self, key: int, otherwise: int = 0) -> int:
        """A parameter that is a whole number, not negative."""
        value = self.numbers.get(key, otherwise)
        if not 0 <= value < 2**40 or value != int(value):
            raise ReproError(f"ncnn's layer `{self.name}` has {key}={value:g}, no size.")
        return int(value)

    def pair(self, key: int, otherwise: int = 1) -> tuple[int, int]:
        """Height and width of a parameter, whose height may stand for itself."""
        width = self.whole(key, otherwise)
        return self.whole(key + 10, width), width


def read(path: Path) -> file_layers.FileLayers:
    """The layers of an ncnn network; ReproError for what is none, or has others' weights."""
    beside = values_beside(path)
    content = beside.read_bytes()
    values = Reading(beside, content, ValueBudget(beside, len(content)))
    steps: list[Step] = []
    images: list[str] = []
    for line in _lines(path):
        if line.kind == "Input":
            images += line.outputs
        else:
            steps += _steps(line, values)
    if values.place != len(content):
        raise ReproError(
            f"`{beside}` has {len(content):,} bytes, of which the layers of `{path.name}` take "
            f"{values.place:,}.",
            "It is of another `.param`.",
        )
    return file_layers.layers_of(steps, images)


def _lines(path: Path) -> Iterator[Line]:
    """The layers, each behind those that give its inputs."""
    texts = io.BytesIO(text_of(path))
    texts.readline()
    counts = texts.readline().split()
    if len(counts) != 2 or not (counts[0].isdigit() and len(counts[0]) < 10):
        raise ReproError(f"`{path}` does not say in its second line how many layers it has.")
    declared, found = int(counts[0]), 0
    if declared > MOST_LAYERS:
        raise ReproError(f"`{path}` says that it has {declared:,} layers; networks here have few.")
    known: set[str] = set()
    for text in texts:
        row = text.decode("utf-8", errors="replace").split()
        if not row:
            continue
        found += 1
        if found > declared:
            break
        line = _line(path, row)
        lacking = next((name for name in line.inputs if name not in known), None)
        if lacking is not None:
            raise ReproError(
                f"`{path}`: the layer `{line.name:.60}` takes `{lacking:.60}`, which no layer "
                "before it gives."
            )
        twice = next((name for name in line.outputs if name in known), None)
        if twice is not None:
            raise ReproError(f"`{path}`: two layers give `{twice:.60}`.")
        known.update(line.outputs)
        yield line
    if found != declared:
        has = "fewer" if found < declared else "more"
        raise ReproError(
            f"`{path}` says that it has {declared:,} layers, and has {has}.",
            "It is cut short or damaged.",
        )


def _line(path: Path, row: list[str]) -> Line:
    """A layer: its type and name, the counts of inputs and outputs, these, and its numbers."""
    try:
        kind, name, ins, outs, *rest = row
        inputs, outputs = rest[: int(ins)], rest[int(ins) : int(ins) + int(outs)]
        if min(int(ins), int(outs)) < 0 or len(inputs) + len(outputs) != int(ins) + int(outs):
            raise ValueError
        numbers = {}
        for word in rest[len(inputs) + len(outputs) :]:
            key, _, value = word.partition("=")
            if int(key) > -ARRAYS:
                numbers[int(key)] = float(value)
    except ValueError as error:
        shown = " ".join(row)
        raise ReproError(f"`{path}` has a line that is no layer: `{shown:.80}`.") from error
    return Line(kind, name, tuple(inputs), tuple(outputs), numbers)


def _steps(line: Line, values: Reading) -> list[Step]:
    """What a layer does, with the values that are its own."""
    if line.kind in UNREAD:
        raise ReproError(
            f"`{values.path}`: `{line.name}` is a layer of the type {line.kind}, whose weights "
            "are not read of ncnn's files."
        )
    maker = MAKERS.get(line.kind)
    if maker is None:
        kind = FOLLOWING.get(line.kind, OTHER)
        kind = "leaky" if kind == "relu" and line.numbers.get(0) else kind
        return [Step(kind, line.name, line.inputs, line.outputs)]
    step = maker(line, values)
    fused = line.whole(9) if step.kind in (CONV, TRANSPOSED, LINEAR) else 0
    if not fused:
        return [step]
    inner = (f"{line.name}\n",)  # no name of a file has a line's end
    made = Step(
        *(step.kind, step.name, step.inputs, inner, step.weight, step.shift),
        *(step.stride, step.dilation, step.groups),
    )
    return [made, Step(FUSED.get(fused, OTHER), line.name, inner, line.outputs)]


def _convolution(line: Line, values: Reading) -> Step:
    transposed = line.kind.startswith("Deconvolution")
    outs, count, groups = line.whole(0), line.whole(6), max(1, line.whole(7, 1))
    height, width = line.pair(1, 0)
    if line.whole(8):
        raise ReproError(
            f"`{values.path}`: the weights of `{line.name}` are of 8 bits.",
            "Only fractions of 16 and 32 bits are read of ncnn's files.",
        )
    each = outs * height * width
    if not each or count % each or outs % groups:
        raise ReproError(
            f"`{values.path}`: `{line.name}` has {count:,} weights for {outs} channels of "
            f"{height}x{width}."
        )
    shape = (outs, count // each, height, width)
    weight = values.weights(count, line.name).reshape(shape)
    shift = values.plain(outs, line.name) if line.whole(5) else None
    if transposed:
        ins = count // each
        parts = weight.reshape(groups, outs // groups, ins, height, width).swapaxes(1, 2)
        weight = parts.reshape(groups * ins, outs // groups, height, width)
    return Step(
        TRANSPOSED if transposed else CONV,
        *(line.name, line.inputs, line.outputs, weight, shift),
        *(line.pair(3), line.pair(2), groups),
    )


def _linear(line: Line, values: Reading) -> Step:
    outs, count = line.whole(0), line.whole(2)
    if not outs or count % outs or line.whole(8):
        raise ReproError(
            f"`{values.path}`: `{line.name}` has {count:,} weights for {outs} outputs, or such of "
            "8 bits."
        )
    weight = values.weights(count, line.name).reshape(outs, count // outs)
    shift = values.plain(outs, line.name) if line.whole(1) else None
    return Step(LINEAR, line.name, line.inputs, line.outputs, weight, shift)


def _batch_norm(line: Line, values: Reading) -> Step:
    count, small = line.whole(0), line.numbers.get(1, 0.0)
    slope, mean, variance, bias = (
        values.plain(count, line.name).astype(np.float64) for _ in range(4)
    )
    if (variance + small <= 0).any():
        raise ReproError(f"`{values.path}`: `{line.name}` has a variance that is not positive.")
    scale = slope / np.sqrt(variance + small)
    shift = bias - mean * scale
    parts = (scale.astype(np.float32), shift.astype(np.float32))
    return Step(AFFINE, line.name, line.inputs, line.outputs, *parts)


def _scale(line: Line, values: Reading) -> Step:
    if len(line.inputs) > 1:
        return Step(OTHER, line.name, line.inputs, line.outputs)
    count = line.whole(0)
    scale = values.plain(count, line.name)
    shift = values.plain(count, line.name) if line.whole(1) else None
    return Step(AFFINE, line.name, line.inputs, line.outputs, scale, shift)


def _bias(line: Line, values: Reading) -> Step:
    shift = values.plain(line.whole(0), line.name)
    return Step(AFFINE, line.name, line.inputs, line.outputs, None, shift)


def _constant(line: Line, values: Reading) -> Step:
    sizes = [line.whole(key) for key in (0, 1, 11, 2)]
    values.plain(int(np.prod([size for size in sizes if size], dtype=object)), line.name)
    return Step(OTHER, line.name, line.inputs, line.outputs)


MAKERS: Mapping[str, Callable[[Line, Reading], Step]] = {
    "Convolution": _convolution,
    "ConvolutionDepthWise": _convolution,
    "Deconvolution": _convolution,
    "DeconvolutionDepthWise": _convolution,
    "InnerProduct": _linear,
    "BatchNorm": _batch_norm,
    "Scale": _scale,
    "Bias": _bias,
    "MemoryData": _constant,
}
"""type of a layer with values -> the step that it is"""
