"""Ways to run a network, each in a file of its own: what it needs, and how it takes a network.

Every backend but eager must be held against eager (`repro.speed.backends.equivalence`) before its
speed counts: compilers do compute something else at times. Nothing heavy is imported until a
backend is asked something.
"""

from collections.abc import Mapping

from repro.speed.backends.base import Backend, BackendError, RunnableNetwork

__all__ = ["NAMES", "Backend", "BackendError", "RunnableNetwork"]

_ALL = (
    Backend("eager", "PyTorch eager", "eager"),
    Backend("channels_last", "PyTorch eager, folded, channels last", "channels_last"),
    Backend("compiled", "torch.compile, folded", "compiled"),
    Backend("compiled_freezing", "torch.compile, freezing", "compiled", "freezing", default=False),
    Backend("ahead", "AOTInductor, folded", "ahead_of_time"),
    Backend("onnx_runtime", "ONNX Runtime, folded", "onnx_runtime"),
    Backend("openvino", "OpenVINO, folded", "openvino", precisions=("fp32", "bf16")),
)

NAMES: Mapping[str, Backend] = {backend.name: backend for backend in _ALL}
"""every backend for the CPU, the slowest to prepare not first"""
