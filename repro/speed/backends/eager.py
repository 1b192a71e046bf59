"""Plain PyTorch, one operator after the other: what the papers timed, and what others must equal.

`no_grad`, not `inference_mode`: both run the same kernels, and their times do not differ.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from repro.speed.backends.base import BackendJob, RunnableNetwork


def prepare(job: BackendJob) -> RunnableNetwork:
    """The network itself."""
    return RunnableNetwork(runner(job.model), settings={"threads": job.threads})


def runner(call: Callable[[Tensor], object]) -> Callable[[Tensor], list[Tensor]]:
    """Anything that maps a batch to nested tensors, without gradients and with a flat list."""

    def run(images: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return tree_leaves(call(images))

    return run
