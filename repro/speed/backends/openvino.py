"""OpenVINO on the CPU, from the ONNX file; bf16 only where it is asked for.

In bf16 every product has 8 bits of mantissa: that is another network, whose difference is printed.
"""

import time
from typing import TYPE_CHECKING

from repro.speed.backends.base import BackendError, BackendJob, RunnableNetwork, reason
from repro.speed.backends.exporting import onnx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

PRECISIONS = {"fp32": "f32", "bf16": "bf16"}


def prepare(job: BackendJob) -> RunnableNetwork:
    """A compiled network with one stream, so that all threads work on one batch.

    Threads are not bound to cores: other work on the machine may sit on them.
    """
    import openvino

    core = openvino.Core()
    if job.precision == "bf16" and "BF16" not in core.get_property(
        "CPU", "OPTIMIZATION_CAPABILITIES"
    ):
        raise BackendError("This processor has no bf16 instructions.")
    made = onnx(job.model, job.example, job.cache)
    options = {
        "INFERENCE_NUM_THREADS": job.threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": PRECISIONS[job.precision],
        "ENABLE_CPU_PINNING": False,
    }
    start = time.perf_counter()
    try:
        compiled = core.compile_model(core.read_model(str(made.path)), "CPU", options)
        request = compiled.create_infer_request()
    except Exception as error:  # the runtime's own share no base
        raise BackendError(f"OpenVINO fails: {reason(error)}") from error
    seconds = time.perf_counter() - start
    count = len(compiled.outputs)

    def run(images: "Tensor") -> "list[NDArray[np.float32]]":
        outputs = request.infer([images.numpy()], share_inputs=True)
        return [outputs[number] for number in range(count)]

    version = openvino.__version__.partition("-")[0]
    settings = {"threads": job.threads, "precision": job.precision, "openvino": version}
    return RunnableNetwork(run, made.seconds, seconds, made.cached, {**settings, **made.facts})
