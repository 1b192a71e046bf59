"""Ways to run a network: one entry each, and on the processor one file, imported when it is used.

Every backend but eager must be held against eager (`repro.speed.backends.equivalence`) before its
speed counts: compilers do compute something else at times.
"""

from collections.abc import Mapping

from repro.speed.backends.base import Backend, BackendError, RunnableNetwork

__all__ = ["BACKENDS", "CPU", "CUDA", "Backend", "BackendError", "RunnableNetwork"]


def _named(*backends: Backend) -> Mapping[str, Backend]:
    return {backend.name: backend for backend in backends}


ONNX = ("onnx",)
"""what torch needs to export"""
CPU = _named(
    Backend("eager", "PyTorch eager", "eager", merges=False),
    Backend("channels_last", "PyTorch eager, folded, channels last", "channels_last", merges=False),
    Backend("compiled", "torch.compile, folded", "compiled", compiles=True),
    Backend(
        "compiled_freezing",
        "torch.compile, freezing",
        "compiled",
        variant="freezing",
        compiles=True,
        default=False,
    ),
    Backend("ahead", "AOTInductor, folded", "ahead_of_time", compiles=True),
    Backend(
        "onnx_runtime",
        "ONNX Runtime, folded",
        "onnx_runtime",
        packages=("onnxruntime", *ONNX),
        files=True,
    ),
    Backend(
        "openvino",
        "OpenVINO, folded",
        "openvino",
        packages=("openvino", *ONNX),
        precisions=("fp32", "bf16"),
        files=True,
    ),
)
"""the slowest to prepare not first"""

GPU_PRECISIONS = ("fp32", "tf32", "fp16", "bf16")
CUDA = _named(
    Backend("eager", "each operator by itself", precisions=GPU_PRECISIONS, merges=False),
    Backend(
        "channels_last",
        "the same with channels innermost in memory",
        precisions=GPU_PRECISIONS,
        merges=False,
    ),
    Backend(
        "graphs",
        "eager's kernels, recorded once as a CUDA graph and replayed",
        precisions=GPU_PRECISIONS,
        replays=True,
        merges=False,
    ),
    Backend(
        "compiled",
        "torch.compile, batch normalisation folded first",
        precisions=GPU_PRECISIONS,
        compiles=True,
    ),
    Backend(
        "compiled_graphs",
        "the kernels of `compiled` as a CUDA graph",
        precisions=GPU_PRECISIONS,
        compiles=True,
        replays=True,
    ),
)
"""prepared by `repro.speed.gpu.device`"""

BACKENDS: Mapping[str, Mapping[str, Backend]] = {"cpu": CPU, "cuda": CUDA}
"""by device"""
