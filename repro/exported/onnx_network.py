"""An exported network at work: images in, maps out, whatever its layout, batch and numbers."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.errors import ReproError
from repro.exported import opening
from repro.exported.form import NHWC, ImageInput
from repro.exported.network_file import NetworkFile

Values = NDArray[np.generic]
NUMBERS = {
    "float": np.float32,
    "float16": np.float16,
    "double": np.float64,
    "uint8": np.uint8,
}


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
        found = opening.run(self.file.session, self.file.path, given, self.outputs, batch)
        return [
            _planes(values, layout)[: len(images)]
            for values, layout in zip(found, self.layouts, strict=True)
        ]


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
