"""The network of a look: built, filled with its weights, ready on its device."""

import re
from pathlib import Path

import torch

import zoo
from repro.checkpoints import matching, reading
from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.evaluation import network, oracle
from repro.evaluation.execution import Execution
from repro.evaluation.network import Network, ZooNetwork
from repro.evaluation.request import ONNX, TRUTH, EvaluationRequest
from repro.papers.values import Size

MOST_THREADS = 256


def opened(
    look: EvaluationRequest, annotations: Annotations, instances: Instances | None, size: Size
) -> Network:
    """The network of a look, filled with its weights."""
    device = device_of(look.execution)
    if device.type != "cpu" and look.model in (TRUTH, ONNX):
        raise ReproError(f"`{look.model}` runs on the CPU.", "Leave --device out.")
    if look.execution.threads is not None:
        torch.set_num_threads(look.execution.threads)
    if look.model == TRUTH:
        rounded = look.options.get("rounded", True)
        if set(look.options) - {"rounded"} or not isinstance(rounded, bool):
            raise ReproError(
                "`truth` has one option, `rounded`, true or false.", "Say --option rounded=false."
            )
        return oracle.network(annotations, instances, size, look.protocol, rounded)
    if look.model == ONNX:
        return _exported(look, file_of(look))
    return _of_the_zoo(look, file_of(look), device)


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


def file_of(look: EvaluationRequest) -> Path:
    if look.weights is None:
        raise ReproError(f"`{look.model}` needs weights.", "Give a checkpoint: --weights FILE.")
    return look.weights


def _exported(look: EvaluationRequest, path: Path) -> Network:
    if look.options or look.partial:
        raise ReproError(
            f"`{path}` is what it is: it takes no options and is not loaded in part.",
            "Leave --option and --allow-partial out.",
        )
    found = network.open_onnx(path, look.execution.threads or 0)
    keypoints = look.protocol.keypoints
    if found.keypoints not in (None, keypoints):
        raise ReproError(
            f"`{path}` finds {found.keypoints} joints; {look.protocol.on} has {keypoints}.",
            "Choose the data set it was trained for: --dataset.",
        )
    return found


def _of_the_zoo(look: EvaluationRequest, path: Path, device: torch.device) -> Network:
    state = reading.read(path)
    try:
        model = zoo.create_model(look.model, look.protocol.keypoints, **look.options)
    except ValueError as error:
        raise ReproError(str(error)) from error
    matching.load(model, state, look.partial)
    return ZooNetwork(model.eval().to(device), device)
