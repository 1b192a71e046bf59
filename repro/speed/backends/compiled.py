"""torch.compile with the Inductor: kernels in C++, fused and compiled on the first call.

The network is rewritten before by `repro.speed.backends.rewriting`. The variant `freezing` leaves
the folding to the Inductor, which scales the wrong axis of a transposed convolution's weight in
some versions of torch: it is here so that the check against eager can be seen to catch it, and for
networks that it computes right.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType

import torch
from torch import Tensor, nn
from torch._inductor import config, utils

from repro.papers.values import Scalar
from repro.speed.backends.base import BackendError, BackendJob, RunnableNetwork, reason, silence
from repro.speed.backends.eager import runner
from repro.speed.backends.rewriting import rewritten

FOLDER = "TORCHINDUCTOR_CACHE_DIR"


def prepare(job: BackendJob) -> RunnableNetwork:
    """A compiled network; the Inductor keeps what it made in the cache."""
    freezing = job.variant == "freezing"
    start = time.perf_counter()
    model, facts = job.model, dict[str, Scalar]()
    if not freezing:
        model, facts = rewritten(job.model, job.example)
    exported = time.perf_counter()
    hits = _hits()
    try:
        # as an option of torch.compile, freezing has no effect
        with (
            inductor_files(job.cache / "inductor"),
            config.patch({"freezing": freezing, "cpp.threads": job.threads}),
            silence(),
        ):
            run = runner(compiled_call(model))
            run(job.example)
    except Exception as error:  # dynamo's, the Inductor's and the compiler's own share no base
        raise BackendError(f"torch.compile fails: {reason(error)}") from error
    return RunnableNetwork(
        run,
        export_seconds=exported - start,
        compile_seconds=time.perf_counter() - exported,
        cached=_hits() > hits,
        settings={"threads": job.threads, **facts, "freezing": freezing},
    )


def compiled_call(model: nn.Module) -> Callable[[Tensor], object]:
    """A compiled call with a code object of its own.

    Dynamo keeps a few compilations for each code object and runs plain torch after that, so that
    one function for several networks would time the wrong thing.
    """

    def call(images: Tensor) -> object:
        return model(images)

    code = call.__code__.replace(co_name=f"call_{id(model)}")
    separate = FunctionType(code, call.__globals__, code.co_name, None, call.__closure__)
    return torch.compile(separate, fullgraph=True, dynamic=False)


def _hits() -> int:
    from torch._dynamo.utils import counters

    return counters["inductor"]["fxgraph_cache_hit"]


@contextmanager
def inductor_files(folder: Path) -> Iterator[None]:
    """Let the Inductor keep its files in that folder."""
    before = os.environ.get(FOLDER)
    os.environ[FOLDER] = str(folder.resolve())
    _forget()
    try:
        yield
    finally:
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before
        _forget()


def _forget() -> None:
    """Let the Inductor look again for files that it remembers in another folder."""
    clear = getattr(utils, "clear_caches", None) or utils.clear_inductor_caches
    clear()
