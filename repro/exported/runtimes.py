"""The runtime of each kind of exported file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from repro.exported import onnx_file, opening, openvino_file, tflite_file
from repro.exported.opening import ONNX, OPENVINO, TFLITE
from repro.exported.runtime import Runtime

RUNTIMES: Mapping[str, Callable[[Path, int], Runtime]] = {
    ONNX: onnx_file.opened,
    OPENVINO: openvino_file.opened,
    TFLITE: tflite_file.opened,
}
"""kind of file -> what opens it with so many threads, 0 for as many as there are"""


def opened(path: Path, threads: int = 0) -> Runtime:
    """A file, ready to run; raise ReproError for whatever is no network that can be run."""
    opening.check_parts(path)
    return RUNTIMES[opening.kind_of(path)](path, threads)
