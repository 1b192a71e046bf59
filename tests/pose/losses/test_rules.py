"""What holds for every loss: gradients, masks, precision, and what it refuses."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from repro.errors import ReproError
from repro.pose.losses import LOSSES, Heatmaps, criterion, for_model


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 0.4, shape))


def total(parts: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(parts.values())).sum()


def scene() -> tuple[dict[str, list[Tensor]], Heatmaps]:
    """Small outputs for each loss, and targets that serve all: two images with three joints."""
    positions = [[3, 1], [28, 1], [0, 0], [0, 0], [20, 1], [40, 1]]
    joints = torch.tensor(positions).view(1, 2, 3, 2).repeat(2, 1, 1, 1)
    maps = noise(2, 3, 4, 4, seed=7).abs().clamp(max=1) * (noise(2, 3, 4, 4, seed=8) > 0)
    targets = Heatmaps(
        (maps,),
        masks=((noise(2, 4, 4, seed=9) > -0.3).double(),),
        joints=joints,
        offsets=noise(2, 6, 4, 4, seed=10),
        offset_weights=noise(2, 6, 4, 4, seed=11).clamp(min=0),
        fields=noise(2, 4, 4, 4, seed=12),
    )
    channels = {
        "mse+embedding": (6, 3),
        "weight-adaptive+embedding": (6, 3),
        "scale-adaptive+embedding": (9, 6),
        "centre-offsets": (3, 6),
        "part-fields": (3, 4),
    }
    outputs = {
        name: [noise(2, one, 4, 4, seed=one) for one in channels.get(name, (3,))] for name in LOSSES
    }
    return outputs, targets


@pytest.mark.parametrize("name", [name for name in LOSSES if name != "scale-adaptive+embedding"])
def test_gradients_are_those_of_the_values(name: str) -> None:
    outputs, targets = scene()
    given = [one.requires_grad_() for one in outputs[name]]
    settings = {"hard": 2} if name == "hard-joints" else {}
    loss = criterion(name, **settings)

    def value(*tensors: Tensor) -> Tensor:
        return total(loss(tensors, targets))

    assert torch.autograd.gradcheck(value, given)


def test_a_detached_weight_changes_the_gradient_alone() -> None:
    outputs, targets = scene()
    values, gradients = [], []
    for detached in (False, True):
        given = [one.clone().requires_grad_() for one in outputs["mse+embedding"]]
        parts = criterion("weight-adaptive+embedding", detached=detached)(given, targets)
        values.append(parts["heatmaps"].item())
        parts["heatmaps"].backward()
        gradients.append(given[1].grad)
    assert values[0] == values[1]
    positive = targets.maps[0] ** 0.01
    predicted = outputs["mse+embedding"][1]
    weight = predicted.abs() * (1 - positive) + (1 - predicted).abs() * positive
    wanted = 2 * weight * (predicted - targets.maps[0]) * targets.masks[0][:, None]
    torch.testing.assert_close(gradients[1], wanted / predicted.numel())
    assert not torch.allclose(gradients[0], gradients[1])


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_masked_is_not_learnt_from(name: str) -> None:
    outputs, targets = scene()
    settings = {"hard": 3} if name == "hard-joints" else {}
    loss = criterion(name, **settings)
    before = loss(outputs[name], targets)
    hidden = (targets.masks[0] == 0)[:, None]
    changed = [torch.where(hidden, one + 5, one) for one in outputs[name]]
    if name == "centre-offsets":
        changed[1] = outputs[name][1]  # these have weights of their own
    after = loss(changed, targets)
    assert hidden.any()
    for part in set(before) - {"push", "pull"}:
        assert after[part].item() == pytest.approx(before[part].item(), rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "heatmap-weighting", "weight-adaptive+embedding"])
def test_half_precision_outputs_are_compared_in_single_precision(name: str) -> None:
    outputs, targets = scene()
    low = [one.bfloat16() for one in outputs[name]]
    parts = criterion(name)(low, targets)
    wanted = criterion(name)([one.double() for one in low], targets)
    for part, value in parts.items():
        assert value.item() == pytest.approx(wanted[part].item(), rel=1e-5)


def test_targets_move_with_all_that_they_hold() -> None:
    targets = scene()[1]
    moved = targets.to("meta")
    assert moved.weights is None
    for name in ("joints", "offsets", "offset_weights", "fields"):
        assert getattr(moved, name).is_meta
        assert getattr(moved, name).shape == getattr(targets, name).shape
    assert moved.maps[0].is_meta
    assert moved.masks[0].is_meta


@pytest.mark.parametrize(
    ("name", "settings", "outputs", "sentence"),
    [
        ("mse", {}, [(2, 4, 4, 4)], r"\(2, 4, 4, 4\), its target \(2, 3, 4, 4\)"),
        ("mse+embedding", {}, [(2, 3, 4, 4)], "3 channels"),
        ("scale-adaptive+embedding", {}, [(2, 6, 4, 4)], "6 channels"),
        ("centre-offsets", {}, [(2, 3, 4, 4)], "1 outputs"),
        ("heatmap-weighting", {"function": "3x"}, [(2, 3, 4, 4)], "`3x`"),
        ("weight-adaptive+embedding", {"tau": -1.0}, [(2, 6, 4, 4)], "-1"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_numbers(
    name: str,
    settings: dict[str, float | str],
    outputs: Sequence[tuple[int, ...]],
    sentence: str,
) -> None:
    with pytest.raises(ReproError, match=sentence) as error:
        criterion(name, **settings)([noise(*shape) for shape in outputs], scene()[1])
    assert error.value.hint


def test_names_settings_and_targets_that_are_not_there_are_refused() -> None:
    with pytest.raises(ReproError, match="no loss `msee`") as error:
        criterion("msee")
    assert "`mse`" in error.value.hint
    with pytest.raises(ReproError, match="`mse` has no setting `tau`"):
        criterion("mse", tau=0.1)
    with pytest.raises(ReproError, match="no setting `outputs`"):
        criterion("mse", outputs="x")
    outputs, targets = scene()
    with pytest.raises(ReproError, match="no joints"):
        criterion("mse+embedding")(outputs["mse+embedding"], Heatmaps(targets.maps))
    with pytest.raises(ReproError, match="3 outputs, but there are heatmaps for 2"):
        criterion("mse")(3 * outputs["mse"], Heatmaps(2 * targets.maps))
    with pytest.raises(ReproError, match="`resnet`"):
        for_model("resnet")
