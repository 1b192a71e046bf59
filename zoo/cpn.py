"""Cascaded pyramid network (Chen et al., 2018) as in GengDavid/pytorch-cpn.

Every resize to the heatmaps is by a whole factor, 8, 4, 2 and 1 from coarse to fine, where the
official code names the heatmap size: the same for inputs whose sides are a multiple of 32.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zoo.backbones import ResNet
from zoo.blocks import check_option

WIDTH = 256
CHANNELS = (2048, 1024, 512, 256)
SCALES = (8, 4, 2, 1)


class Bottleneck(nn.Module):
    """Bottleneck to 256 channels, 128 in the middle; the shortcut is a projection or none."""

    def __init__(self, channels: int, projection: bool) -> None:
        super().__init__()
        planes = WIDTH // 2
        self.conv1 = nn.Conv2d(channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, WIDTH, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels, WIDTH, 1, bias=False), nn.BatchNorm2d(WIDTH))
            if projection
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        out: Tensor = self.relu(self.bn3(self.conv3(y)) + self.downsample(x))
        return out


class GlobalNet(nn.Module):
    """Feature pyramid, coarse to fine, and the heatmaps of each of its levels."""

    def __init__(self, keypoints: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(_lateral(channels) for channels in CHANNELS)
        self.upsamples = nn.ModuleList(_upsample() for _ in CHANNELS[1:])
        self.predict = nn.ModuleList(_predict(keypoints, scale) for scale in SCALES)

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        pyramid: list[Tensor] = []
        for index, lateral in enumerate(self.laterals):
            level = lateral(features[index])
            if pyramid:
                level = level + self.upsamples[index - 1](pyramid[-1])
            pyramid.append(level)
        heatmaps = [predict(level) for predict, level in zip(self.predict, pyramid, strict=True)]
        return pyramid, heatmaps


class RefineNet(nn.Module):
    """Bottlenecks, three on the coarsest level and none on the finest; concatenation; heatmaps."""

    def __init__(self, keypoints: int, projection: bool) -> None:
        super().__init__()
        self.cascade = nn.ModuleList(
            nn.Sequential(*(Bottleneck(WIDTH, projection) for _ in range(count)), _resize(scale))
            for count, scale in zip((3, 2, 1, 0), SCALES, strict=True)
        )
        self.final_predict = nn.Sequential(
            Bottleneck(len(SCALES) * WIDTH, projection=True),
            nn.Conv2d(WIDTH, keypoints, 3, padding=1, bias=False),
            nn.BatchNorm2d(keypoints),
        )

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        refined = [refine(level) for refine, level in zip(self.cascade, pyramid, strict=True)]
        heatmaps: Tensor = self.final_predict(torch.cat(refined, dim=1))
        return heatmaps


class CPN(nn.Module):
    """The list of GlobalNet's four heatmaps, coarse to fine, and RefineNet's: the prediction."""

    def __init__(self, keypoints: int, projection: bool) -> None:
        super().__init__()
        self.resnet = ResNet(50)
        self.global_net = GlobalNet(keypoints)
        self.refine_net = RefineNet(keypoints, projection)

    def forward(self, image: Tensor) -> list[Tensor]:
        pyramid, heatmaps = self.global_net(self.resnet.pyramid(image)[::-1])
        return [*heatmaps, self.refine_net(pyramid)]


def cpn(keypoints: int, projection: bool = True) -> nn.Module:
    """CPN with ResNet-50; the heads keep PyTorch's initial values.

    The PyTorch port projects every shortcut of RefineNet; without `projection` they are identities
    where widths agree, as in the authors' TensorFlow code (chenyilun95/tf-cpn), which gives the
    published 27.0M parameters.
    """
    check_option("projection", projection, (True, False))
    return CPN(keypoints, projection)


def _lateral(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, WIDTH, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(inplace=True),
    )


def _upsample() -> nn.Sequential:
    return nn.Sequential(_resize(2), nn.Conv2d(WIDTH, WIDTH, 1, bias=False), nn.BatchNorm2d(WIDTH))


def _predict(keypoints: int, scale: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(WIDTH, WIDTH, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(inplace=True),
        nn.Conv2d(WIDTH, keypoints, 3, padding=1, bias=False),
        _resize(scale),
        nn.BatchNorm2d(keypoints),
    )


def _resize(scale: int) -> nn.Upsample:
    return nn.Upsample(scale_factor=scale, mode="bilinear", align_corners=True)
