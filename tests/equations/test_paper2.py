"""The equations of the LPN paper (paper2), written out, against what runs."""

import math

import numpy as np
import pytest
from torch import nn

from repro.equations import facts, soft_argmax, weights
from repro.papers.recipe import Loss, Recipe
from repro.pose.decode import decode
from repro.pose.targets import gaussian
from repro.training.schedule import Schedule
from zoo.backbones import ResNet
from zoo.lpn import LightBottleneck


def parameters(block: nn.Module) -> int:
    """The weights of a block's convolutions."""
    return sum(one.weight.numel() for one in block.modules() if isinstance(one, nn.Conv2d))


def test_equations_1_and_2_are_the_standard_bottleneck() -> None:
    network = ResNet(50)
    for stage, middle in enumerate((64, 128, 256, 512), 1):
        m, n = middle, 4 * middle
        *_, block = network.get_submodule(f"layer{stage}").children()
        assert parameters(block) == 1 * 1 * n * m + 3 * 3 * m * m + 1 * 1 * m * n == 17 * m * m


@pytest.mark.parametrize("m", [64, 128, 256, 512])
def test_equations_3_and_4_are_the_light_bottleneck(m: int) -> None:
    block = LightBottleneck(m, m, 1, context=False)
    assert parameters(block) == 2 * m * m + 3 * 3 * m
    ratio = facts.at("paper2", "equation4", f"M={m}", "ratio")
    assert parameters(block) / (17 * m * m) == pytest.approx(ratio)
    assert 2 / 17 < ratio < 2.15 / 17


def ideal(x: float, y: float, sigma: float = 2.0, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """H of equation 5 at every pixel, one by one."""
    height, width = size
    values = [
        math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2))
        for row in range(height)
        for column in range(width)
    ]
    return np.array(values).reshape(size)


def test_equation_5_is_the_target_of_a_joint_and_the_weights_gaussian() -> None:
    x, y = 20.3, 33.8
    drawn, _ = gaussian(
        np.array([[[4 * x, 4 * y]]]), np.ones((1, 1)), (256, 192), rounded=False, cut=math.inf
    )
    assert np.abs(drawn[0, 0] - ideal(x, y)).max() < 1e-6
    assert weights.gaussian(math.dist((20, 34), (x, y))) == pytest.approx(ideal(x, y)[34, 20])


def softmax_place(h: np.ndarray, beta: float) -> tuple[float, float]:
    """The location by S of equation 7, summed up pixel by pixel."""
    total = sum(math.exp(beta * value) for value in h.flat)
    x = y = 0.0
    for (row, column), value in np.ndenumerate(h):
        share = math.exp(beta * value) / total
        x += share * column
        y += share * row
    return x, y


@pytest.mark.parametrize("beta", [1.0, 40.0, 160.0], ids=lambda beta: f"beta {beta:g}")
def test_equations_6_and_7_are_the_soft_argmax(beta: float) -> None:
    """Equation 6 is 7 with a beta of 1."""
    for place in ((20.3, 33.8), (9.5, 50.0), (30.26, 11.49)):
        h = ideal(*place)
        wanted = softmax_place(h, beta)
        points, _ = decode(h[None, None].astype(np.float32), "soft-argmax", beta=beta)
        assert points[0, 0] == pytest.approx(wanted, abs=1e-3)
        assert soft_argmax.expected(place, beta) == pytest.approx(wanted, abs=1e-4)


@pytest.fixture(scope="module")
def scattered() -> tuple[np.ndarray, np.ndarray]:
    """4,000 places at random in the pixels that eight others part from the border, and their
    ideal maps."""
    random = np.random.default_rng(0)
    places = np.stack((random.uniform(7.5, 39.5, 4000), random.uniform(7.5, 55.5, 4000)), axis=1)
    across = np.exp(-((np.arange(48) - places[:, :1]) ** 2) / 8).astype(np.float32)
    down = np.exp(-((np.arange(64) - places[:, 1:]) ** 2) / 8).astype(np.float32)
    return places, (down[:, :, None] * across[:, None])[None]


def test_the_errors_on_ideal_maps_are_those_of_the_decoders_that_run(
    scattered: tuple[np.ndarray, np.ndarray],
) -> None:
    places, maps = scattered

    def error(how: str, beta: float = 160) -> float:
        points, _ = decode(maps, how, beta=beta)
        return float(np.hypot(*(points[0] - places).T).mean())

    assert soft_argmax.hard() == pytest.approx((error("argmax"), error("quarter")), abs=0.005)
    for beta in (16, 40, 160):
        both = error("soft-argmax", beta), error("soft-argmax+quarter", beta)
        assert soft_argmax.soft(beta) == pytest.approx(both, abs=0.005)
    assert soft_argmax.soft() == pytest.approx(
        (error("soft-argmax", 1), error("soft-argmax+quarter", 1)), rel=0.03
    )


def test_the_rise_with_beta_that_table_5_prints_needs_the_quarter_offset() -> None:
    betas = (40, 80, 120, 160, 200)
    alone = [soft_argmax.soft(beta).alone for beta in betas]
    quarter = [soft_argmax.soft(beta).quarter for beta in betas]
    common = soft_argmax.hard().quarter
    assert alone == sorted(alone) and alone[0] < common < alone[1], "best at 40, ever worse"
    assert quarter[0] > common > max(quarter[1:]), "worse at 40, better from 80 on"
    assert alone == pytest.approx([0.162, 0.269, 0.307, 0.327, 0.339], abs=0.004)
    assert quarter == pytest.approx([0.209, 0.146, 0.154, 0.161, 0.166], abs=0.004)
    assert soft_argmax.soft().alone == pytest.approx(15.4, abs=0.2)


def test_figure_3_is_the_schedule_of_iterative_training() -> None:
    recipe = Recipe(
        "Adam", 1e-3, 150, 32, Loss("mse"), milestones=(90, 120), stages=7, restart_epoch=60
    )
    schedule = Schedule(recipe, 1)
    drawn = []
    for stage in range(7):
        for epoch in range(60 if stage else 0, 150):
            drawn.append(1e-3 * (1 if epoch < 90 else 0.1 if epoch < 120 else 0.01))
    assert schedule.total == len(drawn) == 690
    assert [schedule.rate(step) for step in range(690)] == pytest.approx(drawn)
