"""The equations of the heatmap weighting paper (paper1), written out, against what runs."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from repro.counting.counter import Call, hrnet
from repro.equations import facts, weights
from repro.pose.losses import Heatmaps, criterion
from zoo.hwl import Attention, LiteHead
from zoo.simplebaseline import DeconvHead

LAYERS, KERNEL, WIDTH = 3, 4, 256
SMALL = 6, 8
"""height and width of the map that the heads are counted at"""


def convolutions(head: nn.Module) -> list[nn.Module]:
    """The convolutions of a head but the last."""
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    return [layer for layer in head.get_submodule("deconv_layers") if isinstance(layer, kinds)]


def costs(layers: list[nn.Module]) -> tuple[int, int]:
    """Weights, and multiply-accumulates on the grid of each layer's output."""
    size, macs = torch.zeros(1, WIDTH, *SMALL, device="meta"), 0
    for layer in layers:
        result = layer.to("meta")(size)
        macs += hrnet(Call(layer, size, result))[1]
        size = result
    return sum(layer.get_parameter("weight").numel() for layer in layers), macs


def grids() -> list[int]:
    """W x H behind each of the deconvolutions."""
    return [SMALL[0] * SMALL[1] * 4 ** (layer + 1) for layer in range(LAYERS)]


def test_equations_1_and_2_are_the_cost_of_simplebaselines_head() -> None:
    found = costs(convolutions(DeconvHead(WIDTH, 17)))
    each = KERNEL * KERNEL * WIDTH * WIDTH
    assert found == (sum(each for _ in range(LAYERS)), sum(each * grid for grid in grids()))


def test_equation_3_is_the_cost_of_the_light_head() -> None:
    found = costs(convolutions(LiteHead(WIDTH, 17, nn.Identity())))
    depthwise, pointwise = KERNEL * KERNEL * WIDTH, WIDTH * WIDTH
    each = [depthwise * grid + pointwise * grid for grid in grids()]
    assert found == (LAYERS * (depthwise + pointwise), sum(each))


def test_equation_4_is_the_ratio_of_the_two_heads() -> None:
    light = costs(convolutions(LiteHead(WIDTH, 17, nn.Identity())))
    standard = costs(convolutions(DeconvHead(WIDTH, 17)))
    assert light[0] / standard[0] == light[1] / standard[1] == 17 / 256
    assert facts.at("paper1", "equation4", "", "ratio") == 17 / 256


def attention(positive: bool) -> tuple[Attention, Tensor]:
    """The attention on 8 channels with random weights; or such that nothing hidden is negative."""
    torch.manual_seed(0)
    module, features = Attention(8, 6).double(), torch.randn(2, 8, 5, 4).double()
    for parameter in module.parameters():
        nn.init.normal_(parameter)
        if positive:
            parameter.data.abs_()
    return module, features.abs() if positive else features


def convolved(layer: nn.Module, features: Tensor) -> Tensor:
    """F of the equations: the convolution of a layer without what follows it."""
    convolution = layer.get_submodule("conv")
    assert isinstance(convolution, nn.Conv2d)
    return convolution(features)


def hard_sigmoid(x: Tensor) -> Tensor:
    return ((x + 3) / 6).clamp(0, 1)


@pytest.mark.parametrize("positive", [True, False], ids=["as printed", "with the code's ReLU"])
def test_equations_5_to_7_are_the_attention(positive: bool) -> None:
    module, f = attention(positive)

    def hidden(x: Tensor) -> Tensor:
        return x if positive else x.relu()  # the code alone has a ReLU between two convolutions

    mean = torch.stack([f[:, channel].mean(dim=(1, 2)) for channel in range(8)], dim=1)
    squeezed = hidden(convolved(module.se.conv1, mean[:, :, None, None]))
    assert squeezed.shape[1] == 8 / 4
    channel = f * hard_sigmoid(convolved(module.se.conv2, squeezed))  # equation 5
    combined = hidden(convolved(module.sse.conv1, f))
    spatial = f * hard_sigmoid(convolved(module.sse.conv2, combined))  # equation 6
    torch.testing.assert_close(f * module.se(f), channel)
    torch.testing.assert_close(f * module.sse(f), spatial)
    torch.testing.assert_close(module(f), f + channel + spatial)  # equation 7


@pytest.mark.parametrize("function", weights.FUNCTIONS)
def test_equation_8_is_the_loss_with_the_square_of_the_norm(function: str) -> None:
    random = np.random.default_rng(0)
    predicted, truth = random.normal(0, 0.4, (1, 3, 5, 4)), random.random((1, 3, 5, 4))
    joints = []
    for joint in range(3):
        pixels = [
            weights.generated(h, function) * (p - h) ** 2
            for p, h in zip(predicted[0, joint].flat, truth[0, joint].flat, strict=True)
        ]
        joints.append(sum(pixels) / len(pixels))
    loss = criterion("heatmap-weighting", function=function)
    found = loss([torch.tensor(predicted)], Heatmaps((torch.tensor(truth),)))["heatmaps"]
    assert found.item() == pytest.approx(sum(joints) / 3)
