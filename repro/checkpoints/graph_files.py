"""Read a network's graph with its weights, of whichever program, within bounds or one error."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from repro.checkpoints import containers, ncnn, onnx_graph, openvino_graph
from repro.checkpoints.file_layers import FileLayers
from repro.errors import ReproError
from repro.papers.protocol import NORMALISATIONS
from repro.records.remarks import Remark

if TYPE_CHECKING:
    from torch import Tensor


def read(path: Path, kind: str) -> "tuple[dict[str, Tensor], FileLayers]":
    """The weights of a graph by the names that the file has for them, and its layers."""
    import torch

    names: dict[str, containers.Values] = {}
    if kind == containers.ONNX:
        weights = onnx_graph.read(path)
        found = weights.layers
        names = {name: value for name, value in weights.tensors.items() if "." in name}
    else:
        found = ncnn.read(path) if kind == containers.NCNN else openvino_graph.read(path)
    if not found.layers:
        raise ReproError(f"`{path}` has no layers with weights that are read here.")
    named = zip(found.layers, found.weights, found.shifts, strict=True)
    for place, (layer, weight, shift) in enumerate(named):
        if not all(np.isfinite(part).all() for part in (weight, shift) if part is not None):
            raise ReproError(f"`{path}`: `{layer.name:.60}` holds values that are NaN or infinite.")
        if kind != containers.ONNX:
            name = f"{place}.{layer.name}"
            names |= {f"{name}.weight": weight} | (
                {f"{name}.bias": shift} if shift is not None else {}
            )
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in names.items()}
    return tensors, found


def remarks(file: str, found: FileLayers) -> Iterator[Remark]:
    """What a graph does that weights do not, and that is left out with it."""
    if found.quantised:
        rounded = (
            f"`{file}` rounds values to a few levels in {found.quantised:,} places of its graph"
        )
        yield Remark("checkpoint", f"{rounded}; they are left as they are here.", found.quantised)
    if found.normalisation is None:
        return
    mean, deviation = found.normalisation
    texts = [",".join(f"{value:.6g}" for value in values) for values in (mean, deviation)]
    exact = f"{texts[0]}/{texts[1]}"
    for name, known in NORMALISATIONS.items():
        parts = zip((mean, deviation), known, strict=True)
        if all(np.allclose(own, other, rtol=1e-3, atol=1e-3) for own, other in parts):
            exact = name
    yield Remark(
        "checkpoint",
        f"`{file}` normalises its pictures itself (mean {texts[0]}, deviation {texts[1]}); that is "
        f"no weight and was left out: pictures must come so, as by --normalise {exact}.",
    )
