"""What is to be made int8: a file, the rules by which it looks at pictures, and its calibration."""

from dataclasses import dataclass, replace
from pathlib import Path

from repro.errors import ReproError, unknown
from repro.evaluation.request import EvaluationRequest
from repro.exported.opening import KINDS, ONNX
from repro.exporting.request import check_output
from repro.papers.protocol import GROUND_TRUTH, changed
from repro.quantising.methods import METHODS

PICTURES = 100
"""crops or whole pictures that a network is calibrated on, unless the user says how many"""


@dataclass(frozen=True)
class QuantisationRequest:
    """One exported network, and the int8 file that it becomes."""

    evaluation: EvaluationRequest
    """of the network in floats: its file, and the rules by which pictures are prepared"""
    output: Path
    folder: Path
    """of the pictures that it is calibrated on"""
    people: Path | None = None
    """annotations of those pictures; without them each is taken whole"""
    pictures: int = PICTURES
    method: str = "onnxruntime"
    seed: int = 0
    """by which pictures are drawn"""
    overwrite: bool = False
    """whether a file of that name may be written over"""

    def __post_init__(self) -> None:
        if self.output.exists() and self.output.samefile(self.network):
            raise ReproError(f"`{self.output}` is the network in floats.", "Name another: -o FILE.")

    @property
    def network(self) -> Path:
        """The file in floats."""
        return self.evaluation.file

    @property
    def of_int8(self) -> EvaluationRequest:
        """The evaluation of the network in int8, by the same rules."""
        return replace(self.evaluation, weights=self.output, remarks=())


def check_files(output: Path, folder: Path, method: str, replace: bool) -> None:
    """Raise ReproError where the answer could not be written, or nothing could be calibrated on."""
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    if KINDS.get(output.suffix.lower()) != ONNX:
        raise ReproError(f"`{output}` does not end in .onnx.", "Other commands know files by that.")
    check_output(output, replace)
    if not folder.is_dir():
        raise ReproError(f"There is no folder `{folder}`.", "Correct --calibrate.")
    if lacking := METHODS[method].lacking():
        raise ReproError(f"`{method}` needs more: {lacking}.", "The extra `quantise` has it.")


def with_boxes(evaluation: EvaluationRequest, boxes: Path | None) -> EvaluationRequest:
    """The evaluation by a detector's boxes or, where none are named, those of the annotations."""
    if evaluation.protocol.bottom_up:
        if boxes is not None:
            raise ReproError("The network finds persons by itself.", "Leave --boxes out.")
        return evaluation
    kind = GROUND_TRUTH if boxes is None else boxes.name
    return replace(evaluation, protocol=changed(evaluation.protocol, boxes=kind))
