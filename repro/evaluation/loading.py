"""The network of an evaluation: built, filled with its weights, ready on its device."""

import torch

from repro import env
from repro.checkpoints import matching, reading
from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.evaluation import exported, network, oracle
from repro.evaluation.devices import device_of
from repro.evaluation.network import Network, ZooNetwork
from repro.evaluation.request import FILES, TRUTH, EvaluationRequest
from repro.exported.network_file import open_file
from repro.papers.values import Size


def opened(
    request: EvaluationRequest, annotations: Annotations, instances: Instances | None, size: Size
) -> Network:
    """The network of a request, filled with its weights."""
    device = torch.device(device_of(request.execution))
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
