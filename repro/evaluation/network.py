"""Networks as an evaluation sees them: a batch of images in, maps out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import zoo
from repro.errors import ReproError, RunError
from repro.papers.values import Options, Size


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
        raise ReproError(str(error), "Options are given as --option NAME=VALUE.") from error


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
