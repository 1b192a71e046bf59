"""SimpleBaseline (Xiao et al., 2018): a classification backbone and three deconvolutions."""

from __future__ import annotations

from torch import Tensor, nn

from zoo import mobilenetv3
from zoo.backbones import ResNet, mobilenetv2, shufflenetv2
from zoo.blocks import TopDown, check_option, init_normal
from zoo.names import bare_names, mobilenetv2_units, names_by_position, shufflenetv2_units


class DeconvHead(nn.Module):
    """Three times [4x4 deconvolution, BN, ReLU], then a 1x1 convolution to the heatmaps.

    As pose_resnet.py of microsoft/human-pose-estimation.pytorch and MMPose's
    TopdownHeatmapSimpleHead.
    """

    def __init__(self, channels: int, keypoints: int, width: int = 256, groups: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (channels, width, width):
            layers += [
                nn.ConvTranspose2d(inputs, width, 4, 2, 1, groups=groups, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = nn.Conv2d(width, keypoints, 1)
        init_normal(self)

    def forward(self, features: Tensor) -> Tensor:
        heatmaps: Tensor = self.final_layer(self.deconv_layers(features))
        return heatmaps


def simplebaseline_resnet(keypoints: int, depth: int = 50) -> nn.Module:
    """The ResNet of the HRNet and LPN repositories, whose names have no prefix.

    The official training starts the body from ImageNet weights and draws the head from N(0, 0.001).
    """
    check_option("depth", depth, (50, 101, 152))
    model = TopDown(ResNet(depth), DeconvHead(2048, keypoints))
    model.official_names = bare_names(model)
    return model


def simplebaseline_mobilenetv2(keypoints: int) -> nn.Module:
    """MMPose's mobilenetv2_coco_256x192, whose training starts from an ImageNet backbone."""
    model = TopDown(mobilenetv2(), DeconvHead(1280, keypoints))
    model.official_names = names_by_position(model, mobilenetv2_units())
    return model


def simplebaseline_shufflenetv2(keypoints: int) -> nn.Module:
    """MMPose's shufflenetv2_coco_256x192, whose training starts from an ImageNet backbone."""
    model = TopDown(shufflenetv2(), DeconvHead(1024, keypoints))
    model.official_names = names_by_position(model, shufflenetv2_units())
    return model


def simplebaseline_mobilenetv3(keypoints: int, hard_sigmoid_divisor: int = 6) -> nn.Module:
    """The heatmap weighting paper's backbone under the full head; no official config exists."""
    check_option("hard_sigmoid_divisor", hard_sigmoid_divisor, (6, 2))
    backbone = mobilenetv3.mobilenetv3(hard_sigmoid_divisor)
    return TopDown(backbone, DeconvHead(mobilenetv3.OUT_CHANNELS, keypoints))
