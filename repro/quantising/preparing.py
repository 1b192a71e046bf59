"""A network as quantisers want it: normalisations folded, of a version that has their operators."""

from pathlib import Path
from typing import TYPE_CHECKING

from repro.files import temporary_folder

if TYPE_CHECKING:
    from onnx import ModelProto

VERSION = 13
"""of ONNX's operators, from which on a channel may have a scale of its own"""
FORM = 8
"""of ONNX's files, in which values need not be inputs, too"""


def prepare(network: Path, prepared: Path) -> None:
    """Write the same network in that form, with the shapes of its tensors.

    What onnx and onnxruntime raise is passed on.
    """
    import onnx
    import onnxruntime
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with temporary_folder() as folder:
        folded = folder / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(folded)
        onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        model = onnx.load(folded)
        _tidy(model)
        model.ir_version = max(model.ir_version, FORM)
        if model.opset_import[0].version < VERSION:
            model = onnx.version_converter.convert_version(model, VERSION)
        onnx.save(model, folded)
        quant_pre_process(folded, prepared, skip_optimization=True, skip_symbolic_shape=True)


def _tidy(model: "ModelProto") -> None:
    """Leave only operator sets that are used, the plain one first, and inputs that are none else's.

    ONNX Runtime names all that it knows.
    """
    used = {"", *(node.domain for node in model.graph.node)} - {"ai.onnx"}
    kept = [one for one in model.opset_import if one.domain in used]
    kept.sort(key=lambda one: one.domain)
    values = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in values]
    del model.opset_import[:], model.graph.input[:]
    model.opset_import.extend(kept)
    model.graph.input.extend(inputs)
