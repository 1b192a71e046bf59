"""PyTorch eager on the rewritten network, with the channels innermost in memory.

oneDNN's convolutions like that order; the input is brought into it in every call.
"""

import time

import torch
from torch import Tensor

from repro.speed.backends.base import BackendJob, RunnableNetwork
from repro.speed.backends.eager import runner
from repro.speed.backends.rewriting import rewritten


def prepare(job: BackendJob) -> RunnableNetwork:
    """A folded copy of the network in another order."""
    start = time.perf_counter()
    network, facts = rewritten(job.model, job.example)
    model = network.to(memory_format=torch.channels_last)

    def call(images: Tensor) -> object:
        return model(images.contiguous(memory_format=torch.channels_last))

    seconds = time.perf_counter() - start
    settings = {"threads": job.threads, **facts}
    return RunnableNetwork(runner(call), export_seconds=seconds, settings=settings)
