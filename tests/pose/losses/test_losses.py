"""Losses against the official code's figures and plain readings of their equations."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from repro.errors import ReproError
from repro.pose.bottom_up_targets import heatmaps, joint_indices
from repro.pose.losses import Heatmaps, criterion
from repro.pose.losses.embedding_loss import push_pull
from repro.pose.losses.scale_adaptive import scaled

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "losses.json").read_text("utf-8"))
TOPDOWN, BOTTOMUP = VECTORS["topdown"], VECTORS["bottomup"]
NOBODY = torch.zeros(2, 0, 3, 2, dtype=torch.int64)


def draw(name: str) -> np.random.Generator:
    """The random numbers that the figures were recorded with."""
    return np.random.default_rng(zlib.crc32(f"0:{name}".encode()))


def recorded_crops() -> tuple[Tensor, Tensor, Tensor]:
    """Predictions and targets (2, 17, 64, 48) of the recorded figures, and weights (2, 17)."""
    shape = (2, 17)
    x, y = draw("cx").integers(3, 45, shape), draw("cy").integers(3, 61, shape)
    weights = draw("tw").random(shape) > 0.3
    across = np.arange(48) - x[..., None, None]
    down = np.arange(64)[:, None] - y[..., None, None]
    near = (abs(across) <= 6) & (abs(down) <= 6) & weights[..., None, None]
    maps = np.exp(-(across**2 + down**2) / 8) * near
    predicted = 0.1 * draw("pred").standard_normal((2, 17, 64, 48))
    return torch.tensor(predicted), torch.tensor(maps), torch.tensor(weights, dtype=torch.float64)


def recorded_people() -> tuple[np.ndarray, np.ndarray]:
    """The heatmaps (1, 14, 64, 64) and tag positions (1, 4, 14, 2) of the recorded figures."""
    points = draw("joints").uniform(-4, 68, (4, 14, 2))
    visible = draw("vis").integers(0, 3, (4, 14))
    where = (points, visible, np.zeros(4, dtype=np.int64), 1, (64, 64), 1)
    return heatmaps(*where), joint_indices(*where)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 0.4, shape))


@pytest.mark.parametrize(
    ("name", "settings", "figure"),
    [
        ("mse", {}, "joints_mse_mmpose_target_weight"),
        ("half-mse", {}, "joints_mse_hrnet_lpn_target_weight"),
        ("heatmap-weighting", {}, "heatmap_weighting_F_x_target_weight"),
        ("heatmap-weighting", {"function": "none"}, "joints_mse_mmpose_target_weight"),
        ("heatmap-weighting", {"function": "2x"}, "formula_F_2x"),
        ("heatmap-weighting", {"function": "x^2"}, "formula_F_x2"),
        ("heatmap-weighting", {"function": "e^x"}, "formula_F_exp"),
    ],
)
def test_top_down_losses_are_the_official_ones(
    name: str, settings: dict[str, str], figure: str
) -> None:
    predicted, maps, weights = recorded_crops()
    parts = criterion(name, **settings)([predicted], Heatmaps((maps,), weights))
    assert parts["heatmaps"].item() == pytest.approx(TOPDOWN[figure], rel=1e-12)


def test_a_weight_stands_inside_the_square_and_none_counts_every_joint() -> None:
    predicted, maps, weights = recorded_crops()
    weights[:, 0] *= 0.5
    loss = criterion("heatmap-weighting")
    half = loss([predicted], Heatmaps((maps,), weights))["heatmaps"].item()
    assert half == pytest.approx(TOPDOWN["heatmap_weighting_F_x_tw_half_on_joint0"], rel=1e-12)
    alike = loss([predicted], Heatmaps((maps,)))["heatmaps"].item()
    assert alike == pytest.approx(TOPDOWN["heatmap_weighting_F_x_no_target_weight"], rel=1e-12)


@pytest.mark.parametrize("image", [0, 1])
def test_bottom_up_heatmaps_cost_what_they_do_officially(image: int) -> None:
    maps = recorded_people()[0]
    wanted = np.concatenate((maps, maps[:, :, ::-1]))[image : image + 1].astype(float)
    predicted = 0.3 * draw("pred").standard_normal((2, 14, 64, 64))
    mask = (draw("mask").random((2, 64, 64)) > 0.2).astype(float)
    both = [torch.tensor(np.concatenate((one, one))) for one in predicted[image : image + 1]]
    tagged = torch.cat([*both])[None]  # what the tags are does not matter here
    targets = Heatmaps(
        (torch.tensor(wanted),), masks=(torch.tensor(mask[image : image + 1]),), joints=NOBODY[:1]
    )
    found = criterion("mse+embedding")([tagged], targets)["heatmaps"].item()
    assert found == pytest.approx(BOTTOMUP["heatmap_mse_masked_per_image"][image], rel=1e-12)
    for tau in (1.0, 0.1, 0.01, 0.001):
        loss = criterion("weight-adaptive+embedding", tau=tau)
        figure = BOTTOMUP[f"heatmap_weighted_eq4_tau{tau}_per_image"][image]
        assert loss([tagged], targets)["heatmaps"].item() == pytest.approx(figure, rel=1e-12)


def test_push_and_pull_are_the_official_ones() -> None:
    people = recorded_people()[1][0]
    joints = np.zeros((3, 4, 14, 2), dtype=np.int64)
    joints[0], joints[2, 0] = people, people[1]  # the second image shows nobody
    tags = torch.tensor(draw("tags").standard_normal((3, 14, 64, 64)))
    pushes, pulls = push_pull(tags, torch.tensor(joints))
    found = torch.stack((pushes, pulls), dim=1)
    figures = torch.tensor(BOTTOMUP["ae_exp_push_pull_per_image"], dtype=torch.float64)
    torch.testing.assert_close(found, figures, rtol=1e-6, atol=1e-7)
    parts = criterion("mse+embedding")(
        [torch.cat((tags, tags), dim=1)], Heatmaps((tags,), joints=torch.tensor(joints))
    )
    push, pull = BOTTOMUP["ae_exp_push_pull_batch_mean"]
    assert parts["push"].item() == pytest.approx(0.001 * push, rel=1e-6)
    assert parts["pull"].item() == pytest.approx(0.001 * pull, rel=1e-6)


def test_only_the_hardest_joints_of_a_person_count_in_the_last_map() -> None:
    outputs = [noise(2, 5, 6, 4, seed=seed) for seed in range(3)]
    maps = noise(2, 5, 6, 4, seed=9)
    weights = torch.tensor([[1, 1, 0, 1, 1], [0, 0, 0, 1, 0]], dtype=torch.float64)
    parts = criterion("hard-joints", hard=3)(outputs, Heatmaps((maps,), weights))
    hard = []
    for person in range(2):
        costs = [
            (weights[person, joint] * (outputs[2] - maps)[person, joint].square().mean()).item()
            for joint in range(5)
        ]
        hard.append(sum(sorted(costs)[-3:]) / 3)
    assert parts["hard"].item() == pytest.approx(sum(hard) / 2)
    apart = [((one - maps) * weights[:, :, None, None]).square().mean() for one in outputs[:2]]
    assert parts["coarse"].item() == pytest.approx(sum(apart).item() / 4)
    with pytest.raises(ReproError, match="no 6 hard joints among 5"):
        criterion("hard-joints", hard=6)(outputs, Heatmaps((maps,), weights))


def test_offsets_cost_smooth_l1_where_they_are_taught() -> None:
    maps = noise(2, 4, 5, 5, seed=1).clamp(min=0)
    offsets, weights = noise(2, 6, 5, 5, seed=2), noise(2, 6, 5, 5, seed=3).clamp(min=0)
    outputs = [noise(2, 4, 5, 5, seed=4), noise(2, 6, 5, 5, seed=5)]
    mask = (noise(2, 5, 5, seed=6) > 0).double()
    targets = Heatmaps((maps,), masks=(mask,), offsets=offsets, offset_weights=weights)
    parts = criterion("centre-offsets")(outputs, targets)
    sums, taught = 0.0, 0
    flat = (one.flatten().tolist() for one in (outputs[1], offsets, weights))
    for found, wanted, weight in zip(*flat, strict=True):
        apart = abs(found - wanted)
        sums += weight * (4.5 * apart**2 if apart < 1 / 9 else apart - 1 / 18)
        taught += weight > 0
    assert parts["offsets"].item() == pytest.approx(0.03 * sums / taught)
    background = torch.where(maps > 0, torch.ones_like(maps), 0.1 * torch.ones_like(maps))
    found = (background * mask[:, None] * (outputs[0] - maps).square()).mean()
    assert parts["heatmaps"].item() == pytest.approx(found.item())


def test_fields_cost_a_sum_over_stages_with_the_mask_inside_the_square() -> None:
    maps, fields, mask = noise(3, 19, 4, 4), noise(3, 38, 4, 4, seed=1), noise(3, 4, 4, seed=2)
    outputs = [noise(3, channels, 4, 4, seed=channels + i) for i in (3, 4) for channels in (19, 38)]
    targets = Heatmaps((maps,), masks=(mask,), fields=fields)
    parts = criterion("part-fields")(outputs, targets)
    for name, wanted, own in (("heatmaps", maps, outputs[::2]), ("fields", fields, outputs[1::2])):
        found = sum((mask[:, None] * (one - wanted)).square().sum().item() for one in own)
        assert parts[name].item() == pytest.approx(found / 2 / 3)
    with pytest.raises(ReproError, match="3 outputs"):
        criterion("part-fields")(outputs[:3], targets)


def test_scales_change_the_width_of_the_targets() -> None:
    maps = recorded_people()[0][:, :3].astype(float)
    wanted, output = torch.tensor(maps), noise(1, 3, 64, 64)
    targets = Heatmaps((wanted,), joints=NOBODY[:1])
    adaptive = criterion("weight-adaptive+embedding")([torch.cat((output, output), 1)], targets)
    loss = criterion("scale-adaptive+embedding")
    plain = loss([torch.cat((0 * output, output, output), 1)], targets)
    assert plain["scales"].item() == 0
    assert plain["heatmaps"].item() == pytest.approx(adaptive["heatmaps"].item(), rel=1e-12)

    scales = noise(1, 3, 64, 64, seed=1).requires_grad_()
    with torch.no_grad():
        change = scales * torch.where(wanted > 0, wanted, 1.0).log()
        exact = torch.where(wanted > 0, wanted ** (1 + scales), 0.0)
        apart = (scaled(wanted, scales) - exact).abs()
        assert (apart <= wanted * change.abs() ** 3 * change.clamp(min=0).exp() / 6 + 1e-15).all()
        assert apart.max() > 1e-4
        adapted = wanted * (1 + change + change**2 / 2)
        positive = adapted.clamp(max=1) ** 0.01
        weight = output.abs() * (1 - positive) + (1 - output).abs() * positive
        cost = (weight * (output - adapted) ** 2).mean().item()
        size = (scales**2 * (wanted > 0)).mean().item()
    parts = loss([torch.cat((scales, output, output), 1)], targets)
    assert parts["heatmaps"].item() == pytest.approx(cost, rel=1e-12)
    assert parts["scales"].item() == pytest.approx(size, rel=1e-12)
    parts["heatmaps"].backward()
    assert scales.grad is not None
    assert scales.grad[(wanted > 0) & (wanted < 1)].abs().min() > 0
    assert scales.grad[wanted == 0].abs().max() == 0
