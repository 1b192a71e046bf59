"""Blocks that several networks share, and the initial values their official code gives them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from torch import Tensor, nn

from zoo.names import bare_names

Activation = Callable[[], nn.Module]

relu: Activation = partial(nn.ReLU, inplace=True)


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm, activation as `conv`, `bn`, `activate` (mmcv's ConvModule).

    "Same" padding for odd kernels. The convolution has a bias exactly when there is no norm.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        norm: bool = True,
        activation: Activation | None = relu,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels, out_channels, kernel, stride, kernel // 2, groups=groups, bias=not norm
        )
        if norm:
            self.bn = nn.BatchNorm2d(out_channels)
        if activation is not None:
            self.activate = activation()


class HardSigmoid(nn.Module):
    """clamp((x + d/2) / d, 0, 1) with divisor d.

    d = 6 is the gate of the MobileNetV3 paper and of mmcv since 1.4.4; d = 2 is that of mmcv
    before, which MMPose keeps for its own MobileNetV3 and ViPNAS.
    """

    def __init__(self, divisor: int = 6) -> None:
        super().__init__()
        self.divisor = divisor

    def forward(self, x: Tensor) -> Tensor:
        return ((x + self.divisor / 2) / self.divisor).clamp(0.0, 1.0)

    def extra_repr(self) -> str:
        return f"divisor={self.divisor}"


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation (Hu et al., 2018) with a hard sigmoid, as MMPose's SELayer.

    Deviation from MobileNetV3: the hidden width is channels/4 cut to a whole number, not rounded to
    a multiple of 8.
    """

    def __init__(self, channels: int, ratio: int = 4, divisor: int = 6) -> None:
        super().__init__()
        hidden = channels // ratio
        self.global_avgpool = nn.AdaptiveAvgPool2d(1)
        self.conv1 = ConvNormAct(channels, hidden, norm=False)
        self.conv2 = ConvNormAct(
            hidden, channels, norm=False, activation=partial(HardSigmoid, divisor)
        )

    def gate(self, x: Tensor) -> Tensor:
        """The channel weights (B, C, 1, 1)."""
        weights: Tensor = self.conv2(self.conv1(self.global_avgpool(x)))
        return weights

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(x)


class InvertedResidual(nn.Module):
    """Inverted residual of MobileNetV2 and V3, as MMPose's InvertedResidual.

    The middle convolution is depthwise unless `groups` says otherwise. Without `expand`, `middle`
    must equal `channels`.
    """

    def __init__(
        self,
        channels: int,
        middle: int,
        out_channels: int,
        kernel: int,
        stride: int,
        activation: Activation,
        squeeze: nn.Module | None = None,
        groups: int | None = None,
        expand: bool = True,
    ) -> None:
        super().__init__()
        self.residual = stride == 1 and channels == out_channels
        self.expand_conv = (
            ConvNormAct(channels, middle, activation=activation) if expand else nn.Identity()
        )
        self.depthwise_conv = ConvNormAct(
            middle, middle, kernel, stride, groups or middle, activation=activation
        )
        self.se = squeeze or nn.Identity()
        self.linear_conv = ConvNormAct(middle, out_channels, activation=None)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear_conv(self.se(self.depthwise_conv(self.expand_conv(x))))
        return x + y if self.residual else y


class TopDown(nn.Module):
    """Backbone and heatmap head, the two halves of MMPose's top-down networks.

    `official_names` maps the state entries whose official names differ (see `zoo.names`).
    """

    def __init__(self, backbone: nn.Module, keypoint_head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.keypoint_head = keypoint_head
        self.official_names: dict[str, str] = {}

    def forward(self, image: Tensor) -> Tensor:
        heatmaps: Tensor = self.keypoint_head(self.backbone(image))  # (B, K, H/4, W/4)
        return heatmaps


class BottomUp(nn.Module):
    """Backbone and head of HRNet's bottom-up networks, whose official names have no prefix.

    It maps images (B, 3, H, W) to the head's list of maps.
    """

    def __init__(self, backbone: nn.Module, keypoint_head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.keypoint_head = keypoint_head
        self.official_names = bare_names(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps: list[Tensor] = self.keypoint_head(self.backbone(image))
        return maps


def init_normal(network: nn.Module, std: float = 0.001) -> None:
    """Convolutions from N(0, std), their biases 0; batch norms 1 and 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=std)
            _zero_bias(module)
    init_norms(network)


def init_kaiming(network: nn.Module) -> None:
    """Convolutions Kaiming normal (fan out, ReLU), their biases 0; batch norms 1 and 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            _zero_bias(module)
    init_norms(network)


def init_norms(network: nn.Module) -> None:
    """Batch norms 1 and 0."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


def check_option(option: str, value: object, valid: Collection[object]) -> None:
    """Refuse a builder option that is none of the valid ones."""
    if not any(type(value) is type(choice) and value == choice for choice in valid):
        listed = ", ".join(f"`{choice!r}`" for choice in valid)
        raise ValueError(f"`{option}` is `{value!r}`; it can be {listed}.")


def _zero_bias(module: nn.Conv2d | nn.ConvTranspose2d) -> None:
    if module.bias is not None:
        nn.init.zeros_(module.bias)
