"""Convolutional block attention module (Woo et al., ECCV 2018).

The official code is Jongchan/attention-module, whose parameter names these are. The heatmap
weighting paper has a CBAM of its own, in `zoo.hwl`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zoo.blocks import ConvNormAct


class ChannelGate(nn.Module):
    """Scale the channels: one perceptron sees the mean and the peak of each, its answers add up."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        hidden = channels // ratio
        self.mlp = nn.Sequential(
            nn.Flatten(), nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        mean, peak = x.mean((2, 3)), x.flatten(2).max(dim=2).values
        weights = torch.sigmoid(self.mlp(mean) + self.mlp(peak))
        return x * weights[:, :, None, None]


class SpatialGate(nn.Module):
    """Scale the positions: a convolution sees the peak and the mean over the channels."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.spatial = ConvNormAct(2, 1, kernel, activation=None)
        self.spatial.bn.momentum = 0.01

    def forward(self, x: Tensor) -> Tensor:
        peak, mean = x.max(dim=1, keepdim=True).values, x.mean(dim=1, keepdim=True)
        return x * torch.sigmoid(self.spatial(torch.cat([peak, mean], dim=1)))


class CBAM(nn.Module):
    """Channel gate, then spatial gate, without a residual."""

    def __init__(self, channels: int, ratio: int = 16, kernel: int = 7) -> None:
        super().__init__()
        self.ChannelGate = ChannelGate(channels, ratio)
        self.SpatialGate = SpatialGate(kernel)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.SpatialGate(self.ChannelGate(x))
        return out
