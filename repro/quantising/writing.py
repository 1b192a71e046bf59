"""Make a network int8: calibrated, checked, and written whole or not at all."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError, RunError
from repro.evaluation import exported
from repro.evaluation.inference import Tell
from repro.exported.network_file import NetworkFile, open_file
from repro.exported.opening import content_digest, side_files
from repro.exported.words import texts
from repro.exporting.request import keep_output
from repro.files import sha256, temporary_folder
from repro.quantising import deviation, inputs, preparing
from repro.quantising.deviation import NetworkDeviation
from repro.quantising.inputs import DrawnPictures, InputRecorder
from repro.quantising.methods import METHODS
from repro.quantising.request import QuantisationRequest
from repro.records.remarks import Remark
from repro.speed.backends.base import reason, silence

if TYPE_CHECKING:
    from onnx import ModelProto

WHOLE_NUMBERS = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger")
"""operators of a network that is quantised already"""
LARGEST = 2**31 - 1
"""bytes of a file that is taken"""

Steps = Callable[[int, str], AbstractContextManager[Tell]]
"""a part of the work, of so many things called so; entered, it gives who is told of each"""


@dataclass(frozen=True)
class QuantisedFile:
    """A network in int8 that was written, and how it compares with itself in floats."""

    path: Path
    sha256: str
    size: int
    """bytes"""
    float_name: str
    float_sha256: str
    float_size: int
    method: str
    metadata: Mapping[str, str]
    drawn: DrawnPictures
    calibration_sha256: str
    """of the inputs that it was calibrated with"""
    deviation: NetworkDeviation
    seen: tuple[int, int]
    """persons of the measured inputs of whom a joint was found, in floats and in int8"""
    remarks: tuple[Remark, ...]


def quantised(request: QuantisationRequest, steps: Steps) -> QuantisedFile:
    """Write the int8 file of a request, and compare it.

    ReproError for what cannot be asked, RunError where the library cannot take the network, or
    what it makes does not run.
    """
    path, rules = request.network, request.evaluation.protocol
    asked = request.evaluation
    file, named = open_file(path, layout=asked.layout), (asked.output, asked.size)
    _check(path)
    network = exported.network_of(file, rules, *named)[0]
    source = inputs.source(request)
    drawn = inputs.drawn(request, source)
    with temporary_folder() as folder:
        recorders = [InputRecorder(network, folder / part) for part in ("calibration", "measured")]
        found = []
        for recorder, places in zip(recorders, (drawn.calibration, drawn.measured), strict=True):
            recorder.folder.mkdir()
            with steps(len(places), drawn.unit) as tell:
                found.append(source.look(recorder, places, tell))
        prepared, made = folder / "floats.onnx", folder / request.output.name
        digest = inputs.digest(recorders[0].paths)
        _make(request, file, prepared, made, recorders[0])
        metadata = _stamp(request, file, made, drawn, digest)
        measured = recorders[1].paths
        with steps(len(measured), "comparisons") as tell:
            apart = deviation.measured(prepared, made, file.image, measured, tell)
        own = exported.network_of(open_file(made, layout=asked.layout), rules, *named)[0]
        with steps(len(measured), drawn.unit) as tell:
            seen = found[1], source.look(own, drawn.measured, tell)
        content, digest_of_made = made.read_bytes(), sha256(made)
    keep_output(request.output, content, request.overwrite)
    return QuantisedFile(
        request.output,
        digest_of_made,
        len(content),
        path.name,
        content_digest(path),
        path.stat().st_size + sum((path.parent / one).stat().st_size for one in side_files(path)),
        request.method,
        metadata,
        drawn,
        digest,
        apart,
        seen,
        (*request.evaluation.remarks, *drawn.remarks),
    )


def _check(path: Path) -> None:
    """Raise ReproError for a file that cannot be made int8."""
    if path.stat().st_size > LARGEST:
        raise ReproError(f"`{path}` has more than {LARGEST:,} bytes.", "It cannot be quantised.")
    import onnx

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # of a file that the runtime took; the parser's share no base
        raise ReproError(f"`{path}` cannot be read by onnx.", "Export it again.") from error
    done = sorted({node.op_type for node in graph.node} & set(WHOLE_NUMBERS))
    if done:
        raise ReproError(f"`{path}` is quantised already ({done[0]}).", "Give the one in floats.")
    kinds = {one.data_type for one in graph.initializer}
    if onnx.TensorProto.FLOAT16 in kinds:
        raise ReproError(f"`{path}` has values of 16 bits.", "Export it with --precision fp32.")


def _make(
    request: QuantisationRequest,
    file: NetworkFile,
    prepared: Path,
    made: Path,
    calibration: InputRecorder,
) -> None:
    """Bring the network into the form that quantisers want, then quantise it."""
    method = METHODS[request.method]
    try:
        with silence():
            preparing.prepare(file.path, prepared)
            method.quantise(prepared, made, file.image.name, calibration.paths)
    except Exception as error:  # the libraries' own share no base
        raise RunError(
            f"{method.title} cannot make `{file.name}` int8: {reason(error)}.",
            "Another --method may do.",
        ) from error


def _stamp(
    request: QuantisationRequest, file: NetworkFile, made: Path, drawn: DrawnPictures, digest: str
) -> dict[str, str]:
    """Give the file the metadata of the one in floats, and what was done; answer them."""
    import onnx

    method = METHODS[request.method]
    versions = ", ".join(f"{name} {version}" for name, version in method.versions.items())
    facts: dict[str, object] = {
        "precision": "int8",
        "quantised_by": f"{method.title}: {method.how}",
        "quantised_with": versions,
        "quantised_from": content_digest(file.path),
        "calibrated_on": f"{len(drawn.calibration)} {drawn.unit} of {drawn.total}",
        "calibration_seed": request.seed,
        "calibration_sha256": digest,
    }
    metadata = {**file.runtime.metadata, **texts(facts)}
    model: ModelProto = onnx.load(made)
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, made)
    return metadata
