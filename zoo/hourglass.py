"""Stacked hourglass (Newell et al., 2016) as in bearpaw/pytorch-pose."""

from __future__ import annotations

from torch import Tensor, nn

from zoo.blocks import check_option

WIDTH = 256
LEVELS = 4


class Bottleneck(nn.Module):
    """Pre-activation bottleneck with expansion 2; every convolution has a bias."""

    def __init__(self, channels: int, planes: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, planes, 1)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 2 * planes, 1)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            nn.Identity()
            if channels == 2 * planes
            else nn.Sequential(nn.Conv2d(channels, 2 * planes, 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(self.relu(self.bn1(x)))
        y = self.conv2(self.relu(self.bn2(y)))
        y = self.conv3(self.relu(self.bn3(y)))
        out: Tensor = y + self.downsample(x)
        return out


class Hourglass(nn.Module):
    """Four levels, `hg.0` the innermost; in each `0` is the skip, `1` the way down, `2` the way up.

    The innermost has a fourth member, its bottom.
    """

    def __init__(self) -> None:
        super().__init__()
        members = [4] + [3] * (LEVELS - 1)
        self.hg = nn.ModuleList(
            nn.ModuleList(_residual(WIDTH) for _ in range(count)) for count in members
        )

    def forward(self, x: Tensor) -> Tensor:
        levels = [list(level.children()) for level in self.hg]
        skips = []
        for skip, down, *_ in reversed(levels):
            skips.append(skip(x))
            x = down(nn.functional.max_pool2d(x, 2, stride=2))
        x = levels[0][3](x)
        for _, _, up, *_ in levels:
            x = skips.pop() + nn.functional.interpolate(up(x), scale_factor=2.0)
        return x


class StackedHourglass(nn.Module):
    """The list of the heatmaps of every hourglass in the row; the last is the prediction."""

    def __init__(self, keypoints: int, stacks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = _residual(64, 64)
        self.layer2 = _residual(128, 128)
        self.layer3 = _residual(WIDTH, 128)
        self.maxpool = nn.MaxPool2d(2, stride=2)
        self.hg = nn.ModuleList(Hourglass() for _ in range(stacks))
        self.res = nn.ModuleList(_residual(WIDTH) for _ in range(stacks))
        self.fc = nn.ModuleList(self._dense() for _ in range(stacks))
        self.score = nn.ModuleList(nn.Conv2d(WIDTH, keypoints, 1) for _ in range(stacks))
        self.fc_ = nn.ModuleList(nn.Conv2d(WIDTH, WIDTH, 1) for _ in range(stacks - 1))
        self.score_ = nn.ModuleList(nn.Conv2d(keypoints, WIDTH, 1) for _ in range(stacks - 1))

    def _dense(self) -> nn.Sequential:
        # the official code puts the stem's own ReLU here
        return nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 1), nn.BatchNorm2d(WIDTH), self.relu)

    def forward(self, image: Tensor) -> list[Tensor]:
        x = self.layer1(self.relu(self.bn1(self.conv1(image))))
        x = self.layer3(self.layer2(self.maxpool(x)))  # (B, 256, H/4, W/4)
        heatmaps = []
        for index, score in enumerate(self.score):
            y = self.fc[index](self.res[index](self.hg[index](x)))
            heatmaps.append(score(y))
            if index < len(self.fc_):
                x = x + self.fc_[index](y) + self.score_[index](heatmaps[-1])
        return heatmaps


def hourglass(keypoints: int, stacks: int = 8) -> nn.Module:
    """Stacked hourglass with one bottleneck per place and PyTorch's initial values."""
    check_option("stacks", stacks, range(1, 9))
    return StackedHourglass(keypoints, stacks)


def _residual(channels: int, planes: int = WIDTH // 2) -> nn.Sequential:
    return nn.Sequential(Bottleneck(channels, planes))
