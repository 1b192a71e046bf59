"""What is compared with eager, and what the comparison refuses."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from repro.speed.backends import equivalence
from repro.speed.backends.equivalence import Agreement, calibrated, compare, picture

torch.set_num_threads(1)


def bumps(points: list[tuple[float, float]], size: tuple[int, int] = (16, 12)) -> Tensor:
    """A map (1, K, h, w) with a Gaussian at each point x, y."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    maps = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8) for x, y in points]
    return torch.from_numpy(np.stack(maps)[None].astype(np.float32))


class Gives(nn.Module):
    """The same maps whatever comes in."""

    def __init__(self, *maps: Tensor) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, x: Tensor) -> list[Tensor]:
        return list(self.maps)


EXAMPLE = torch.zeros(1, 3, 64, 48)
MAPS = bumps([(4, 5), (7.3, 11.8)])


def against(*found: Tensor, usual: tuple[Tensor, ...] = (MAPS,), **limits: float) -> Agreement:
    return compare(Gives(*usual), lambda images: list(found), EXAMPLE, **limits)


def test_the_same_outputs_agree() -> None:
    found = against(MAPS.clone())
    assert found.ok and found.difference == 0 and found.shift == 0
    assert found.peaks == 4  # two maps for each of two inputs


def test_arrays_are_taken_as_well_as_tensors() -> None:
    assert compare(Gives(MAPS), lambda images: [MAPS.numpy()], EXAMPLE).ok


def test_a_small_difference_is_told_and_a_large_one_refused() -> None:
    close, far = against(MAPS + 9e-4), against(MAPS + 2e-3)
    assert close.ok and close.difference == pytest.approx(9e-4, rel=0.01)
    assert far.reason == (
        "its output differs from eager's by 2.0e-03 of the largest value, more than 0.001"
    )


def test_each_output_is_held_against_its_own_largest_value() -> None:
    small = torch.full((1, 2), 1e-3)
    found = against(MAPS, small * 1.5, usual=(MAPS, small))
    assert not found.ok and found.difference == pytest.approx(0.5)


@pytest.mark.parametrize("moved, ok", [(0.02, True), (0.2, False)])
def test_a_peak_that_moves_is_refused(moved: float, ok: bool) -> None:
    found = against(bumps([(4 + moved, 5), (7.3, 11.8)]), difference=1)
    assert found.shift == pytest.approx(moved, rel=0.2)
    assert found.ok is ok
    assert ok or "heatmap pixels off, more than 0.05" in found.reason


@pytest.mark.parametrize("place", [(0, 5), (11, 5), (4, 0), (4, 15), (0, 0)])
def test_a_peak_at_the_border_can_be_compared(place: tuple[int, int]) -> None:
    found = against(bumps([place]), usual=(bumps([place]),))
    assert found.ok and found.peaks == 2 and found.shift == 0
    other = against(bumps([(5, 7)]), usual=(bumps([place]),), difference=2)
    assert other.shift == pytest.approx(np.hypot(place[0] - 5, place[1] - 7), abs=0.5)


def test_a_peak_that_is_not_clear_does_not_count() -> None:
    level = torch.ones(1, 1, 16, 12)
    twins = bumps([(2, 3)]) + bumps([(9, 12)])
    found = against(level, twins, usual=(level, twins))
    assert found.ok and found.peaks == 0 and found.shift is None


@pytest.mark.parametrize(
    "outputs, words",
    [
        ((MAPS, MAPS), "it gives 2 outputs, eager 1"),
        ((MAPS[:, :1],), "it gives an output of (1, 1, 16, 12), eager of (1, 2, 16, 12)"),
        ((MAPS * float("nan"),), "its output is not finite"),
        ((MAPS * 0,), "differs from eager's by 1.0e+00"),
        ((MAPS.flip(1),), "differs"),
    ],
)
def test_outputs_that_are_not_eagers_are_refused(outputs: tuple[Tensor, ...], words: str) -> None:
    found = against(*outputs)
    assert not found.ok and words in found.reason


@pytest.mark.parametrize("usual", [MAPS * 0, MAPS * float("inf")])
def test_nothing_agrees_with_an_output_that_says_nothing(usual: Tensor) -> None:
    assert "nothing can be compared" in against(usual, usual=(usual,)).reason


def test_real_valued_pictures_are_compared_beside_the_example() -> None:
    model = nn.Conv2d(3, 2, 3).eval()
    seen: list[Tensor] = []

    def run(images: Tensor) -> list[Tensor]:
        seen.append(images)
        with torch.no_grad():
            return [model(images) + (len(seen) > 1)]

    found = compare(model, run, EXAMPLE + 1)
    assert not found.ok and len(seen) == 2
    assert seen[0].std() == 0 and seen[1].std() > 0.3


def test_a_backend_cannot_spoil_the_input() -> None:
    model, example = nn.Conv2d(3, 2, 3).eval(), EXAMPLE + 1
    compare(model, lambda images: [model(images.mul_(0)).detach()], example)
    assert (example == 1).all()


def test_a_picture_is_like_a_normalised_photograph() -> None:
    images = picture((2, 3, 64, 48))
    assert images.shape == (2, 3, 64, 48) and images.dtype == torch.float32
    assert torch.equal(images, picture((2, 3, 64, 48)))
    assert not torch.equal(images[0], images[1])
    assert not torch.equal(images, picture((2, 3, 64, 48), seed=1))
    assert -2.2 < images.min() < -0.5 and 0.5 < images.max() < 2.7
    near = (images[..., 1:] - images[..., :-1]).abs().mean()
    assert near < 0.3 * images.std()  # neighbours are alike


def network() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6)
    )
    nn.init.zeros_(model[3].weight)  # as a branch that training starts closed
    return model


def test_a_calibrated_network_gives_what_its_normalisations_expect() -> None:
    model, example = network(), picture((4, 3, 24, 24))
    before = [value.clone() for value in model.state_dict().values()]
    found = calibrated(model, example)
    assert all(map(torch.equal, before, model.state_dict().values())) and model.training
    assert not any(module.training for module in found.modules())
    assert found[1].momentum == model[1].momentum
    with torch.no_grad():
        normal = (found(example) - found[4].bias.view(-1, 1, 1)) / found[4].weight.view(-1, 1, 1)
    assert normal.mean((0, 2, 3)).abs().max() < 0.05
    assert (normal.std((0, 2, 3)) - 1).abs().max() < 0.05
    assert found[3].weight.any()


def test_calibration_is_the_same_every_time() -> None:
    model, example = network(), picture((1, 3, 24, 24))
    first = calibrated(model, example)
    torch.manual_seed(99)
    torch.set_num_threads(2)
    second = calibrated(model, example)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    other = calibrated(model, example, seed=1)
    assert not torch.equal(other[1].weight, first[1].weight)


def test_a_wrong_scale_shows_on_a_calibrated_network() -> None:
    model = calibrated(network(), EXAMPLE)
    wrong = calibrated(network(), EXAMPLE)
    with torch.no_grad():
        wrong[4].weight.copy_(wrong[4].weight.flip(0))

    def run(images: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [wrong(images)]

    found = compare(model, run, equivalence.picture((1, 3, 24, 24)))
    assert not found.ok and found.difference > 0.05
