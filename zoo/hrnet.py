"""HRNet (Sun et al., 2019) for heatmaps, and Small HRNet, on the body of timm."""

from __future__ import annotations

from timm import create_model
from torch import Tensor, nn

from zoo.backbones import share_activations
from zoo.blocks import TopDown, check_option, init_normal
from zoo.names import bare_names


class HRNet(nn.Module):
    """Features (B, C, H/4, W/4) of the highest-resolution branch.

    As pose_hrnet.py of leoxiaobin/deep-high-resolution-net.pytorch. timm's network also owns a
    classifier and, in its last fusion, three rows that no heatmap depends on; both are left out.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        body = create_model(name, pretrained=False, head="")
        self.conv1 = body.get_submodule("conv1")
        self.bn1 = body.get_submodule("bn1")
        self.conv2 = body.get_submodule("conv2")
        self.bn2 = body.get_submodule("bn2")
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = body.get_submodule("layer1")
        self.transition1 = body.get_submodule("transition1")
        self.stage2 = body.get_submodule("stage2")
        self.transition2 = body.get_submodule("transition2")
        self.stage3 = body.get_submodule("stage3")
        self.transition3 = body.get_submodule("transition3")
        self.stage4 = body.get_submodule("stage4")
        share_activations(self)
        _fuse_first_row(self.stage4)

    def forward(self, image: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(image)))
        x = self.layer1(self.relu(self.bn2(self.conv2(x))))  # (B, 256, H/4, W/4)
        branches = self.stage2([branch(x) for branch in self.transition1.children()])
        branches = self.stage3(_new_branch(self.transition2, branches))
        branches = self.stage4(_new_branch(self.transition3, branches))
        features: Tensor = branches[0]
        return features


class PointwiseHead(nn.Module):
    """One 1x1 convolution to the heatmaps."""

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.final_layer = nn.Conv2d(channels, keypoints, 1)

    def forward(self, features: Tensor) -> Tensor:
        heatmaps: Tensor = self.final_layer(features)
        return heatmaps


def hrnet(keypoints: int, width: int = 32) -> nn.Module:
    """HRNet-W32 or -W48, whose official names have no prefix.

    Initial values are the official ones without an ImageNet file: N(0, 0.001), biases 0.
    """
    check_option("width", width, (32, 48))
    model = TopDown(HRNet(f"hrnet_w{width}"), PointwiseHead(width, keypoints))
    model.official_names = bare_names(model)
    init_normal(model)
    return model


def small_hrnet(keypoints: int) -> nn.Module:
    """Small HRNet-W16 of the Lite-HRNet paper, which published no configuration.

    Its printed cost is met by the "w18_small_v1" of HRNet-Semantic-Segmentation: one bottleneck of
    32 planes, one module with two blocks per stage, widths 16, 32, 64, 128. Names follow MMPose.
    """
    model = TopDown(HRNet("hrnet_w18_small"), PointwiseHead(16, keypoints))
    init_normal(model)
    return model


def _new_branch(transition: nn.Module, branches: list[Tensor]) -> list[Tensor]:
    """The branches and one more, of half the resolution, computed from the lowest."""
    *_, step = transition.children()
    return [*branches, step(branches[-1])]


def _fuse_first_row(stage: nn.Module) -> None:
    *_, last = stage.children()
    first, *_ = last.get_submodule("fuse_layers").children()
    last.add_module("fuse_layers", nn.ModuleList([first]))
