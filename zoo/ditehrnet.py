"""Dite-HRNet (Li et al., IJCAI 2022): Lite-HRNet with kernels that depend on the image.

The official code is ZiyiZhang27/Dite-HRNet, on MMPose. Transitions, fusion, head and the order of
the branches are Lite-HRNet's. The batch norms behind a global pooling need two images to train.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.blocks import Activation, ConvNormAct, TopDown, check_option, init_normal, relu
from zoo.litehrnet import (
    COUNTS,
    STEM_WIDTH,
    HighestHead,
    IterativeHead,
    LiteHRNet,
    branch_widths,
)
from zoo.litehrnet_blocks import BLOCKS, join_halves, shuffle, split_halves, weigh

SPLITS = (1, 1, 2, 4)
"""Branch -> parts of its split convolution."""
KERNELS = (4, 4, 2, 1)
"""Branch -> kernels that each part mixes."""
REDUCTIONS = (4, 4, 8, 8)
"""Branch -> ratio of its global context."""


class KernelAttention(nn.Module):
    """Weights (B, K) of the kernels, each between 0 and 1: a logistic gate, no softmax."""

    def __init__(self, channels: int, kernels: int) -> None:
        super().__init__()
        hidden = channels // 4
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv1 = nn.Conv2d(channels, hidden, 1, bias=False)
        self.bn = nn.BatchNorm2d(hidden)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(hidden, kernels, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.relu(self.bn(self.conv1(self.avg_pool(x))))
        weights: Tensor = self.sigmoid(self.conv2(hidden)).flatten(1)
        return weights


class KernelAggregation(nn.Module):
    """Convolution of each image with its own weighted sum of the kernels in `weight`.

    The images of a batch are the groups of one convolution.
    """

    def __init__(
        self, channels: int, out_channels: int, kernel: int, stride: int, groups: int, kernels: int
    ) -> None:
        super().__init__()
        self.stride, self.padding, self.groups = stride, kernel // 2, groups
        self.weight = nn.Parameter(
            torch.empty(kernels, out_channels, channels // groups, kernel, kernel)
        )

    def forward(self, x: Tensor, attention: Tensor) -> Tensor:
        batch = x.shape[0]
        mixed = torch.mm(attention, self.weight.flatten(1))
        y = F.conv2d(
            x.reshape(1, -1, *x.shape[2:]),
            mixed.reshape(-1, *self.weight.shape[2:]),
            stride=self.stride,
            padding=self.padding,
            groups=batch * self.groups,
        )
        return y.reshape(batch, -1, *y.shape[2:])


class DynamicKernelConv(nn.Module):
    """Dynamic kernel aggregation: a convolution that mixes its kernels by the image."""

    def __init__(
        self, channels: int, out_channels: int, kernel: int, stride: int, groups: int, kernels: int
    ) -> None:
        super().__init__()
        self.attention = KernelAttention(channels, kernels)
        self.aggregation = KernelAggregation(
            channels, out_channels, kernel, stride, groups, kernels
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.aggregation(x, self.attention(x))
        return out


def dynamic(
    channels: int,
    out_channels: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    kernels: int = 4,
    activation: Activation | None = None,
) -> nn.Sequential:
    """Dynamic convolution, batch norm and, if wanted, an activation."""
    conv = DynamicKernelConv(channels, out_channels, kernel, stride, groups, kernels)
    layers = OrderedDict[str, nn.Module](conv=conv, bn=nn.BatchNorm2d(out_channels))
    if activation is not None:
        layers["activate"] = activation()
    return nn.Sequential(layers)


class DynamicSplitConv(nn.Module):
    """Dynamic split convolution: part g of the channels has a depthwise kernel of side 3 + 2g.

    Parts with one kernel are ordinary convolutions.
    """

    def __init__(self, channels: int, parts: int, kernels: int) -> None:
        super().__init__()
        width = channels // parts
        self.conv = nn.ModuleList(
            dynamic(width, width, side, groups=width, kernels=kernels)
            if kernels > 1
            else ConvNormAct(width, width, side, groups=width, activation=None)
            for side in range(3, 3 + 2 * parts, 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        parts = len(self.conv)
        outs = [conv(part) for conv, part in zip(self.conv, x.chunk(parts, dim=1), strict=True)]
        return shuffle(torch.cat(outs, dim=1), parts) if parts > 1 else outs[0]


def channel_attention(channels: int, hidden: int) -> nn.Sequential:
    """Channel weights from a context."""
    return nn.Sequential(
        nn.Conv2d(channels, hidden, 1, bias=False),
        nn.BatchNorm2d(hidden),
        nn.ReLU(inplace=True),
        nn.Conv2d(hidden, channels, 1),
        nn.Sigmoid(),
    )


class GlobalContext(nn.Module):
    """Global context modeling: channels weighted by the attended mean of all positions, then BN.

    There is no residual.
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.conv_mask = nn.Conv2d(channels, 1, 1)
        self.channel_attention = channel_attention(channels, channels // reduction)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        mask = self.conv_mask(x).flatten(2).softmax(dim=2)  # (B, 1, H*W)
        context = torch.matmul(x.flatten(2), mask.transpose(1, 2)).unsqueeze(3)  # (B, C, 1, 1)
        out: Tensor = self.bn(x * self.channel_attention(context))
        return out


class DenseContext(nn.Module):
    """Dense context modeling: all branches weighted by a context at the lowest resolution.

    Deviation from the paper, in the official code: the pooling cuts the memory of (C, H*W) into h*w
    pieces and reads each as (C, H*W/(h*w)), so that a piece holds neither one region nor all
    channels. The lowest branch has a mask that is never used.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)
        self.conv_mask = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths)
        self.channel_attention = channel_attention(sum(widths), sum(widths) // 8)

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        *higher, lowest = branches
        size = lowest.shape[2:]
        masks = [conv(branch) for conv, branch in zip(self.conv_mask, higher, strict=False)]
        pooled = [_pool(branch, mask, size) for branch, mask in zip(higher, masks, strict=True)]
        weights = self.channel_attention(torch.cat([*pooled, lowest], dim=1))
        return weigh(branches, weights.split(self.widths, dim=1))


def _pool(x: Tensor, mask: Tensor, size: Sequence[int]) -> Tensor:
    batch, channels = x.shape[:2]
    pieces = size[0] * size[1]
    weights = mask.flatten(2).softmax(dim=2).reshape(batch, pieces, -1, 1)
    sums = torch.matmul(x.reshape(batch, pieces, channels, -1), weights)  # (B, h*w, C, 1)
    return sums.transpose(1, 2).reshape(batch, channels, *size)


class DynamicBlock(nn.Module):
    """Dynamic multi-scale context block over all branches at once; half the channels pass."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        halves = [width // 2 for width in widths]
        self.dcm = DenseContext(halves)
        self.conv = nn.ModuleList(map(DynamicSplitConv, halves, SPLITS, KERNELS))
        self.gcm = nn.ModuleList(map(GlobalContext, halves, REDUCTIONS))

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        kept, worked = split_halves(branches)
        worked = [conv(work) for conv, work in zip(self.conv, self.dcm(worked), strict=True)]
        worked = [context(work) for context, work in zip(self.gcm, worked, strict=True)]
        return join_halves(kept, worked)


def dynamic_layers(widths: Sequence[int]) -> nn.Module:
    """The blocks of a Dite-HRNet module."""
    return nn.Sequential(*(DynamicBlock(widths) for _ in range(BLOCKS)))


class DynamicStem(nn.Module):
    """3 to 32 channels at a quarter of the image."""

    def __init__(self) -> None:
        super().__init__()
        half = STEM_WIDTH // 2
        squeezed = half // 4
        self.conv1 = ConvNormAct(3, STEM_WIDTH, 3, 2)
        self.branch1 = nn.Sequential(
            dynamic(half, half, 3, 2, groups=half),
            GlobalContext(half, 4),
            dynamic(half, half, activation=relu),
        )
        self.branch2 = nn.Sequential(
            dynamic(half, half, 3, groups=half),
            GlobalContext(half, 4),
            dynamic(half, squeezed, activation=relu),
            dynamic(squeezed, half),
            dynamic(half, half, 3, 2, groups=half, activation=relu),
        )

    def forward(self, image: Tensor) -> Tensor:
        first, second = self.conv1(image).chunk(2, dim=1)
        return shuffle(torch.cat([self.branch1(first), self.branch2(second)], dim=1), 2)


def init_ditehrnet(model: nn.Module) -> None:
    """As Lite-HRNet; kernels Kaiming uniform, their attention Kaiming normal (fan out)."""
    init_normal(model)
    for module in model.modules():
        if isinstance(module, KernelAggregation):
            for kernel in module.weight:
                nn.init.kaiming_uniform_(kernel)
        if isinstance(module, KernelAttention):
            for conv in (module.conv1, module.conv2):
                nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")


def ditehrnet(keypoints: int, depth: int = 18) -> nn.Module:
    """Dite-HRNet-18 or -30."""
    check_option("depth", depth, tuple(COUNTS))
    widths = branch_widths(40)
    backbone = LiteHRNet(
        DynamicStem(), depth, widths, dynamic_layers, IterativeHead(widths), rectified=True
    )
    model = TopDown(backbone, HighestHead(widths[0], keypoints))
    init_ditehrnet(model)
    return model
