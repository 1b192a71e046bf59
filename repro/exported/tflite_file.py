"""TFLite files at work, by LiteRT, on the processor.

Whole numbers that stand for others (value = scale x (number - zero)) are given and taken as those.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from repro.errors import ReproError
from repro.exported import opening
from repro.exported.form import ImageInput, Port
from repro.exported.runtime import Inputs, Step, Values

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

NUMBERS = {"float32": "float", "float64": "double"}
"""how NumPy calls kinds of numbers -> how Port does, where it is another word"""
MARK = b"TFL3"
"""bytes 4 to 8 of every such file"""
LARGEST = 2**31 - 1
"""bytes, which the format cannot exceed"""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """An input or output as LiteRT numbers it."""

    index: int
    numbers: type[np.generic]
    scale: float
    """0 where whole numbers stand for themselves"""
    zero: int


@dataclass(frozen=True, eq=False)
class TfliteFile:
    """A TFLite file; see Runtime."""

    path: Path
    interpreter: "Interpreter"
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    taken: Sequence[StoredTensor]
    given: Sequence[StoredTensor]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def run(self, given: Inputs, outputs: Sequence[str]) -> Sequence[Values]:
        """See Runtime."""
        for port, tensor in zip(self.inputs, self.taken, strict=True):
            values = given[port.name]
            if values.shape != self.interpreter.get_tensor(tensor.index).shape:
                self.interpreter.resize_tensor_input(tensor.index, values.shape)
                self.interpreter.allocate_tensors()
            self.interpreter.set_tensor(tensor.index, stored(values, tensor))
        self.interpreter.invoke()
        places = [port.name for port in self.outputs]
        chosen = [self.given[places.index(name)] for name in outputs]
        return [meant(self.interpreter.get_tensor(one.index), one) for one in chosen]

    def first_steps(self) -> Sequence[Step]:
        """See Runtime."""
        raise ReproError("the graphs of TFLite files are not looked into")

    def any_size(self, image: ImageInput) -> None:
        """See Runtime: what a converter fixed stays."""


def opened(path: Path, threads: int) -> TfliteFile:
    """The network in a TFLite file; raise ReproError for whatever is none."""
    with path.open("rb") as file:
        mark = file.read(8)[4:]
    if mark != MARK or path.stat().st_size > LARGEST:
        raise ReproError(f"`{path}` is no TFLite file.", "Convert it again.")
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ReproError(
            f"`{path}` needs ai-edge-litert, which is not installed.", "The extra `tflite` has it."
        ) from error
    try:
        with _quiet():
            interpreter = Interpreter(model_path=str(path), num_threads=threads or None)
            interpreter.allocate_tensors()
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    except Exception as error:  # the runtime's own share no base
        message = f"`{path}` is no TFLite file that can be run: {opening.reason(error)}."
        raise ReproError(message, "Convert it again.") from error
    return TfliteFile(
        path,
        interpreter,
        tuple(map(_port, inputs)),
        tuple(map(_port, outputs)),
        tuple(map(_tensor, inputs)),
        tuple(map(_tensor, outputs)),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Let LiteRT not tell on stderr which of its parts it takes; it has no switch for that."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _port(details: Mapping[str, Any]) -> Port:
    """An input or output as the runtime tells it; numbers that stand for others are floats."""
    kind = "float32" if _tensor(details).scale else np.dtype(details["dtype"]).name
    sides = tuple(int(side) if side > 0 else None for side in details["shape_signature"])
    return Port(str(details["name"]), sides, NUMBERS.get(kind, kind))


def _tensor(details: Mapping[str, Any]) -> StoredTensor:
    scale, zero = details["quantization"]
    kept = float(scale) if np.issubdtype(details["dtype"], np.integer) else 0.0
    return StoredTensor(details["index"], details["dtype"], kept, int(zero))


def stored(values: Values, tensor: StoredTensor) -> Values:
    """Values as the numbers that a tensor keeps."""
    if not tensor.scale:
        return values.astype(tensor.numbers, copy=False)
    limits = np.iinfo(tensor.numbers)  # type: ignore[type-var]
    numbers = np.round(values.astype(np.float64) / tensor.scale) + tensor.zero
    return numbers.clip(limits.min, limits.max).astype(tensor.numbers)


def meant(numbers: Values, tensor: StoredTensor) -> Values:
    """What the numbers that a tensor keeps stand for."""
    if not tensor.scale:
        return numbers
    return ((numbers.astype(np.float32) - tensor.zero) * np.float32(tensor.scale)).astype(
        np.float32
    )
