"""An exported network at work: images in, outputs of its head out, whatever its layout, batch and
numbers."""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError
from repro.exported.form import NHWC, WHOLE, ImageInput
from repro.exported.heads import HeadOutput
from repro.exported.network_file import NetworkFile
from repro.exported.runtime import Values
from repro.papers.values import Size

if TYPE_CHECKING:
    from torch import Tensor  # not loaded for a file that is refused

NUMBERS = {
    "float": np.float32,
    "float16": np.float16,
    "double": np.float64,
    "uint8": np.uint8,
    "int32": np.int32,
}


@dataclass(frozen=True)
class ExportedNetwork:
    """The outputs that the head of an exported network is read from, in float32.

    Maps are N x C x h x w, all else as the file gives it.
    """

    file: NetworkFile
    outputs: tuple[HeadOutput, ...]
    """in the order in which they are given"""
    canvas: Size | None = None
    """the input that whole images are scaled into; None where it follows the image"""

    def __call__(
        self, images: "Tensor", chosen: NDArray[np.int64], mirrored: bool
    ) -> "list[Tensor]":
        """The outputs for normalised images (N, 3, H, W), as `repro.evaluation.network` asks."""
        import torch

        batch = self.file.image.batch or len(images)
        parts = [self._outputs(part, batch) for part in torch.split(images, batch)]
        together = parts[0]
        if len(parts) > 1:
            together = [torch.cat(maps) for maps in zip(*parts, strict=True)]
        for maps in together:
            if len(maps) != len(images):
                raise ReproError(
                    f"The network gives {len(maps)} maps for {len(images)} images.",
                    "Take one at a time with --batch 1, or export it with a batch that stays one.",
                )
        return together

    def _outputs(self, images: "Tensor", batch: int) -> "list[Tensor]":
        filled = images
        if len(images) < batch:
            filled = images.new_zeros(batch, *images.shape[1:])
            filled[: len(images)] = images
        names = [output.name for output in self.outputs]
        given = {self.file.image.name: as_given(filled, self.file.image)}
        found = self.file.runtime.run(given, names)
        return [
            _planes(values, output)[: len(images)]
            for values, output in zip(found, self.outputs, strict=True)
        ]


def tried(file: NetworkFile, size: Size) -> None:
    """Run a file once on blank pictures of height, width; RunError where it has no end, or dies.

    For those who run it later in ways of their own. What else may be wrong they tell.
    """
    sides = (*size, 3) if file.image.layout == NHWC else (3, *size)
    blank = np.zeros((file.image.batch or 1, *sides), NUMBERS[file.image.kind])
    with contextlib.suppress(RuntimeError):
        file.runtime.run({file.image.name: blank}, [output.name for output in file.outputs])


def as_given(images: "Tensor", image: ImageInput) -> Values:
    """Normalised images (N, 3, H, W) in the layout and the numbers that a file takes."""
    if image.layout == NHWC:
        images = images.permute(0, 2, 3, 1)
    if image.kind in WHOLE:
        images = images.round().clamp(0, 255)
    given: Values = images.contiguous().numpy().astype(NUMBERS[image.kind], copy=False)
    return given


def _planes(values: Values, output: HeadOutput) -> "Tensor":
    import torch

    maps = torch.from_numpy(np.asarray(values, np.float32))
    return maps.permute(0, 3, 1, 2).contiguous() if output.layout == NHWC else maps
