"""Networks as an evaluation sees them: a batch of images in, maps out."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import zoo
from repro.errors import ReproError, RunError
from repro.papers.values import Options, Size

if TYPE_CHECKING:
    import onnxruntime


class Network(Protocol):
    """Anything that turns images into maps."""

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """The maps of normalised images (N, 3, H, W), in the order of the official model.

        `chosen` says which instances or images these are and `mirrored` whether they were
        mirrored; a network that sees only pixels ignores both.
        """


def created(model: str, keypoints: int, options: Options) -> nn.Module:
    """A network of the zoo with its initial values; a ReproError for options that do not fit."""
    try:
        return zoo.create_model(model, keypoints, **options)
    except ValueError as error:
        raise ReproError(str(error)) from error


def listed(outputs: Tensor | Sequence[Tensor]) -> list[Tensor]:
    """The outputs of a model as a list, also where it has only one."""
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)


@dataclass(frozen=True)
class ZooNetwork:
    """A model of the zoo with its weights, on a device."""

    model: nn.Module
    device: torch.device

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        with torch.inference_mode():
            outputs = self.model(images.to(self.device))
        return listed(outputs)


@dataclass(frozen=True)
class OnnxNetwork:
    """An exported top-down network: one image input, heatmaps as its last output."""

    session: "onnxruntime.InferenceSession"
    name: str
    """of the input"""
    shape: tuple[int | None, int | None, int | None]
    """batch, height, width; None where the file leaves it open"""
    keypoints: int | None
    metadata: Mapping[str, str]

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """See Network."""
        batch = self.shape[0] or len(images)
        parts = [self._heatmaps(part) for part in torch.split(images, batch)]
        maps = torch.cat(parts)
        if len(maps) != len(images):
            raise ReproError(
                f"The network gives {len(maps)} maps for {len(images)} images.",
                "Export it with a batch that stays a batch, or with a batch of 1.",
            )
        return [maps]

    def _heatmaps(self, images: Tensor) -> Tensor:
        lacking = (self.shape[0] or len(images)) - len(images)
        filled = torch.cat([images, images.new_zeros(lacking, *images.shape[1:])])
        (*_, maps) = self.session.run(None, {self.name: filled.numpy()})
        return torch.from_numpy(np.asarray(maps, np.float32)[: len(images)])


def open_onnx(path: Path, threads: int = 0) -> OnnxNetwork:
    """The network in an ONNX file; raise ReproError for anything that is no such file."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ReproError(
            f"`{path}` needs onnxruntime, which is not installed.", "Try `pip install onnxruntime`."
        ) from error
    if not path.is_file():
        raise ReproError(f"There is no file `{path}`.", "Correct the path.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the runtime's own exceptions share no base
        reason = str(error).strip().splitlines()[0][:160]
        message = f"`{path}` is no ONNX file that can be run: {reason.rstrip('.')}."
        raise ReproError(message, "Export it again.") from error
    return _checked(session, path)


def _checked(session: "onnxruntime.InferenceSession", path: Path) -> OnnxNetwork:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        taken = ", ".join(f"{one.name} {one.type}{one.shape}" for one in inputs)
        raise ReproError(
            f"`{path}` takes {taken}.", "An evaluation takes one float input of N x 3 x H x W."
        )
    if len(outputs[-1].shape) != 4:
        raise ReproError(
            f"`{path}` gives `{outputs[-1].name}` of shape {outputs[-1].shape}.",
            "An evaluation takes heatmaps of N x K x h x w as the last output.",
        )
    batch, channels, *size = (_whole(side) for side in inputs[0].shape)
    if channels not in (3, None):
        raise ReproError(
            f"`{path}` takes {channels} channels.", "An evaluation gives it the 3 of a picture."
        )
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    keypoints = _whole(outputs[-1].shape[1])
    return OnnxNetwork(session, inputs[0].name, (batch, size[0], size[1]), keypoints, metadata)


def _whole(side: object) -> int | None:
    return side if isinstance(side, int) and side > 0 else None


def onnx_size(network: OnnxNetwork, path: Path, given: Size | None) -> Size:
    """The input size of an exported network: the file's, or the user's where the file is open."""
    _, height, width = network.shape
    size = (height or (given or (0, 0))[0], width or (given or (0, 0))[1])
    if given is not None and size != given:
        raise ReproError(
            f"`{path}` is built for {size[0]}x{size[1]}, not {given[0]}x{given[1]}.",
            "Leave --input out.",
        )
    if not all(size):
        raise ReproError(
            f"`{path}` does not fix its input size.", "Name it: --input 256x192 (height x width)."
        )
    return size


def sigma_of(size: Size) -> float:
    """The deviation of the Gaussians that networks of an input size are trained with (HRNet)."""
    return 3.0 if size[0] >= 384 else 2.0


@contextmanager
def running() -> Iterator[None]:
    """What fails in the library that runs a network becomes a RunError of one sentence."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        raise _failure(error) from error
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):  # its errors share no base
            raise
        raise _failure(error) from error


def _failure(error: Exception) -> RunError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return RunError(
        f"The network failed: {reason:.160}.",
        "What was finished before is kept. A smaller --batch may do, down to 1.",
    )


def check_finite(outputs: Sequence[Tensor], what: str) -> None:
    """Raise ReproError where a network gives NaN or infinity."""
    if not all(bool(torch.isfinite(output).all()) for output in outputs):
        raise ReproError(
            f"The network gives NaN or infinity for {what}.",
            "Are the weights those of this network?",
        )


def heatmaps(outputs: Sequence[Tensor], keypoints: int) -> Tensor:
    """The heatmaps (N, K, h, w) of a top-down network: its last output."""
    last = outputs[-1]
    if last.ndim != 4 or last.shape[1] != keypoints:
        raise ReproError(
            f"The network gives maps of shape {tuple(last.shape)}, not of {keypoints} joints.",
            "Is it a top-down network for this data set?",
        )
    return last.float().cpu()
