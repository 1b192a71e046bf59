"""Write a network as an ONNX file by torch's dynamo exporter, whole or not at all."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from repro.errors import ReproError, RunError
from repro.exported import words
from repro.exporting import checking
from repro.exporting.checking import ExportCheck, Usual
from repro.exporting.request import ExportRequest, keep_output, network_of
from repro.files import sha256, temporary_folder
from repro.records.remarks import Remark
from repro.speed.backends.base import lacking, reason, silence
from repro.speed.backends.equivalence import picture

INPUT = "image"
LIBRARIES = ("onnx", "onnxscript")
LIMIT = 2**31 - 1
"""bytes that a file with its values inside may have"""
SIDES_AT_MOST = 4096


@dataclass(frozen=True)
class ExportedFile:
    """A file that was written and checked."""

    path: Path
    sha256: str
    size: int
    """bytes"""
    metadata: Mapping[str, str]
    check: ExportCheck
    remarks: tuple[Remark, ...]


class FlatOutputs(nn.Module):
    """A network whose outputs are one flat tuple, in the numbers of its input.

    With `half` it computes in 16 bits, and takes and gives 32.
    """

    def __init__(self, model: nn.Module, half: bool = False) -> None:
        super().__init__()
        self.model = model.half() if half else model
        self.half_inside = half

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """All outputs of images (N, 3, H, W), in the network's order."""
        outputs = tree_leaves(self.model(images.half() if self.half_inside else images))
        return tuple(output.float() for output in outputs) if self.half_inside else tuple(outputs)


def export(request: ExportRequest) -> ExportedFile:
    """Write the file of a request, and check it; a file that fails is not kept.

    ReproError for what cannot be asked, RunError where the exporter cannot take the network, or
    the file computes something else.
    """
    if absent := lacking(*LIBRARIES):
        raise ReproError(f"An export needs more: {absent}.", "The extra `deploy` has it.")
    model, facts, said = network_of(request)
    usual = checking.usual_outputs(request, model)
    metadata = words.of_network(
        *(request.model, request.size, request.keypoints, request.options),
        *(request.protocol, request.protocol_name),
    )
    metadata |= words.texts({**facts, "precision": request.precision, **_head(request, usual)})
    names = output_names(request, len(usual[0].outputs))
    with temporary_folder() as folder:
        made = folder / "network.onnx"
        _write(request, model, made, names, metadata)
        check = checking.checked(request, made, usual)
        if not check.ok:
            raise RunError(
                f"`{request.output}` was not kept: {check.problem}.",
                "The exporter computes something else here; another --precision may do.",
            )
        content = made.read_bytes()
        digest = sha256(made)
    keep_output(request.output, content, request.replace)
    if not all(output.any() for one in usual for output in one.outputs):
        zeros = "The initial values give nothing but zeros: the check says little."
        said = (*said, Remark("network", zeros))
    return ExportedFile(request.output, digest, len(content), metadata, check, said)


def output_names(request: ExportRequest, count: int) -> list[str]:
    """What the outputs are called: `heatmaps`, or with a number where there are several."""
    word = "maps" if request.protocol.bottom_up else words.HEATMAPS
    return [word] if count == 1 else [f"{word}_{place}" for place in range(count)]


def _head(request: ExportRequest, usual: list[Usual]) -> dict[str, object]:
    """Of the output that is read: its name, and how many pixels of the input are one of its."""
    outputs = usual[0].outputs
    height = usual[0].images.shape[2]
    strides = [height // output.shape[2] if output.ndim == 4 else 0 for output in outputs]
    facts: dict[str, object] = {"stride": strides if len(outputs) > 1 else strides[0]}
    if not request.protocol.bottom_up:
        facts["output"] = output_names(request, len(outputs))[-1]
    return facts


def _write(
    request: ExportRequest,
    model: nn.Module,
    path: Path,
    names: list[str],
    metadata: Mapping[str, str],
) -> None:
    half = request.precision == "fp16"
    network = FlatOutputs(copy.deepcopy(model) if half else model, half).eval()
    example = picture((2 if request.dynamic_batch else 1, 3, *request.size), 0)
    try:
        with torch.no_grad(), silence():
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                input_names=[INPUT],
                output_names=names,
                dynamic_shapes=_open_sides(request),
                verbose=False,
            )
            if program is None:
                raise RuntimeError("the exporter gives nothing")
            program.model.metadata_props.update(metadata)
            program.save(str(path), external_data=False)
    except Exception as error:  # the exporter's own share no base
        raise RunError(
            f"`{request.model}` cannot be exported: {reason(error)}.",
            "With a fixed size and a batch of 1 more networks can be.",
        ) from error


def _open_sides(request: ExportRequest) -> "tuple[dict[int, object]] | None":
    """The sides of the input that the file leaves open, by their place."""
    from torch.export import Dim

    sides: dict[int, object] = {}
    if request.dynamic_batch:
        sides[0] = Dim("batch")
    if request.dynamic_size:
        most = SIDES_AT_MOST // request.stride
        for place, name in ((2, "rows"), (3, "columns")):
            sides[place] = request.stride * Dim(name, min=1, max=most)
    return (sides,) if sides else None
