"""The equations of the WLitePose paper (paper4), written out, against what runs."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from repro.counting.counter import Call, hrnet
from repro.equations import facts, weights
from repro.pose.losses import Heatmaps, criterion
from repro.pose.losses.adaptive import weight
from repro.scoring.pairs import Detections, Persons, similar
from zoo.wlitepose import LightDeconv
from zoo.wlitepose_attention import LENGTH, PooledDFC
from zoo.wlitepose_blocks import TextBottleneck

NOBODY = torch.zeros(1, 0, 3, 2, dtype=torch.int64)


def maps() -> tuple[Tensor, Tensor]:
    """A prediction and a ground truth (1, 3, 5, 4); a third of the truth is 0."""
    random = np.random.default_rng(0)
    truth = np.maximum(random.uniform(-0.5, 1, (1, 3, 5, 4)), 0)
    return torch.tensor(random.uniform(-0.2, 1.2, (1, 3, 5, 4))), torch.tensor(truth)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("mse+embedding", {}), *(("weight-adaptive+embedding", {"tau": t}) for t in (0.01, 1.0))],
    ids=["equation 1", "equations 2 and 4", "equations 2 and 4, tau 1"],
)
def test_equations_1_2_and_4_are_the_losses(name: str, settings: dict[str, float]) -> None:
    predicted, truth = maps()
    costs = []
    for p, h in zip(predicted.flatten().tolist(), truth.flatten().tolist(), strict=True):
        positive = h ** settings["tau"] if settings else 0
        w = abs(p) * (1 - positive) + abs(1 - p) * positive if settings else 1
        costs.append(w * (p - h) ** 2)
        if settings:
            assert weights.adaptive(p, h, settings["tau"]) == pytest.approx(w)
    tagged = torch.cat((predicted, predicted), dim=1)
    targets = Heatmaps((truth,), joints=NOBODY)
    found = criterion(name, **settings)([tagged], targets)["heatmaps"].item()
    assert found == pytest.approx(sum(costs) / len(costs))


def test_equation_3_is_equation_4_where_the_truth_is_0_or_1() -> None:
    predicted = torch.linspace(0, 1, 11)
    positive = weight(predicted, torch.ones(11), 0.01)
    negative = weight(predicted, torch.zeros(11), 0.01)
    torch.testing.assert_close(positive, 1 - predicted)
    torch.testing.assert_close(negative, predicted)


@pytest.mark.parametrize("tau", [0.01, 0.1, 1.0])
def test_theta_is_where_both_halves_of_equation_4_weigh_the_same(tau: float) -> None:
    theta = facts.value("paper4", "4", "boundary", {"tau": tau})
    truth = torch.tensor([theta], dtype=torch.float64)
    for p in (0.0, 0.3, 1.0):
        assert weight(torch.full((1,), p).double(), truth, tau).item() == pytest.approx(0.5)


def test_equations_5_to_7_are_the_costs_of_the_deconvolution() -> None:
    inputs, grid = 66, 12 * 10
    size = torch.zeros(1, inputs, 6, 5, device="meta")
    module = LightDeconv(inputs, 17).to("meta")
    raised = module.deconv(size)
    outputs = module.pwconv.out_channels  # 33: three groups do not divide the printed 32
    cost = sum(
        hrnet(Call(layer, taken, given))[1]
        for layer, taken, given in (
            (module.deconv, size, raised),
            (module.pwconv, raised, module.pwconv(raised)),
        )
    )
    assert cost == 4 * 4 * inputs * grid + inputs * outputs * grid  # equation 6, l = 1
    plain = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False, device="meta")
    standard = hrnet(Call(plain, size, plain(size)))[1]
    assert standard == 4 * 4 * inputs * outputs * grid  # equation 5, l = 1
    ratio = facts.at("paper4", "equation7", f"outputs={outputs}", "ratio")
    assert cost / standard == pytest.approx(ratio)
    assert facts.at("paper4", "equation7", "", "ratio") == 3 / 32


def band(kernel: Tensor, size: int) -> Tensor:
    """F (C, size, size) of equations 9 and 10 for a convolution: its weights along the diagonal."""
    full = torch.zeros(len(kernel), size, size, dtype=kernel.dtype)
    for to in range(size):
        for by in range(LENGTH):
            at = to + by - LENGTH // 2
            if 0 <= at < size:
                full[:, to, at] = kernel[:, by]
    return full


def quiet(module: nn.Module) -> nn.Module:
    """With random weights, in double precision, and norms that change nothing."""
    for one in module.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.eps = 0
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter)
    return module.double().eval()


def directional() -> tuple[nn.Conv2d, nn.Conv2d]:
    """The two directional convolutions of the attention of the literal reading."""
    torch.manual_seed(0)
    layers = [one for one in quiet(PooledDFC(4, 4)).modules() if isinstance(one, nn.Conv2d)]
    return layers[1], layers[2]


def test_equations_9_and_10_are_the_directional_convolutions() -> None:
    """As the text has it: the matrices are bands of length 5, the same for every row and column."""
    horizontal, vertical = directional()
    z = torch.randn(1, 4, 6, 7).double()
    along_h, along_w = band(vertical.weight[:, 0, :, 0], 6), band(horizontal.weight[:, 0, 0], 7)
    first, a = torch.zeros_like(z), torch.zeros_like(z)
    for h in range(6):
        for w in range(7):
            first[0, :, h, w] = sum(along_h[:, h, i] * z[0, :, i, w] for i in range(6))
    for h in range(6):
        for w in range(7):
            a[0, :, h, w] = sum(along_w[:, w, i] * first[0, :, h, i] for i in range(7))
    torch.testing.assert_close(vertical(z), first)  # equation 9
    torch.testing.assert_close(horizontal(first), a)  # equation 10
    torch.testing.assert_close(vertical(horizontal(z)), a)  # either comes first


def test_equation_8_is_both_with_one_matrix_over_all_places() -> None:
    horizontal, vertical = directional()
    z = torch.randn(1, 4, 6, 7).double()
    along_h, along_w = band(vertical.weight[:, 0, :, 0], 6), band(horizontal.weight[:, 0, 0], 7)
    whole = torch.einsum("chi,cwj->chwij", along_h, along_w)
    a = torch.zeros_like(z)
    for h in range(6):
        for w in range(7):
            a[0, :, h, w] = (whole[:, h, w] * z[0]).sum(dim=(1, 2))
    torch.testing.assert_close(vertical(horizontal(z)), a)


def test_equation_11_is_the_attention_of_the_literal_reading() -> None:
    torch.manual_seed(0)
    block = quiet(TextBottleneck(4, 4, 1, "dfc", "fewer-norms"))
    x = torch.randn(1, 4, 8, 6).double()
    v = block.get_submodule("dwconv")(x)
    pointwise = block.get_submodule("dfc.0")
    horizontal, vertical = (block.get_submodule(f"dfc.{at}") for at in (2, 4))
    pooled = torch.stack([x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]).mean(dim=0)
    a = vertical(horizontal(pointwise(pooled)))  # average pooling by 2, before the 1x1 convolution
    raised = nn.functional.interpolate(a, (8, 6), mode="bilinear", align_corners=False)
    torch.testing.assert_close(block.get_submodule("dfc")(v, x), raised.sigmoid() * v)


def test_equation_12_is_the_similarity_that_scores_use() -> None:
    """With k twice COCO's constants, as its code has it, and s squared the area of the person."""
    random = np.random.default_rng(0)
    constants, area = np.array([0.026, 0.079, 0.107]), 1500.0
    person = np.array([[[10.0, 20.0, 2], [30.0, 40.0, 0], [50.0, 30.0, 1]]])
    found = person[:, :, :2] + random.normal(0, 4, (1, 3, 2))
    numerator = denominator = 0.0
    for joint, (x, y, visible) in enumerate(person[0]):
        if visible > 0:  # delta(v > 0)
            distance = math.dist((x, y), found[0, joint])
            spread = 2 * area * (2 * constants[joint]) ** 2
            numerator += math.exp(-(distance**2) / spread)
            denominator += 1
    none, here = np.zeros((1, 1), np.bool_), np.zeros(1, np.int64)
    people = Persons(
        here, here, np.array([[5.0, 5, 50, 40]]), person, np.array([area]), none[0], none
    )
    one = Detections(here, np.ones(1), found, here, none)
    pairs = similar(one, people, constants, 0.0)
    assert pairs.oks.tolist() == pytest.approx([numerator / denominator])
