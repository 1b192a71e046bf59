"""ONNX Runtime on the CPU: the usual way to deploy these networks."""

import time
from typing import TYPE_CHECKING

from repro import env
from repro.speed.backends.base import BackendError, BackendJob, RunnableNetwork, reason
from repro.speed.backends.exporting import onnx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

SILENT = 4


def prepare(job: BackendJob) -> RunnableNetwork:
    """A session for the exported network.

    Threads that wait for work spin, as the runtime does by default, but stop when a call ends, so
    that they do not take time from what is timed next. Where the process asks for passive waiting
    (OMP_WAIT_POLICY, as on a machine with other work) they do not spin at all.
    """
    import onnxruntime

    made = onnx(job.model, job.example, job.cache)
    spinning = (env.variable("OMP_WAIT_POLICY") or "").upper() != "PASSIVE"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job.threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = SILENT
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    options.add_session_config_entry("session.force_spinning_stop", "1")
    start = time.perf_counter()
    try:
        session = onnxruntime.InferenceSession(
            str(made.path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's own share no base
        raise BackendError(f"ONNX Runtime fails: {reason(error)}") from error
    name = session.get_inputs()[0].name

    def run(images: "Tensor") -> "list[NDArray[np.float32]]":
        outputs: list[NDArray[np.float32]] = session.run(None, {name: images.numpy()})
        return outputs

    return RunnableNetwork(
        run,
        export_seconds=made.seconds,
        compile_seconds=time.perf_counter() - start,
        cached=made.cached,
        settings={
            "threads": job.threads,
            "spinning": spinning,
            "onnxruntime": onnxruntime.__version__,
            **made.facts,
        },
    )
