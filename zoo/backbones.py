"""Classification networks of timm and torchvision, cut and rearranged into the official backbones.

They are built without weights: nothing is ever downloaded. timm gives every activation a module of
its own; the official residual blocks share one, and so do these, since some ways of counting cost
see a shared module once.
"""

from __future__ import annotations

from timm import create_model
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, nn
from torchvision.models import shufflenet_v2_x1_0


class ResNet(nn.Module):
    """Features (B, 2048, H/32, W/32) of ResNet-50, -101 or -152 (He et al., 2016), from timm.

    The stride of a block is in its 3x3 convolution.
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        # torchvision and the official pose code start the last norm of a block at 1, timm at 0
        body = create_model(f"resnet{depth}", pretrained=False, zero_init_last=False)
        self.conv1 = body.get_submodule("conv1")
        self.bn1 = body.get_submodule("bn1")
        self.relu = body.get_submodule("act1")
        self.maxpool = body.get_submodule("maxpool")
        self.layer1 = body.get_submodule("layer1")
        self.layer2 = body.get_submodule("layer2")
        self.layer3 = body.get_submodule("layer3")
        self.layer4 = body.get_submodule("layer4")
        share_activations(self)

    def pyramid(self, image: Tensor) -> list[Tensor]:
        """The outputs of layers 1 to 4, with strides 4, 8, 16 and 32."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        features = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            features.append(x)
        return features

    def forward(self, image: Tensor) -> Tensor:
        return self.pyramid(image)[-1]


def mobilenetv2() -> nn.Sequential:
    """MobileNetV2 1.0 (Sandler et al., 2018) from timm: features (B, 1280, H/32, W/32)."""
    body = create_model("mobilenetv2_100", pretrained=False)
    _split_norms(body)
    parts = ("conv_stem", "bn1", "blocks", "conv_head", "bn2")
    backbone = nn.Sequential()
    for part in parts:
        backbone.add_module(part, body.get_submodule(part))
    return backbone


def shufflenetv2() -> nn.Sequential:
    """ShuffleNetV2 1.0 (Ma et al., 2018) from torchvision: features (B, 1024, H/32, W/32)."""
    body = shufflenet_v2_x1_0(weights=None)
    parts = ("conv1", "maxpool", "stage2", "stage3", "stage4", "conv5")
    backbone = nn.Sequential()
    for part in parts:
        backbone.add_module(part, body.get_submodule(part))
    return backbone


def share_activations(network: nn.Module) -> None:
    """Give each residual block of timm one ReLU for all its activations."""
    for block in network.modules():
        names = [name for name in ("act1", "act2", "act3") if hasattr(block, name)]
        shared = nn.ReLU(inplace=True)
        for name in names:
            setattr(block, name, shared)


def _split_norms(network: nn.Module) -> None:
    """Turn timm's batch norms that end in an activation into a batch norm and an activation."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, BatchNormAct2d):
                norm = nn.BatchNorm2d(child.num_features)
                setattr(parent, name, nn.Sequential(norm, child.act))
