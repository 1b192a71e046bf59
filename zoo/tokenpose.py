"""TokenPose (Li et al., 2021): a transformer over image patches and one token a keypoint.

The official code is leeyegy/TokenPose, built on that of HRNet. Its dropouts have probability 0 and
are left out. Each network is built for one input size, to which its table of positions belongs.
"""

from __future__ import annotations

from itertools import pairwise
from math import pi

import torch
from torch import Tensor, nn

from zoo.blocks import check_option, init_normal
from zoo.hrnet import HRNet

WIDTH = 192
MLP_WIDTH = 3 * WIDTH

# depth of TokenPose-L -> heads, patch, heatmap (both height and width)
LARGE = {24: (12, (4, 3), (64, 48)), 6: (8, (4, 4), (64, 64))}


class Attention(nn.Module):
    """Self-attention of all tokens; `scale` multiplies the products of queries and keys."""

    def __init__(self, heads: int, scale: float) -> None:
        super().__init__()
        self.heads = heads
        self.scale = scale
        self.to_qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.to_out = nn.Sequential(nn.Linear(WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        batch, count, _ = x.shape
        query, key, value = (
            part.reshape(batch, count, self.heads, -1).transpose(1, 2)  # (B, heads, N, WIDTH/heads)
            for part in self.to_qkv(x).chunk(3, dim=2)
        )
        weights = (torch.einsum("bhid,bhjd->bhij", query, key) * self.scale).softmax(dim=3)
        out: Tensor = self.to_out(
            torch.einsum("bhij,bhjd->bhid", weights, value).transpose(1, 2).flatten(2)
        )
        return out


class FeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(WIDTH, MLP_WIDTH), nn.GELU(), nn.Identity(), nn.Linear(MLP_WIDTH, WIDTH)
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


class PreNorm(nn.Module):
    """A module behind a layer norm."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fn(self.norm(x))
        return out


class Residual(nn.Module):
    """x + fn(x)."""

    def __init__(self, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fn(x)
        return out + x


class Transformer(nn.Module):
    """Encoder layers; the positions are added again before each of them but the first."""

    def __init__(self, depth: int, heads: int, scale: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                Residual(PreNorm(Attention(heads, scale))), Residual(PreNorm(FeedForward()))
            )
            for _ in range(depth)
        )

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        first, *others = self.layers
        x = first(x)
        for layer in others:
            x = layer(x + positions)
        return x


class TokenTransformer(nn.Module):
    """Heatmaps from features by way of patches, keypoint tokens and one or three transformers.

    The keypoint tokens behind each transformer are put side by side and give the heatmaps through
    linear layers without activation: two of them where their input is narrow, else one.
    """

    def __init__(
        self,
        keypoints: int,
        channels: int,
        patch: tuple[int, int],
        heatmap: tuple[int, int],
        transformers: dict[str, Transformer],
    ) -> None:
        super().__init__()
        self.patch = patch
        self.heatmap = heatmap
        self.grid = (heatmap[0] // patch[0], heatmap[1] // patch[1])
        self.names = tuple(transformers)
        self.keypoint_token = nn.Parameter(torch.zeros(1, keypoints, WIDTH))
        self.pos_embedding = nn.Parameter(sine_table(*self.grid), requires_grad=False)
        self.patch_to_embedding = nn.Linear(patch[0] * patch[1] * channels, WIDTH)
        for name, transformer in transformers.items():
            self.add_module(name, transformer)
        self.mlp_head = _head(len(transformers) * WIDTH, heatmap[0] * heatmap[1])

    def forward(self, features: Tensor) -> Tensor:
        keypoints = self.keypoint_token.shape[1]
        unplaced = torch.zeros_like(self.keypoint_token)
        positions = torch.cat([unplaced, self.pos_embedding], dim=1)
        patches = self.patch_to_embedding(self._patches(features))
        tokens = self.keypoint_token.expand(patches.shape[0], -1, -1)
        x = torch.cat([tokens, patches], dim=1) + positions  # (B, K + patches, WIDTH)
        found = []
        for name in self.names:
            x = self.get_submodule(name)(x, positions)
            found.append(x[:, :keypoints])
        heatmaps: Tensor = self.mlp_head(torch.cat(found, dim=2))
        return heatmaps.reshape(heatmaps.shape[0], keypoints, *self.heatmap)

    def _patches(self, features: Tensor) -> Tensor:
        """Patches (B, rows * columns, patch height * patch width * C), channel fastest."""
        (rows, columns), (height, width) = self.grid, self.patch
        batch, channels, *size = features.shape
        if tuple(size) != self.heatmap:
            found, fits = ("x".join(map(str, sides)) for sides in (size, self.heatmap))
            raise ValueError(f"The features are `{found}`; this network is built for {fits}.")
        cut = features.reshape(batch, channels, rows, height, columns, width)
        return cut.permute(0, 2, 4, 3, 5, 1).reshape(batch, rows * columns, -1)


class TokenPose(nn.Module):
    """Convolutional features and the transformer on them.

    `official_names` maps the state entries whose official names differ (see `zoo.names`).
    """

    def __init__(self, pre_feature: HRNet, transformer: TokenTransformer) -> None:
        super().__init__()
        self.pre_feature = pre_feature
        self.transformer = transformer
        self.official_names: dict[str, str] = {}
        init_tokenpose(self)

    def forward(self, image: Tensor) -> Tensor:
        heatmaps: Tensor = self.transformer(self.pre_feature(image))
        return heatmaps


def init_tokenpose(model: TokenPose) -> None:
    """Convolutions from N(0, 0.001); linear layers and tokens from N(0, 0.02); biases 0.

    Deviation: TokenPose-B and -L are trained from an HRNet of ImageNet, which is not loaded here.
    """
    init_normal(model)
    nn.init.trunc_normal_(model.transformer.keypoint_token, std=0.02)
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def sine_table(height: int, width: int) -> Tensor:
    """Positions (1, H*W, WIDTH), row by row: half of the channels for y, half for x.

    As in DETR (Carion et al., 2020), positions run from 1 and are scaled so that a side is 2 pi.
    """
    half = WIDTH // 2
    channel = torch.arange(half)
    period = 10000.0 ** (2 * (channel // 2) / half)

    def waves(count: int) -> Tensor:
        angles = 2 * pi * torch.arange(1, count + 1) / (count + 1e-6)
        phases = angles[:, None] / period
        return torch.where(channel % 2 == 0, phases.sin(), phases.cos())  # (count, half)

    rows = waves(height)[:, None].expand(height, width, half)
    columns = waves(width)[None].expand(height, width, half)
    return torch.cat([rows, columns], dim=2).reshape(1, height * width, WIDTH)


def tokenpose_s(keypoints: int) -> nn.Module:
    """TokenPose-S-v1 on the first stage of HRNet: 12 layers, 8 heads.

    Its attention is scaled by the width of the tokens, not by that of a head.
    """
    transformer = Transformer(depth=12, heads=8, scale=WIDTH**-0.5)
    model = TokenPose(
        HRNet("hrnet_w32", stages=1),
        TokenTransformer(keypoints, 256, (4, 3), (64, 48), {"transformer": transformer}),
    )
    model.official_names = {
        own: f"features.{own.removeprefix('pre_feature.').removeprefix('transformer.')}"
        for own in model.state_dict()
    }
    return model


def tokenpose_b(keypoints: int) -> nn.Module:
    """TokenPose-B on three stages of HRNet-W32: 12 layers, 8 heads."""
    transformer = Transformer(depth=12, heads=8, scale=(WIDTH // 8) ** -0.5)
    return TokenPose(
        HRNet("hrnet_w32", stages=3),
        TokenTransformer(keypoints, 32, (4, 3), (64, 48), {"transformer": transformer}),
    )


def tokenpose_l(keypoints: int, depth: int = 24) -> nn.Module:
    """TokenPose-L on three stages of HRNet-W48: D24 for 256x192, D6 (of MPII) for 256x256.

    The layers form three transformers, each of which hands its keypoint tokens to the head.
    """
    check_option("depth", depth, tuple(LARGE))
    heads, patch, heatmap = LARGE[depth]
    transformers = {
        f"transformer{number}": Transformer(depth // 3, heads, (WIDTH // heads) ** -0.5)
        for number in (1, 2, 3)
    }
    return TokenPose(
        HRNet("hrnet_w48", stages=3),
        TokenTransformer(keypoints, 48, patch, heatmap, transformers),
    )


def _head(width: int, pixels: int) -> nn.Sequential:
    hidden = pixels // 8
    widths = (width, hidden, pixels) if width <= hidden // 2 else (width, pixels)
    return nn.Sequential(
        *(part for a, b in pairwise(widths) for part in (nn.LayerNorm(a), nn.Linear(a, b)))
    )
