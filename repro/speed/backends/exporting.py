"""ONNX files for the runtimes that read them.

The exporter by tracing comes first: it takes seconds where the one by `torch.export` takes tens,
and what a trace gets wrong (a branch on values) the check against eager finds. A network that it
cannot take is tried with the other.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from repro import env
from repro.errors import ReproError
from repro.papers.values import Scalar
from repro.speed.backends import artifacts
from repro.speed.backends.base import BackendError, reason, silence
from repro.speed.backends.rewriting import CODE, rewritten

OPSET = 17
INPUT = "image"
LIMIT = 2**31 - 1
"""bytes that an ONNX file with its weights inside may have"""


def onnx(model: nn.Module, example: Tensor, cache: Path) -> artifacts.Artifact:
    """The rewritten network as an ONNX file, for inputs of the example's shape.

    BackendError if no exporter can take it, with what each says.
    """
    what: dict[str, Scalar] = {
        "kind": "onnx",
        "opset": OPSET,
        "onnxscript": env.version("onnxscript") or "",
    }

    def make(path: Path) -> dict[str, Scalar]:
        network, facts = rewritten(model, example)
        return {**facts, "exporter": _export(network, example, path)}

    try:
        key = artifacts.key(model, example, what, *CODE, __name__)
        return artifacts.obtain(cache / "onnx", key, ".onnx", make)
    except ReproError:
        raise
    except Exception as error:  # a network that fails on its own example
        raise BackendError(f"the network fails: {reason(error)}") from error


def _export(model: nn.Module, example: Tensor, path: Path) -> str:
    """Write the file with the first exporter that can; its name."""
    failures = []
    for name, exporter in EXPORTERS.items():
        try:
            with silence():
                exporter(model, example, path)
        except Exception as error:  # the exporters' own share no base
            failures.append(f"by {name}: {reason(error)}")
            path.unlink(missing_ok=True)
        else:
            return name
    raise BackendError(f"ONNX export fails {'; '.join(failures)}")


def _by_tracing(model: nn.Module, example: Tensor, path: Path) -> None:
    with torch.no_grad():
        torch.onnx.export(
            model,
            (example,),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
        )


def _by_export(model: nn.Module, example: Tensor, path: Path) -> None:
    with torch.no_grad():
        program = torch.onnx.export(model, (example,), dynamo=True, verbose=False)
    if program is None:
        raise BackendError("the exporter gives nothing")
    program.save(str(path), external_data=False)


EXPORTERS: dict[str, Callable[[nn.Module, Tensor, Path], None]] = {
    "tracing": _by_tracing,
    "torch.export": _by_export,
}
