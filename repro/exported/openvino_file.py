"""OpenVINO IR files (NAME.xml with NAME.bin) at work, on the processor and in 32 bits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from repro.errors import ReproError
from repro.exported import opening
from repro.exported.form import NHWC, ImageInput, Port
from repro.exported.leading import MOST_NODES
from repro.exported.runtime import Inputs, Step, Values

if TYPE_CHECKING:
    import openvino
    from numpy.typing import NDArray

NUMBERS = {
    **{"f32": "float", "f16": "float16", "f64": "double"},
    **{"u8": "uint8", "i8": "int8", "i32": "int32"},
}
"""how OpenVINO calls kinds of numbers -> how Port does"""
ARITHMETIC = {"Add": "Add", "Subtract": "Sub", "Multiply": "Mul", "Divide": "Div"}
PASSED = ("Convert", "Transpose", "Reshape", "Gather", "StridedSlice")
"""operators that move values and do not change them"""
LARGEST = {".xml": 2**28, ".bin": 2**34}
"""bytes of each of the two files"""
START = 1024
"""bytes at the beginning, in which an IR says that it is a network"""


@dataclass(frozen=True, eq=False)
class OpenVinoFile:
    """An OpenVINO IR; see Runtime."""

    path: Path
    model: "openvino.Model"
    request: "openvino.InferRequest"
    threads: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def run(self, given: Inputs, outputs: Sequence[str]) -> Sequence[Values]:
        """See Runtime."""
        feeds = [given[port.name] for port in self.inputs]
        self.request.infer(feeds, share_inputs=True)
        places = [port.name for port in self.outputs]
        return [
            np.array(self.request.get_output_tensor(places.index(name)).data) for name in outputs
        ]

    def first_steps(self) -> Sequence[Step]:
        """See Runtime."""
        return list(_steps(self.model))

    def any_size(self, image: ImageInput) -> "OpenVinoFile | None":
        """See Runtime."""
        sides = [-1, -1, 3] if image.layout == NHWC else [3, -1, -1]
        model = self.model.clone()
        try:
            model.reshape([image.batch or -1, *sides])
            return _compiled(self.path, model, self.threads)
        except Exception:  # the runtime's own share no base
            return None


def opened(path: Path, threads: int) -> OpenVinoFile:
    """The network in an IR; raise ReproError for whatever is none."""
    try:
        import openvino
    except ImportError as error:
        raise ReproError(
            f"`{path}` needs openvino, which is not installed.", "The extra `deploy` has it."
        ) from error
    for part in (path, path.with_suffix(".bin")):
        if part.stat().st_size > LARGEST[part.suffix.lower()]:
            raise ReproError(
                f"`{part}` has {part.stat().st_size:,} bytes, more than a pose network has.",
                f"At most {LARGEST[part.suffix.lower()]:,} are read.",
            )
    with path.open("rb") as file:
        head = file.read(START)
    if b"<net" not in head:
        raise ReproError(f"`{path}` is no OpenVINO IR.", "It begins with <net>; convert it again.")
    try:
        model = openvino.Core().read_model(str(path))
        return _compiled(path, model, threads)
    except Exception as error:  # the runtime's own share no base
        said = _said(error)
        message = f"`{path}` is no OpenVINO IR that can be run: {said}."
        raise ReproError(message, "Convert it again.") from error


def _compiled(path: Path, model: "openvino.Model", threads: int) -> OpenVinoFile:
    """A network ready to run; what OpenVINO raises is passed on."""
    import openvino

    options: dict[str, object] = {
        "INFERENCE_PRECISION_HINT": "f32",  # else bf16 on processors that have it
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    compiled = openvino.Core().compile_model(model, "CPU", options)
    inputs, outputs = (tuple(map(_port, ports)) for ports in (model.inputs, model.outputs))
    return OpenVinoFile(path, model, compiled.create_infer_request(), threads, inputs, outputs)


def _port(found: "openvino.Output") -> Port:
    """An input or output as the runtime tells it."""
    shape = found.get_partial_shape()
    sides: tuple[int | None, ...] = ()
    if shape.rank.is_static:
        sides = tuple(side.get_length() if side.is_static else None for side in shape)
    names = found.get_names()
    name = min(names) if names else found.get_node().get_friendly_name()
    kind = found.get_element_type().get_type_name()
    return Port(name, sides, NUMBERS.get(kind, kind))


def _steps(model: "openvino.Model") -> Iterator[Step]:
    """The arithmetic with one number or three, directly behind the input."""
    output = model.inputs[0]
    for _ in range(MOST_NODES):
        users = list(output.get_target_inputs())
        if len(users) != 1:
            return
        node = users[0].get_node()
        operator = node.get_type_name()
        if operator in ARITHMETIC:
            place = users[0].get_index()
            numbers = _constant(node, 1 - place)
            if numbers is None or (place == 1 and operator in ("Subtract", "Divide")):
                return
            yield ARITHMETIC[operator], numbers
        elif operator not in PASSED:
            return
        output = node.output(0)


def _constant(node: "openvino.Node", place: int) -> "NDArray[np.float64] | None":
    """The one or three numbers that an operator takes there; None for anything else."""
    source = node.input(place).get_source_output().get_node()
    if source.get_type_name() == "Convert":
        source = source.input(0).get_source_output().get_node()
    if source.get_type_name() != "Constant" or source.data.size not in (1, 3):
        return None
    return np.asarray(source.data, np.float64).reshape(-1)


def _said(error: Exception) -> str:
    """The line of an error that says what is wrong; those around it name OpenVINO's own files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (telling or lines or [type(error).__name__])[0][: opening.REASON].rstrip(".!")
