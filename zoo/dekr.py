"""DEKR (Geng et al., CVPR 2021): a heatmap of joints and centres, and the joints' offsets.

The official code is HRNet/DEKR.
"""

from __future__ import annotations

import torch
from timm.models.resnet import BasicBlock
from torch import Tensor, nn
from torchvision.ops import DeformConv2d

from zoo.backbones import share_activations
from zoo.blocks import BottomUp, init_normal
from zoo.hrnet import HRNet

WIDTH = 48
CHANNELS = (1 + 2 + 4 + 8) * WIDTH
OFFSET_WIDTH = 15
"""channels of each joint's own branch"""


class ConcatenatedHRNet(HRNet):
    """All four branches of HRNet-W48, upsampled to the first: features (B, 720, H/4, W/4)."""

    def __init__(self) -> None:
        super().__init__(f"hrnet_w{WIDTH}", rows=4)

    def forward(self, image: Tensor) -> Tensor:
        first, *lower = self.branches(image)
        size = first.shape[2:]
        upsampled = [nn.functional.interpolate(x, size=size, mode="bilinear") for x in lower]
        return torch.cat([first, *upsampled], dim=1)


class AdaptiveBlock(nn.Module):
    """Residual block with an adaptive convolution: a 3x3 whose grid is moved at every pixel.

    The grid is transformed by a 2x2 matrix and then translated; both are computed from the input.
    """

    regular_matrix: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rows = torch.tensor([-1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
        columns = torch.tensor([-1.0, 0.0, 1.0]).repeat(3)
        self.register_buffer("regular_matrix", torch.stack([rows, columns]))
        self.transform_matrix_conv = nn.Conv2d(channels, 4, 3, padding=1)
        self.translation_conv = nn.Conv2d(channels, 2, 3, padding=1)
        self.adapt_conv = DeformConv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def offsets(self, x: Tensor) -> Tensor:
        """Of the nine points from the regular grid: (B, 18, H, W), y before x."""
        batch, _, height, width = x.shape
        matrices = self.transform_matrix_conv(x).permute(0, 2, 3, 1).reshape(-1, 2, 2)
        moved = torch.matmul(matrices, self.regular_matrix) - self.regular_matrix  # (BHW, 2, 9)
        moved = moved.transpose(1, 2).reshape(batch, height, width, 18).permute(0, 3, 1, 2)
        offsets: Tensor = moved + self.translation_conv(x).repeat(1, 9, 1, 1)
        return offsets

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(self.adapt_conv(x, self.offsets(x)))
        out: Tensor = self.relu(y + x)
        return out


class DisentangledHead(nn.Module):
    """Heatmaps (B, K + 1, H/4, W/4), the last that of the persons' centres, then offsets.

    The offsets (B, 2K, H/4, W/4) are regressed by a branch of its own for each joint.
    """

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.transition_heatmap = _transition(channels, WIDTH)
        self.transition_offset = _transition(channels, OFFSET_WIDTH * keypoints)
        self.head_heatmap = nn.Sequential(
            nn.Sequential(BasicBlock(WIDTH, WIDTH)), nn.Conv2d(WIDTH, keypoints + 1, 1)
        )
        self.offset_feature_layers = nn.ModuleList(
            nn.Sequential(AdaptiveBlock(OFFSET_WIDTH), AdaptiveBlock(OFFSET_WIDTH))
            for _ in range(keypoints)
        )
        self.offset_final_layer = nn.ModuleList(
            nn.Conv2d(OFFSET_WIDTH, 2, 1) for _ in range(keypoints)
        )
        share_activations(self)

    def forward(self, features: Tensor) -> list[Tensor]:
        heatmaps = self.head_heatmap(self.transition_heatmap(features))
        joints = self.transition_offset(features).split(OFFSET_WIDTH, dim=1)
        branches = zip(self.offset_final_layer, self.offset_feature_layers, joints, strict=True)
        offsets = [final(layer(joint)) for final, layer, joint in branches]
        return [heatmaps, torch.cat(offsets, dim=1)]


def dekr(keypoints: int) -> nn.Module:
    """DEKR on HRNet-W48. The grids of its adaptive convolutions start collapsed to a point."""
    model = BottomUp(ConcatenatedHRNet(), DisentangledHead(CHANNELS, keypoints))
    init_normal(model)
    for module in model.modules():
        if isinstance(module, AdaptiveBlock):
            nn.init.zeros_(module.transform_matrix_conv.weight)
            nn.init.zeros_(module.translation_conv.weight)
    return model


def _transition(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)
    )
