"""HRNet (Sun et al., 2019) for heatmaps, and Small HRNet, on the body of timm."""

from __future__ import annotations

from timm import create_model
from torch import Tensor, nn

from zoo.backbones import share_activations
from zoo.blocks import TopDown, check_option, init_normal
from zoo.names import bare_names


class HRNet(nn.Module):
    """Features (B, C, H/4, W/4) of the highest-resolution branch after `stages` stages, 1 to 4.

    As pose_hrnet.py of leoxiaobin/deep-high-resolution-net.pytorch. timm's network also owns a
    classifier and, in its last fusion, rows that no heatmap depends on; both are left out. Stage 1
    is `layer1`, whose only branch has 256 channels.

    `body` is a name or a network of timm's. `rows` is how many branches the last fusion makes.
    """

    def __init__(self, body: str | nn.Module, stages: int = 4, rows: int = 1) -> None:
        super().__init__()
        if isinstance(body, str):
            body = create_model(body, pretrained=False, head="")
        self.conv1 = body.get_submodule("conv1")
        self.bn1 = body.get_submodule("bn1")
        self.conv2 = body.get_submodule("conv2")
        self.bn2 = body.get_submodule("bn2")
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = body.get_submodule("layer1")
        self.later = [(f"transition{stage - 1}", f"stage{stage}") for stage in range(2, stages + 1)]
        for part in (name for pair in self.later for name in pair):
            self.add_module(part, body.get_submodule(part))
        share_activations(self)
        if self.later:
            _keep_rows(self.get_submodule(f"stage{stages}"), rows)

    def branches(self, image: Tensor) -> list[Tensor]:
        """The branches that the last fusion makes, the highest resolution first."""
        x = self.relu(self.bn1(self.conv1(image)))
        branches = [self.layer1(self.relu(self.bn2(self.conv2(x))))]  # (B, 256, H/4, W/4)
        for transition, stage in self.later:
            branches = _one_more(self.get_submodule(transition), branches)
            branches = self.get_submodule(stage)(branches)
        return branches

    def forward(self, image: Tensor) -> Tensor:
        return self.branches(image)[0]


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


def _one_more(transition: nn.Module, branches: list[Tensor]) -> list[Tensor]:
    """The branches in the widths to come, and one more of half the lowest's resolution."""
    sources = [*branches, branches[-1]]
    return [step(x) for step, x in zip(transition.children(), sources, strict=True)]


def _keep_rows(stage: nn.Module, rows: int) -> None:
    """Leave out the lower resolutions that the stage's last fusion would make."""
    *_, last = stage.children()
    kept = list(last.get_submodule("fuse_layers").children())[:rows]
    last.add_module("fuse_layers", nn.ModuleList(kept))
