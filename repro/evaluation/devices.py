"""The device that an evaluation runs on."""

import re

from repro.errors import ReproError
from repro.evaluation.request import Execution

MOST_THREADS = 256


def device_of(execution: Execution) -> str:
    """Its name; a ReproError where the device or as many threads are not to be had."""
    name, threads = execution.device, execution.threads
    if threads is not None and threads > MOST_THREADS:
        raise ReproError(
            f"{threads:,} threads are too many.", f"Take {MOST_THREADS} or fewer: --threads."
        )
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name):
        raise ReproError(
            f"There is no device `{name}`.", "Say cpu, cuda, or cuda:1 for the second of several."
        )
    if name == "cpu":
        return name
    import torch

    if not torch.cuda.is_available():
        raise ReproError("There is no CUDA device here.", "Leave --device out, or say cpu.")
    device = torch.device(name)
    if (device.index or 0) >= torch.cuda.device_count():
        raise ReproError(
            f"There is no device `{name}`, only {torch.cuda.device_count()} of them.",
            "They are counted from cuda:0.",
        )
    return name
