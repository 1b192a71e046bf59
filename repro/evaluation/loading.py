"""The network of an evaluation: built, filled with its weights, ready on its device."""

import re

import torch

from repro import env
from repro.checkpoints import matching, reading
from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.evaluation import exported, network, oracle
from repro.evaluation.network import Network, ZooNetwork
from repro.evaluation.request import FILES, TRUTH, EvaluationRequest, Execution
from repro.exported.network_file import open_file
from repro.papers.values import Size

MOST_THREADS = 256


def opened(
    request: EvaluationRequest, annotations: Annotations, instances: Instances | None, size: Size
) -> Network:
    """The network of a request, filled with its weights."""
    device = device_of(request.execution)
    if device.type != "cpu" and request.model in (TRUTH, *FILES):
        raise ReproError(f"`{request.model}` runs on the CPU.", "Leave --device out.")
    limit = env.thread_limit()
    if request.execution.threads is not None:
        torch.set_num_threads(request.execution.threads)
    elif limit is not None:
        torch.set_num_threads(min(limit, torch.get_num_threads()))
    if request.model == TRUTH:
        rounded = request.options.get("rounded", True)
        if set(request.options) - {"rounded"} or not isinstance(rounded, bool):
            raise ReproError(
                "`truth` has one option, `rounded`, true or false.", "Say --option rounded=false."
            )
        return oracle.network(annotations, instances, size, request.protocol, rounded)
    if request.model in FILES:
        return _exported(request, size)
    return _of_the_zoo(request, device)


def device_of(execution: Execution) -> torch.device:
    """The device to run on; a ReproError where it or as many threads are not to be had."""
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
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ReproError("There is no CUDA device here.", "Leave --device out, or say cpu.")
    device = torch.device(name)
    if (device.index or 0) >= torch.cuda.device_count():
        raise ReproError(
            f"There is no device `{name}`, only {torch.cuda.device_count()} of them.",
            "They are counted from cuda:0.",
        )
    return device


def _exported(request: EvaluationRequest, size: Size) -> Network:
    path = request.file
    if request.options or request.partial:
        raise ReproError(
            f"`{path}` is what it is: it takes no options and is not loaded in part.",
            "Leave --option and --allow-partial out.",
        )
    threads = request.execution.threads or env.thread_limit() or 0
    file = open_file(path, threads, request.layout)
    return exported.network_of(file, request.protocol, request.output, size)[0]


def _of_the_zoo(request: EvaluationRequest, device: torch.device) -> Network:
    weights = reading.read(request.file, entry=request.entry)
    model = network.created(request.model, request.protocol.keypoints, request.options)
    matching.load(model, weights, request.partial)
    return ZooNetwork(model.eval().to(device), device)
