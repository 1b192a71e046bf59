"""OpenVINO on the CPU, from the ONNX file; bf16 only where it is asked for.

In bf16 every product has 8 bits of mantissa: that is another network, whose difference is printed.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from repro.papers.values import Scalar
from repro.speed.backends.base import BackendError, BackendJob, FileJob, RunnableNetwork, reason
from repro.speed.backends.exporting import onnx

if TYPE_CHECKING:
    import numpy as np
    import openvino
    from numpy.typing import NDArray
    from torch import Tensor

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}


def prepare(job: BackendJob) -> RunnableNetwork:
    """The exported network, compiled."""
    core = _core(job.precision)
    made = onnx(job.model, job.example, job.cache)
    facts = (made.seconds, made.cached, made.facts)
    return _compiled(core, made.path, job.example, job.threads, job.precision, *facts)


def prepare_file(job: FileJob) -> RunnableNetwork:
    """A file, compiled for inputs of the example's shape where it leaves that open."""
    core = _core(job.precision)
    return _compiled(core, job.path, job.example, job.threads, job.precision, 0.0, False, {})


def _core(precision: str) -> "openvino.Core":
    """The library; BackendError where the processor lacks the precision."""
    import openvino

    core = openvino.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise BackendError("This processor has no bf16 instructions.")
    return core


def _compiled(
    core: "openvino.Core",
    path: Path,
    example: "Tensor",
    threads: int,
    precision: str,
    export_seconds: float,
    cached: bool,
    facts: Mapping[str, Scalar],
) -> RunnableNetwork:
    """A compiled network with one stream, so that all threads work on one batch.

    Threads are not bound to cores: other work on the machine may sit on them.
    """
    import openvino

    options = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
        "ENABLE_CPU_PINNING": False,
    }
    start = time.perf_counter()
    try:
        model = core.read_model(str(path))
        if model.inputs[0].partial_shape.is_dynamic:
            model.reshape(list(example.shape))
        compiled = core.compile_model(model, "CPU", options)
        request = compiled.create_infer_request()
    except Exception as error:  # the runtime's own share no base
        raise BackendError(f"OpenVINO fails: {reason(error)}") from error
    seconds = time.perf_counter() - start
    count = len(compiled.outputs)

    def run(images: "Tensor") -> "list[NDArray[np.float32]]":
        outputs = request.infer([images.numpy()], share_inputs=True)
        return [outputs[number] for number in range(count)]

    version = openvino.__version__.partition("-")[0]
    settings = {"threads": threads, "precision": precision, "openvino": version}
    return RunnableNetwork(run, export_seconds, seconds, cached, {**settings, **facts})
