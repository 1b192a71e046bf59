"""WLitePose of "Lightweight Human Pose Estimation Based on Heatmap Weighted Loss Function" (Wang et
al., 2024): LitePose with DFC-bottlenecks and a light deconvolution module, reconstructed twice.

No code is public; neither network is the authors'.

The paper fixes: the stages of LitePose, every block replaced; in the block the 7x7 depthwise
convolution of the input times DFC attention (average pooling by 2, 1x1 and directional
convolutions, bilinear upsampling, sigmoid), BN, 1x1 convolution, GELU, 1x1 convolution; behind the
map at 1/4 a 4x4 depthwise deconvolution of 66 channels, a 1x1 convolution to 32, BN, ReLU and four
residual blocks (1x1 in 3 groups, shuffle, 3x3 depthwise, 1x1 in 3 groups); outputs at 1/4 and 1/2.

Inferred: length 5 and norms of the directional convolutions, expansion, identity and stride of the
block, middle width 12 of the residual blocks, the layer from them to the heatmaps, what is left of
LitePose's own output at 1/2, reduction 16 of SE, CBAM and CA. 33 channels stand for 32, which 3
groups do not divide. 66 is 32 + 2 * 17: `text` has it on COCO and 60 on CrowdPose; the map of
LitePose-S at 1/4 has 24 channels, so `fit` has 58 and 52. The body ends at 1/16, as LitePose's code
does, not at 1/32.

`text` takes the prose literally: LitePose's head ends at 1/4, and the module alone gives the output
at 1/2; the head's widths are then 32, 32 (S) and 16, 24 (XS). This network is cheaper than
LitePose-S (2.731 M, 4.981 G), the paper's is dearer. `fit` is one of several networks whose cost
lands on the print where it can, and was selected for that: attention without pooling on the
expanded map, one norm in it, the stride in the last convolution of the block, all of LitePose's
head, the module's heatmaps added to LitePose's at 1/2. Where it agrees with a printed figure, that
is no evidence of what the authors built.

Parameters / MACs, in M / G, MACs as by ptflops 0.6.9, at 448x448 for 14 joints if nothing else is
said (Tables IX and X print no size); residuals are ours minus the paper's. `*`: prints so, rounded;
`+`: only cut.

    Table, row               printed    text           residual       fit              residual
    I, II: S, 17 joints      3.6 / 5.8  2.398 / 3.344  -1.20 / -2.46  3.333  / 5.781*  -0.27 / -0.02
    I, II, V: XS 256, 17     2.3 / 1.5  1.358 / 0.736  -0.94 / -0.76  1.916  / 1.371   -0.38 / -0.13
    III, IV, VI: S, all      3.6 / 5.8  2.397 / 3.321  -1.20 / -2.48  3.332  / 5.750*  -0.27 / -0.05
    III, IV: XS 256          2.3 / 1.5  1.357 / 0.728  -0.94 / -0.77  1.915  / 1.362   -0.38 / -0.14
    VI: deconvolution        3.0 / 5.2  2.723 / 4.239  -0.28 / -0.96  2.736  / 5.245*  -0.26 / +0.04
    VI, VII, IX, X: DFC      3.3 / 5.5  2.406 / 4.063  -0.89 / -1.44  3.327* / 5.487*  +0.03 / -0.01
    VII: stage 1             2.9 / 5.2  2.708 / 4.598  -0.19 / -0.60  2.722  / 4.977   -0.18 / -0.22
    VII: stage 2             3.0 / 5.2  2.678 / 4.768  -0.32 / -0.43  2.728  / 4.999   -0.27 / -0.20
    VII: stage 3             3.0 / 5.3  2.636 / 4.872  -0.36 / -0.43  2.770  / 5.033   -0.23 / -0.27
    VII: stage 4             3.1 / 5.3  2.578 / 4.768  -0.52 / -0.53  3.300  / 5.422   +0.20 / +0.12
    IX: SE                   2.9 / 5.3  2.232 / 4.001  -0.67 / -1.30  2.944* / 4.157   +0.04 / -1.14
    IX: CBAM                 2.9 / 5.3  2.237 / 4.010  -0.66 / -1.29  2.960+ / 4.150   +0.06 / -1.15
    IX: CA                   3.2 / 5.7  2.263 / 4.007  -0.94 / -1.69  3.339  / 4.227   +0.14 / -1.47
    X: 7x7 moved up                4.6          4.046          -0.55           4.191           -0.41
    X: DFC; GELU                   5.5          4.111          -1.39           5.546*          +0.05
    X: fewer activations           5.5          4.108          -1.39           5.542*          +0.04

The baselines of Tables I to III, VI, VII, IX and X are LitePose's own and print as published.
CBAM's biases are 0.012 M; without them, unlike CBAM's code, `fit` has 2.948 M. In `fit` 0.57 of
the 0.60 M and 0.44 of the 0.51 G that DFC adds are in stage 4, which XS has 80 channels wide, not
120: hence its residual.

Two conflicts rule out a network that meets all of it, two more rest on a premise that is not the
paper's. Other readings, of which one prints 39 of the 49 cells where `fit` prints 19, stand in
`zoo.wlitepose_readings`.

1. Replacing blocks stage by stage adds up. The four rows of Table VII add 0.8 to 1.6M to the
   baseline, all stages together 0.5 to 0.7M; the rows are 20.8G at least, All and three baselines
   less than 20.7G. This holds for any block, if the Baseline row was measured, not copied.
2. A weight used at 1/4 or finer costs 12,544 MACs or more. The 0.3M of the deconvolution module
   (Table VI), 0.2M before rounding, cost 2.5G, and still 1.4G if LitePose's level at 1/2 (1.13G)
   goes; 0.2G is printed. As described the module has 5 to 9 thousand parameters. Premise: the
   levels of LitePose before it stay as they are; with 104 channels at 1/8 both figures print.
3. Table X has 4.6G without attention. SE adds 0.05G at most whatever map of the block it weighs,
   CBAM 0.04G, CA 0.58G, with an expansion of up to 10; Table IX has 5.3G, 5.3G and 5.7G with them.
4. Moving the 7x7 convolution before the expansion (Table X) saves 0.79G in `fit` and 0.93G in
   `text`, 0.74G or more in that convolution alone; 0.4G is printed. Premise: the expansion stays 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from zoo.blocks import check_option
from zoo.litepose import SCALES, Block, InvertedBottleneck, LitePose
from zoo.wlitepose_attention import OTHERS
from zoo.wlitepose_blocks import STEPS, FitBottleneck, TextBottleneck

READINGS = {"fit": FitBottleneck, "text": TextBottleneck}
STAGES = (1, 2, 3, 4)
LIGHT_WIDTH = 33
LIGHT_MIDDLE = 12
GROUPS = 3


class LightBlock(nn.Module):
    """Light residual block, Fig. 3."""

    def __init__(self) -> None:
        super().__init__()
        width, middle = LIGHT_WIDTH, LIGHT_MIDDLE
        self.gconv1 = nn.Conv2d(width, middle, 1, groups=GROUPS, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.shuffle = nn.ChannelShuffle(GROUPS)
        self.dwconv = nn.Conv2d(middle, middle, 3, padding=1, groups=middle, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.gconv2 = nn.Conv2d(middle, width, 1, groups=GROUPS, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.shuffle(self.relu(self.bn1(self.gconv1(x))))
        y = self.bn3(self.gconv2(self.bn2(self.dwconv(y))))
        out: Tensor = self.relu(x + y)
        return out


class LightDeconv(nn.Module):
    """Light deconvolution module, Fig. 2: heatmaps (B, K, 2H, 2W) of a map (B, C, H, W)."""

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(channels, channels, 4, 2, 1, groups=channels, bias=False)
        self.pwconv = nn.Conv2d(channels, LIGHT_WIDTH, 1, bias=False)
        self.bn = nn.BatchNorm2d(LIGHT_WIDTH)
        self.relu = nn.ReLU(inplace=True)
        self.blocks = nn.Sequential(*(LightBlock() for _ in range(4)))
        self.final = nn.Conv2d(LIGHT_WIDTH, keypoints, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn(self.pwconv(self.deconv(x))))
        heatmaps: Tensor = self.final(self.blocks(x))
        return heatmaps


class WLitePose(LitePose):
    """LitePose's outputs; at 1/2 those of the light module, added to LitePose's if it has any."""

    def __init__(
        self, keypoints: int, widths: Sequence[int], head: Sequence[int], blocks: Sequence[Block]
    ) -> None:
        super().__init__(keypoints, widths, head, blocks)
        self.light = LightDeconv(head[1] + 2 * keypoints, keypoints)

    def forward(self, image: Tensor) -> list[Tensor]:
        pyramid = self.pyramid(image)
        levels = self.fuse(pyramid)
        quarter, *others = self.predict(pyramid, levels)
        half = self.light(torch.cat([levels[1], quarter], dim=1))
        for maps in others:
            half = maps + half
        return [quarter, half]


def wlitepose(
    keypoints: int,
    scale: str = "s",
    reading: str = "fit",
    dfc: Sequence[int] = STAGES,
    deconv: bool = True,
    attention: str = "dfc",
    step: str = STEPS[-1],
) -> nn.Module:
    """WLitePose-S or -XS in one of the readings above, with the switches of Tables VI to X.

    `dfc` names the stages that have DFC-bottlenecks, the others have LitePose's blocks (Tables VI
    and VII). Without `deconv` the head is LitePose's, in both readings. `attention` is what stands
    in the DFC-bottleneck (Table IX), `step` how far its design went (Table X); the first step has
    no attention yet. Initial values are PyTorch's.
    """
    check_option("scale", scale, tuple(SCALES))
    check_option("reading", reading, tuple(READINGS))
    check_option("deconv", deconv, (True, False))
    check_option("attention", attention, ("dfc", *OTHERS))
    check_option("step", step, STEPS)
    _check_stages(dfc)
    if step == "move-up":
        if attention not in ("dfc", "none"):
            raise ValueError(f"`attention` is `{attention!r}`; the step `move-up` has none yet.")
        attention = "none"
    bottleneck = partial(READINGS[reading], attention=attention, step=step)
    blocks = [bottleneck if stage in dfc else InvertedBottleneck for stage in STAGES]
    widths, head = SCALES[scale]
    if not deconv:
        return LitePose(keypoints, widths, head, blocks)
    if reading == "text":
        return WLitePose(keypoints, widths, (head[0], head[2]), blocks)
    return WLitePose(keypoints, widths, head, blocks)


def _check_stages(dfc: Sequence[int]) -> None:
    if not isinstance(dfc, list | tuple):
        raise ValueError(f"`dfc` is `{dfc!r}`; it must be a list or tuple of stages.")
    for stage in dfc:
        check_option("dfc", stage, STAGES)
    if len(set(dfc)) < len(dfc):
        raise ValueError(f"`dfc` is `{dfc!r}`; each stage can be there once.")
