"""ONNX files at work, by ONNX Runtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError
from repro.exported import leading, opening
from repro.exported.form import ImageInput, Port
from repro.exported.runtime import Inputs, Step, Values

if TYPE_CHECKING:
    import onnxruntime


SILENT = 4


@dataclass(frozen=True, eq=False)
class OnnxFile:
    """An ONNX file; see Runtime."""

    path: Path
    session: "onnxruntime.InferenceSession"
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: Mapping[str, str]

    def run(self, given: Inputs, outputs: Sequence[str]) -> Sequence[Values]:
        """See Runtime."""
        values: Sequence[Values] = self.session.run(list(outputs), dict(given))
        return values

    def first_steps(self) -> Sequence[Step]:
        """See Runtime; it takes the library `onnx`."""
        return leading.onnx_steps(self.path, self.inputs[0].name)

    def any_size(self, image: ImageInput) -> None:
        """See Runtime: what an exporter fixed stays."""


def opened(path: Path, threads: int) -> OnnxFile:
    """The network in an ONNX file; raise ReproError for whatever is none."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ReproError(
            f"`{path}` needs onnxruntime, which is not installed.", "Try `pip install onnxruntime`."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = SILENT
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's own exceptions share no base
        message = f"`{path}` is no ONNX file that can be run: {opening.reason(error)}."
        raise ReproError(message, "Export it again.") from error
    inputs, outputs = (
        tuple(map(_port, ports)) for ports in (session.get_inputs(), session.get_outputs())
    )
    known = dict(session.get_modelmeta().custom_metadata_map)
    return OnnxFile(path, session, inputs, outputs, known)


def _port(found: "onnxruntime.NodeArg") -> Port:
    """An input or output as the runtime tells it."""
    sides = tuple(
        side if isinstance(side, int) and side > 0 else None for side in found.shape or ()
    )
    return Port(found.name, sides, found.type.removeprefix("tensor(").removesuffix(")"))
