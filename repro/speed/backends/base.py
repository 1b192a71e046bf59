"""What a backend is: whether it is here, and a network made ready to run."""

import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from repro import env
from repro.errors import ReproError
from repro.papers.values import Scalar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    Outputs = Sequence[Tensor] | Sequence[NDArray[np.float32]]
    Run = Callable[[Tensor], Outputs]


class BackendError(ReproError):
    """A backend cannot take a network, or is not here; the message is the reason."""


@dataclass(frozen=True)
class RunnableNetwork:
    """A network that a backend can run."""

    run: "Run"
    """a batch (N, 3, H, W) of the example's shape to all outputs, in the network's order"""
    export_seconds: float = 0.0
    """to get the network out of eager torch, when that was done"""
    compile_seconds: float = 0.0
    """to make it runnable, when that was done"""
    cached: bool = False
    """whether what takes longest was found in the cache and not done now"""
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    """what was chosen: threads, versions, how many normalisations were folded"""


@dataclass(frozen=True)
class Backend:
    """One way to run a network on one kind of device."""

    name: str
    title: str
    module: str = ""
    """of this package, which prepares networks for the processor"""
    variant: str = ""
    """of those that the module has"""
    packages: tuple[str, ...] = ()
    """that it needs beside torch"""
    compiles: bool = False
    """whether torch compiles, which takes a C++ compiler, for a GPU triton"""
    replays: bool = False
    """whether the kernels are recorded once and handed over together"""
    merges: bool = True
    """whether neighbouring operators become one"""
    precisions: tuple[str, ...] = ("fp32",)
    default: bool = True
    """whether it is tried where no backend is named"""
    files: bool = False
    """whether it runs exported files as they are"""

    def why_not(self) -> str:
        """Why it is not usable on this processor, in one line; empty if it is."""
        return lacking(*self.packages) or (without_compiler() if self.compiles else "")

    def prepare(
        self,
        model: "nn.Module",
        example: "Tensor",
        threads: int,
        cache: Path,
        precision: str = "fp32",
    ) -> RunnableNetwork:
        """Make a network (eval mode, fp32, on the CPU) ready for inputs of the example's shape.

        The network itself stays as it is; torch's number of threads is set for the process.
        BackendError if it cannot be taken.
        """
        import torch

        self._check(precision)
        if model.training:
            raise BackendError("The network is in training mode.", "Call `model.eval()` first.")
        torch.set_num_threads(threads)
        job = BackendJob(model, example, threads, cache, precision, self.variant)
        module = import_module(f"repro.speed.backends.{self.module}")
        prepared: RunnableNetwork = module.prepare(job)
        return prepared

    def prepare_file(
        self, path: Path, example: "Tensor", threads: int, precision: str = "fp32"
    ) -> RunnableNetwork:
        """Make an exported file ready for inputs like the example, in its own layout and numbers.

        BackendError if it cannot be taken.
        """
        if not self.files:
            raise BackendError(f"`{self.name}` runs no exported files.")
        self._check(precision)
        module = import_module(f"repro.speed.backends.{self.module}")
        prepared: RunnableNetwork = module.prepare_file(FileJob(path, example, threads, precision))
        return prepared

    def _check(self, precision: str) -> None:
        """Raise BackendError where the precision or the backend is not to be had."""
        if precision not in self.precisions:
            raise BackendError(
                f"`{self.name}` has no precision `{precision}`.",
                f"It has {', '.join(self.precisions)}.",
            )
        if reason := self.why_not():
            raise BackendError(reason)


@dataclass(frozen=True)
class BackendJob:
    """What a backend is to prepare."""

    model: "nn.Module"
    example: "Tensor"
    threads: int
    cache: Path
    precision: str = "fp32"
    variant: str = ""


@dataclass(frozen=True)
class FileJob:
    """An exported file that a backend is to prepare."""

    path: Path
    example: "Tensor"
    """in the layout and the numbers that the file takes"""
    threads: int
    precision: str = "fp32"


def lacking(*packages: str) -> str:
    """One line that names the packages which are not installed; empty if all are."""
    absent = [name for name in packages if env.version(name) is None]
    return f"not installed: {', '.join(absent)} (pip install {' '.join(absent)})" if absent else ""


def without_compiler() -> str:
    """Why torch cannot compile here; empty if a C++ compiler is found where torch looks for one."""
    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    name = env.variable("CXX") or usual
    return "" if shutil.which(name) else f"no C++ compiler: there is no `{name}` (set CXX)"


FOLDERS = re.compile(r"(?<![\w./])(?:[A-Za-z]:)?[\\/](?:[^\\/\s\"':]+[\\/])+")
"""of this machine, which belong into no record"""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""of an exporter's messages"""


def reason(error: BaseException) -> str:
    """What went wrong in one line: of a compiler's output the first error, of a list its item."""
    text = str(error).partition("[Caused by")[0]  # from there a tracer dumps its graph
    text = text.rpartition("Summary:")[2]  # before it OpenVINO logs what followed from it
    text = COLOURS.sub("", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if " error: " in line or line.startswith("-- ")]
    first = (telling or lines or [""])[0].removeprefix("-- ")
    if first.endswith(":") and len(lines) > 1:
        first += f" {lines[1]}"
    return f"{type(error).__name__}: {FOLDERS.sub('', first)}"[:240].rstrip(" :.")


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing be printed, not even by compiled code, nor warned of.

    Exporters dump whole graphs, and compilers warn of what a user of theirs can do nothing about.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(stream) for stream in (1, 2)]
    try:
        with Path(os.devnull).open("w") as nowhere:
            for stream in (1, 2):
                os.dup2(nowhere.fileno(), stream)
            with (
                warnings.catch_warnings(),
                redirect_stdout(nowhere),
                redirect_stderr(nowhere),
            ):
                warnings.simplefilter("ignore")
                yield
    finally:
        for stream, before in zip((1, 2), kept, strict=True):
            os.dup2(before, stream)
            os.close(before)
