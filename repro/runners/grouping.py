"""What lies between a bottom-up network and persons, for each way of grouping."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from repro.pose import whole
from repro.protocol import Protocol
from repro.runners.network import Network, normalised
from repro.study import Size


@dataclass(frozen=True)
class Maps:
    """What a network gave for one image, and how the image was fitted."""

    fit: whole.Fit
    plain: list[Tensor]
    mirrored: list[Tensor] | None


@dataclass(frozen=True)
class Grouping:
    """One way of finding persons in whole images."""

    protocol: Protocol
    size: Size
    """the short side of the fitted image, twice"""

    def maps(
        self, network: Network, image: NDArray[np.uint8], index: int, device: str | torch.device
    ) -> Maps:
        """Run a network on an image (H, W, 3), and on its mirror image if the protocol says so."""
        fit = self._fit(image)
        pixels = fit.warp(image)[None]
        images = normalised(pixels, self.protocol.normalise, device)
        chosen = np.array([index])
        plain = network(images, chosen, False)
        mirrored = network(images.flip(3), chosen, True) if self.protocol.flip else None
        return Maps(fit, plain, mirrored)
