"""HigherHRNet (Cheng et al., CVPR 2020), and SWAHR (Luo et al., CVPR 2021), which extends its head.

The official code is HRNet/HigherHRNet-Human-Pose-Estimation and greatlog/SWAHR-HumanPose.
"""

from __future__ import annotations

import torch
from timm.models.hrnet import HighResolutionNet
from timm.models.resnet import BasicBlock
from torch import Tensor, nn

from zoo.backbones import share_activations
from zoo.blocks import BottomUp, check_option, init_normal
from zoo.hrnet import HRNet


class HigherHead(nn.Module):
    """Heatmaps and tags (B, 2K, H/4, W/4), then heatmaps (B, K, H/2, W/2).

    The first half of the 2K maps are the heatmaps, the second half the tags of associative
    embedding. The deconvolution sees the features and these maps; behind it stand `blocks` residual
    blocks of its `width`.
    """

    def __init__(self, channels: int, keypoints: int, width: int, blocks: int) -> None:
        super().__init__()
        maps = 2 * keypoints
        self.final_layers = nn.ModuleList(
            [nn.Conv2d(channels, maps, 1), nn.Conv2d(width, keypoints, 1)]
        )
        deconv = nn.Sequential(
            nn.ConvTranspose2d(channels + maps, width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        residuals = (nn.Sequential(BasicBlock(width, width)) for _ in range(blocks))
        self.deconv_layers = nn.ModuleList([nn.Sequential(deconv, *residuals)])
        share_activations(self)

    def levels(self, features: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The features and the maps at 1/4 and at 1/2."""
        coarse, fine = self.final_layers
        maps = coarse(features)
        finer = self.deconv_layers[0](torch.cat([features, maps], dim=1))
        return [(features, maps), (finer, fine(finer))]

    def forward(self, features: Tensor) -> list[Tensor]:
        return [maps for _, maps in self.levels(features)]


class ScaleAwareHead(HigherHead):
    """The head of SWAHR: at both resolutions K scale maps come before the other maps."""

    def __init__(self, channels: int, keypoints: int, width: int, blocks: int) -> None:
        super().__init__(channels, keypoints, width, blocks)
        self.conv_scale_layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(inputs, keypoints, 1),
                nn.BatchNorm2d(keypoints),
                nn.ReLU(inplace=True),
                nn.Conv2d(keypoints, keypoints, 9, padding=4, groups=keypoints),
            )
            for inputs in (channels, width)
        )

    def forward(self, features: Tensor) -> list[Tensor]:
        return [
            torch.cat([scale(x), maps], dim=1)
            for scale, (x, maps) in zip(self.conv_scale_layers, self.levels(features), strict=True)
        ]


def higherhrnet(keypoints: int, width: int = 32) -> nn.Module:
    """HigherHRNet-W32 and -W48.

    W16 and W24 are W32 with other widths of the branches and of the deconvolution: a reading that
    meets none of the figures printed for W16 and W24.
    """
    check_option("width", width, (16, 24, 32, 48))
    model = BottomUp(HRNet(_body(width)), HigherHead(width, keypoints, width, blocks=4))
    init_normal(model)
    return model


def small_higherhrnet(keypoints: int, width: int = 16) -> nn.Module:
    """HigherHRNet-W16 and -W24, of which only figures are published.

    They follow the one small configuration that is public, in mit-han-lab/litepose: bottlenecks of
    twice the width in the first stage, a deconvolution of width 32, no residual block behind it.
    This meets the cost printed for either and the parameters printed for W16; W24 has 16.1M, not
    the printed 14.9M.
    """
    check_option("width", width, (16, 24))
    backbone = HRNet(_body(width, planes=2 * width))
    model = BottomUp(backbone, HigherHead(width, keypoints, 32, blocks=0))
    init_normal(model)
    return model


def swahr(keypoints: int) -> nn.Module:
    """SWAHR on HRNet-W48. The last convolutions of its scale maps start at 0."""
    model = BottomUp(HRNet("hrnet_w48"), ScaleAwareHead(48, keypoints, 48, blocks=4))
    init_normal(model)
    for layer in model.get_submodule("keypoint_head.conv_scale_layers").children():
        nn.init.zeros_(layer.get_parameter("3.weight"))
    return model


def _body(width: int, planes: int = 64) -> nn.Module:
    """timm's network at any width; `planes` is the width of the first stage's bottlenecks."""
    widths = [width, 2 * width, 4 * width, 8 * width]
    stages = {
        f"stage{branches}": _stage("BASIC", modules, widths[:branches])
        for branches, modules in ((2, 1), (3, 4), (4, 3))
    }
    config = {"stem_width": 64, "stage1": _stage("BOTTLENECK", 1, [planes]), **stages}
    body: nn.Module = HighResolutionNet(config, head="")
    return body


def _stage(block: str, modules: int, widths: list[int]) -> dict[str, object]:
    return {
        "num_modules": modules,
        "num_branches": len(widths),
        "block_type": block,
        "num_blocks": [4] * len(widths),
        "num_channels": widths,
        "fuse_method": "SUM",
    }
