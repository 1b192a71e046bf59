"""ONNX Runtime on the CPU: the usual way to deploy these networks."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from repro import env
from repro.papers.values import Scalar
from repro.speed.backends.base import BackendError, BackendJob, FileJob, RunnableNetwork, reason
from repro.speed.backends.exporting import onnx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

SILENT = 4
NO_FACTS: Mapping[str, Scalar] = MappingProxyType({})


def prepare(job: BackendJob) -> RunnableNetwork:
    """A session for the exported network."""
    made = onnx(job.model, job.example, job.cache)
    return _session(made.path, job.threads, made.seconds, made.cached, made.facts)


def prepare_file(job: FileJob) -> RunnableNetwork:
    """A session for a file, as it is."""
    return _session(job.path, job.threads)


def _session(
    path: Path,
    threads: int,
    seconds: float = 0.0,
    cached: bool = False,
    facts: Mapping[str, Scalar] = NO_FACTS,
) -> RunnableNetwork:
    """What runs a file; the rest tells how it was made.

    Threads that wait for work spin, as the runtime does by default, but stop when a call ends, so
    that they do not take time from what is timed next. Where the process asks for passive waiting
    (OMP_WAIT_POLICY, as on a machine with other work) they do not spin at all.
    """
    import onnxruntime

    spinning = (env.variable("OMP_WAIT_POLICY") or "").upper() != "PASSIVE"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = SILENT
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    options.add_session_config_entry("session.force_spinning_stop", "1")
    start = time.perf_counter()
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's own share no base
        raise BackendError(f"ONNX Runtime fails: {reason(error)}") from error
    name = session.get_inputs()[0].name

    def run(images: "Tensor") -> "list[NDArray[np.float32]]":
        outputs: list[NDArray[np.float32]] = session.run(None, {name: images.numpy()})
        return outputs

    return RunnableNetwork(
        run,
        export_seconds=seconds,
        compile_seconds=time.perf_counter() - start,
        cached=cached,
        settings={
            "threads": threads,
            "spinning": spinning,
            "onnxruntime": onnxruntime.__version__,
            **facts,
        },
    )
