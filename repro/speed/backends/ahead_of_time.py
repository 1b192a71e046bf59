"""AOTInductor: the whole network as one compiled library, which needs no Python to run.

With freezing, which lets oneDNN keep weights in the order its kernels want; the normalisations are
folded before by `repro.speed.backends.rewriting`, so that freezing finds none to fold wrongly.
"""

import time
from pathlib import Path

import torch
import torch._inductor

from repro import env
from repro.errors import ReproError
from repro.files import temporary_folder
from repro.papers.values import Scalar
from repro.speed.backends import artifacts
from repro.speed.backends.base import BackendError, BackendJob, RunnableNetwork, reason, silence
from repro.speed.backends.compiled import inductor_files
from repro.speed.backends.eager import runner
from repro.speed.backends.rewriting import CODE, rewritten

OPTIONS: dict[str, Scalar] = {"freezing": True}


def prepare(job: BackendJob) -> RunnableNetwork:
    """A compiled package, made once for each number of threads, machine and version."""
    options = {**OPTIONS, "cpp.threads": job.threads}
    what = {"kind": "ahead", "compiler": env.variable("CXX") or ""}
    everything = what | options | artifacts.machine()
    key = artifacts.key(job.model, job.example, everything, *CODE, __name__)

    def make(path: Path) -> dict[str, Scalar]:
        start = time.perf_counter()
        model, facts = rewritten(job.model, job.example)
        with torch.no_grad(), temporary_folder(path.parent) as folder:
            exported = torch.export.export(model, (job.example,), strict=False)
            seconds = time.perf_counter() - start
            with inductor_files(folder), silence():
                torch._inductor.aoti_compile_and_package(
                    exported, package_path=str(path), inductor_configs=dict(options)
                )
        return {**facts, "export_seconds": seconds}

    try:
        made = artifacts.obtain(job.cache / "ahead", key, ".pt2", make)
        start = time.perf_counter()
        run = runner(torch._inductor.aoti_load_package(str(made.path)))
        run(job.example)
    except ReproError:
        raise
    except Exception as error:  # of export, the Inductor and the compiler, which share no base
        raise BackendError(f"AOTInductor fails: {reason(error)}") from error
    loading = time.perf_counter() - start
    facts = dict(made.facts)
    exporting = float(facts.pop("export_seconds"))
    return RunnableNetwork(
        run,
        export_seconds=exporting,
        compile_seconds=made.seconds - exporting + loading,
        cached=made.cached,
        settings={"threads": job.threads, **facts, **options},
    )
