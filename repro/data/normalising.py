"""Pixels as the numbers that a network looks at."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.papers.protocol import normalisation


def normalised(
    pixels: Tensor | NDArray[np.uint8] | NDArray[np.float32],
    how: str,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Pixels (N, H, W, 3) as a network's input (N, 3, H, W) float32; see `normalisation`."""
    given = pixels if isinstance(pixels, Tensor) else torch.from_numpy(np.ascontiguousarray(pixels))
    planes = given.to(device).permute(0, 3, 1, 2)
    images = planes.to(torch.float32, copy=True, memory_format=torch.contiguous_format)
    mean, deviation = (images.new_tensor(part)[:, None, None] for part in normalisation(how))
    return images.sub_(mean).div_(deviation)
