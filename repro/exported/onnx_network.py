"""An exported network at work: images in, maps out, whatever its layout, batch and numbers."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.errors import ReproError, RunError
from repro.exported.form import NHWC, ImageInput
from repro.exported.network_file import NetworkFile

Values = NDArray[np.generic]
NUMBERS = {
    "float": np.float32,
    "float16": np.float16,
    "double": np.float64,
    "uint8": np.uint8,
}
PATIENCE, PATIENCE_EACH = 120.0, 20.0
"""seconds that a call may take, and for each of its images besides"""


@dataclass(frozen=True)
class OnnxNetwork:
    """The maps that an exported network gives, in float32, N x C x h x w."""

    file: NetworkFile
    outputs: tuple[str, ...]
    """in the order in which they are given"""
    layouts: tuple[str, ...]
    """of each output"""

    def __call__(self, images: Tensor, chosen: NDArray[np.int64], mirrored: bool) -> list[Tensor]:
        """The maps of normalised images (N, 3, H, W); see `repro.evaluation.network.Network`."""
        batch = self.file.image.batch or len(images)
        parts = [self._maps(part, batch) for part in torch.split(images, batch)]
        together = [torch.cat(maps) for maps in zip(*parts, strict=True)]
        for maps in together:
            if len(maps) != len(images):
                raise ReproError(
                    f"The network gives {len(maps)} maps for {len(images)} images.",
                    "Take one at a time with --batch 1, or export it with a batch that stays one.",
                )
        return together

    def _maps(self, images: Tensor, batch: int) -> list[Tensor]:
        filled = torch.cat([images, images.new_zeros(batch - len(images), *images.shape[1:])])
        given = {self.file.image.name: as_given(filled, self.file.image)}
        return [
            _planes(values, layout)[: len(images)]
            for values, layout in zip(self._run(given, batch), self.layouts, strict=True)
        ]

    def _run(self, given: dict[str, Values], batch: int) -> Sequence[Values]:
        """The outputs; a RunError where the network does not come to an end."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        seconds = PATIENCE + PATIENCE_EACH * batch
        ended = threading.Event()

        def end() -> None:
            ended.set()
            options.terminate = True

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            values: Sequence[Values] = self.file.session.run(list(self.outputs), given, options)
        except Exception as error:  # the runtime's own exceptions share no base
            if ended.is_set():
                raise RunError(
                    f"`{self.file.path}` does not finish {batch} images in {seconds:.0f} s.",
                    "Does it loop without end?",
                ) from error
            raise
        finally:
            timer.cancel()
        return values


def as_given(images: Tensor, image: ImageInput) -> Values:
    """Normalised images (N, 3, H, W) in the layout and the numbers that a file takes."""
    if image.layout == NHWC:
        images = images.permute(0, 2, 3, 1)
    if image.kind == "uint8":
        images = images.round().clamp(0, 255)
    given: Values = images.contiguous().numpy().astype(NUMBERS[image.kind], copy=False)
    return given


def _planes(values: Values, layout: str) -> Tensor:
    maps = torch.from_numpy(np.asarray(values, np.float32))
    return maps.permute(0, 3, 1, 2).contiguous() if layout == NHWC else maps
