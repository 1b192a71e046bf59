"""The equations of the CBAM-Lite-HRNet paper (paper3), written out, against what runs."""

import pytest
import torch
from torch import Tensor, nn

from repro.scoring.oks_rules import THRESHOLDS
from zoo.cbam import CBAM


def block() -> tuple[CBAM, Tensor]:
    torch.manual_seed(0)
    module = CBAM(16, ratio=4).double().eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module, torch.randn(2, 16, 6, 5).double()


def channel_map(module: CBAM, f: Tensor) -> Tensor:
    """M_c (N, C, 1, 1): the sigmoid of what one perceptron makes of the mean and of the peak."""
    _, first, _, second = module.ChannelGate.mlp.children()
    assert isinstance(first, nn.Linear) and isinstance(second, nn.Linear)
    answers = [
        (pooled @ first.weight.T + first.bias).clamp(min=0) @ second.weight.T + second.bias
        for pooled in (f.flatten(2).mean(dim=2), f.flatten(2).amax(dim=2))
    ]
    return (1 / (1 + torch.exp(-answers[0] - answers[1])))[:, :, None, None]


def spatial_map(module: CBAM, f: Tensor) -> Tensor:
    """M_s (N, 1, H, W): the sigmoid of a 7x7 convolution of the peak and the mean of channels."""
    layer = module.SpatialGate.spatial
    both = torch.stack((f.amax(dim=1), f.mean(dim=1)), dim=1)
    padded = nn.functional.pad(both, (3, 3, 3, 3))
    windows = padded.unfold(2, 7, 1).unfold(3, 7, 1)  # (N, 2, H, W, 7, 7)
    summed = (windows * layer.conv.weight[0][None, :, None, None]).sum(dim=(1, 4, 5))[:, None]
    norm = layer.bn
    shares = (summed - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    return torch.sigmoid(shares * norm.weight + norm.bias)


def test_equation_1_is_the_channel_half_of_the_block() -> None:
    module, f = block()
    torch.testing.assert_close(module.ChannelGate(f), channel_map(module, f) * f)


def test_equation_2_is_the_block_with_m_s_where_m_c_is_printed() -> None:
    """The text beside it says `a 2D spatial attention map M_s`; the equation repeats M_c."""
    module, f = block()
    first = channel_map(module, f) * f
    torch.testing.assert_close(module(f), spatial_map(module, first) * first)
    printed = channel_map(module, first) * first
    assert (module(f) - printed).abs().max() > 0.1


def test_the_metric_is_the_mean_of_the_ten_thresholds_of_section_3_d() -> None:
    assert THRESHOLDS.tolist() == pytest.approx([0.5 + 0.05 * n for n in range(10)])
