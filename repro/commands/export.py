"""Networks as files for other programs: export."""

from typing import TYPE_CHECKING

from repro.commands import export_options, options
from repro.commands.common import emit, size_of, tell
from repro.report.terminal.console import put, say

if TYPE_CHECKING:
    from repro.exporting.request import ExportRequest
    from repro.exporting.writing import ExportedFile


def export(
    model: options.Model,
    output: export_options.ExportedTo,
    weights: options.Weights = None,
    size: options.SizeOrUsual = None,
    batch: export_options.ExportedBatch = "1",
    dynamic_size: export_options.DynamicSize = None,
    precision: export_options.ExportedPrecision = "fp32",
    dataset: options.JointsOf = None,
    protocol: options.ProtocolOfPictures = None,
    keypoints: options.Keypoints = None,
    option: options.ModelOptions = None,
    partial: options.AllowPartial = False,
    entry: options.Entry = None,
    force: export_options.Overwrite = False,
    as_json: options.Json = False,
) -> None:
    """Write a network as an ONNX file, checked against PyTorch before it is kept.

    Its metadata hold input size, colour order, normalisation, joints and head, which `eval`,
    `predict` and `speed` read back.

    Example: repro export lpn_50 --weights lpn_50_256x192.pth -o lpn_50.onnx --batch dynamic
    """
    from repro.exporting import writing
    from repro.exporting.request import requested
    from repro.papers.lookup import parse_options

    request = requested(
        model,
        output,
        weights,
        size_of(size),
        dataset,
        protocol,
        keypoints,
        parse_options(option or []),
        partial,
        batch,
        dynamic_size,
        precision,
        force,
        entry,
    )
    if not as_json:
        say(f"exporting {model} {request.size[0]}x{request.size[1]}, {request.keypoints} joints")
    made = writing.export(request)
    if as_json:
        emit("export", **described(request, made))
        return
    tell(made.remarks)
    put(f"{made.path}: {made.size:,} bytes, sha256 {made.sha256}")
    inputs = ", ".join("x".join(map(str, shape)) for shape in made.check.inputs)
    put(
        f"differs from PyTorch by {made.check.difference:.1e} of the largest value at most, "
        f"where {made.check.bound:g} is allowed (inputs {inputs})"
    )


def described(request: "ExportRequest", made: "ExportedFile") -> dict[str, object]:
    """A file that was exported, as plain data."""

    return {
        "model": request.model,
        "input": request.size,
        "keypoints": request.keypoints,
        "options": dict(request.options),
        "dynamic": {"batch": request.dynamic_batch, "size": request.dynamic_size},
        "precision": request.precision,
        "file": str(made.path),
        "sha256": made.sha256,
        "size": made.size,
        "metadata": dict(made.metadata),
        "difference": made.check.difference,
        "bound": made.check.bound,
        "checked": [list(shape) for shape in made.check.inputs],
        "remarks": made.remarks,
    }
