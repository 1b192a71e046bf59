"""The network of a look: built, filled with its weights, ready on its device."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch

import zoo
from repro import checkpoints, rules
from repro.data.boxes import Instances
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.evaluation.request import ONNX, TRUTH, Look
from repro.files import sha256
from repro.protocol import Protocol, changed
from repro.runners import network, truth
from repro.runners.execution import Execution
from repro.runners.network import Network, ZooNetwork
from repro.runners.truth import STRIDES
from repro.spec import spec_of, weights_name
from repro.study import Scalar, Size

MOST_THREADS = 256
LARGEST = 2048
"""pixels of an input's side"""


def opened(
    look: Look, annotations: Annotations, instances: Instances | None, size: Size
) -> tuple[Network, Mapping[str, Scalar]]:
    """The network of a look, and what a record says of its weights."""
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
        return truth.network(annotations, instances, size, look.protocol, rounded), {}
    if look.model == ONNX:
        return _exported(look, _file(look))
    return _of_the_zoo(look, _file(look), size, device)


def size_of(look: Look) -> Size:
    """The input size of a look; where persons need no boxes the short side of images, twice."""
    if look.model == ONNX:
        path = _file(look)
        if look.protocol.bottom_up:
            raise ReproError(
                f"`{path}` cannot be read by {look.protocol.decode}.",
                "Exported files are taken as top-down networks that give heatmaps.",
            )
        size = network.onnx_size(network.open_onnx(path), path, look.size)
    elif look.model == TRUTH and look.protocol.bottom_up:
        size = look.size or (512, 512)
    else:
        size = look.size or rules.size_of(look.model, look.protocol.dataset)
    coarse = STRIDES[0] if look.model == TRUTH else 1
    known = look.model in zoo.MODELS  # whose sizes are checked where they are built
    if not known and any(not 0 < side <= LARGEST or side % coarse for side in size):
        legal = f"multiples of {coarse}, " if coarse > 1 else ""
        raise ReproError(
            f"`{look.model}` cannot take an input of {size[0]}x{size[1]}.",
            f"Both sides must be {legal}at most {LARGEST}; sizes are height x width.",
        )
    if look.protocol.bottom_up and size[0] != size[1]:
        raise ReproError(
            f"`{look.model}` takes whole images, not inputs of {size[0]}x{size[1]}.",
            f"Name the short side of the images, twice: --input {size[0]}x{size[0]}.",
        )
    return size


def as_exported(rules: Protocol, path: Path) -> Protocol:
    """The protocol with the colour order and normalisation that an ONNX file states.

    They are entries `colour` and `normalise` of the file's metadata, worded as in a protocol.
    """
    stated = network.open_onnx(path).metadata
    try:
        return changed(rules, colour=stated.get("colour"), normalise=stated.get("normalise"))
    except ReproError as error:
        raise ReproError(f"The metadata of `{path}`: {error}", error.hint) from error


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


def _file(look: Look) -> Path:
    if look.weights is None:
        raise ReproError(f"`{look.model}` needs weights.", "Give a checkpoint: --weights FILE.")
    return look.weights


def _exported(look: Look, path: Path) -> tuple[Network, Mapping[str, Scalar]]:
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
    return found, {"name": path.name, "sha256": sha256(path)}


def _of_the_zoo(
    look: Look, path: Path, size: Size, device: torch.device
) -> tuple[Network, Mapping[str, Scalar]]:
    rules = look.protocol
    spec_of(look.model, size, rules.keypoints, look.options)
    state = checkpoints.read(path)
    try:
        model = zoo.create_model(look.model, rules.keypoints, **look.options)
    except ValueError as error:
        raise ReproError(str(error)) from error
    match = checkpoints.load(model, state, look.partial)
    weights: dict[str, Scalar] = {
        "name": weights_name(look.model, size, rules.dataset, look.options, look.variant),
        "sha256": state.sha256,
    }
    if not match.exact:
        weights |= {"partial": True, "loaded": f"{len(match.names)} of {match.tensors} tensors"}
    return ZooNetwork(model.eval().to(device), device), weights
