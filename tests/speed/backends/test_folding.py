"""Batch normalisation folded into convolutions: the same outputs, whatever the network does."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.speed.backends import folding
from repro.speed.backends.folding import fold
from support.folded_networks import example, same, settled

torch.set_num_threads(1)


CONVOLUTIONS: dict[str, Callable[[], nn.Module]] = {
    "plain": lambda: nn.Conv2d(4, 6, 3),
    "no bias": lambda: nn.Conv2d(4, 6, 3, bias=False),
    "grouped": lambda: nn.Conv2d(4, 6, 3, groups=2),
    "depthwise": lambda: nn.Conv2d(4, 8, 3, groups=4, stride=2),
    "reflecting": lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"),
    "transposed": lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1),
    "transposed, as many channels": lambda: nn.ConvTranspose2d(4, 4, 4, 2, 1, bias=False),
    "transposed, grouped": lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1, groups=2),
    "transposed, grouped, as many channels": lambda: nn.ConvTranspose2d(4, 4, 3, groups=2),
    "transposed, depthwise": lambda: nn.ConvTranspose2d(4, 4, 4, 2, output_padding=1, groups=4),
    "one-dimensional": lambda: nn.Conv1d(4, 6, 3),
    "one-dimensional, transposed": lambda: nn.ConvTranspose1d(4, 6, 3, groups=2),
    "three-dimensional": lambda: nn.Conv3d(4, 6, 1),
}
NORMS = {3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_every_kind_of_convolution_takes_its_normalisation(name: str, affine: bool) -> None:
    convolution = CONVOLUTIONS[name]()
    sides = convolution.weight.dim()
    norm = NORMS[sides](convolution.out_channels, affine=affine, eps=1e-3)
    model = settled(nn.Sequential(convolution, norm, nn.ReLU(), nn.Identity()))
    found = same(model, example(2, 4, *[9] * (sides - 2)))
    assert found.pairs == (("0", "1"),)
    assert not found.kept and not found.problem
    assert not any(isinstance(module, NORMS[sides]) for module in found.model.modules())


def test_a_frozen_normalisation_is_folded_and_its_convolution_stays_frozen() -> None:
    model = settled(nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6)))
    model.requires_grad_(False)
    found = same(model, example())
    assert found.pairs
    assert not any(parameter.requires_grad for parameter in found.model.parameters())


def test_a_network_in_training_mode_stays_so_and_its_copy_does_not() -> None:
    model = settled(nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.Dropout(0.5)))
    found = fold(model.train(), example())
    assert model.training and model[1].training
    assert found.pairs and not found.model.training


def test_a_wrong_folding_is_noticed_and_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(weight: Tensor, scale: Tensor, transposed: bool, groups: int) -> Tensor:
        return weight * scale.view(-1, 1, 1, 1)

    monkeypatch.setattr(folding, "scaled_weight", wrong)
    convolution = nn.ConvTranspose2d(4, 4, 4, 2, 1, bias=False)
    found = same(settled(nn.Sequential(convolution, nn.BatchNorm2d(4))), example())
    assert found.pairs == () and found.kept == ("1",)
    assert "an output changes by" in found.problem


def drawn(random: np.random.Generator) -> nn.Module:
    """A network that calls its modules in a drawn order, some more than once."""

    class Drawn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            groups = random.choice([1, 2, 4], 6).tolist()
            kinds = [nn.Conv2d, nn.ConvTranspose2d]
            self.convs = nn.ModuleList(
                kinds[random.integers(2)](4, 4, 3, padding=1, groups=group) for group in groups
            )
            self.norms = nn.ModuleList(nn.BatchNorm2d(4) for _ in groups)
            self.order = random.integers(0, 6, (8, 3)).tolist()
            self.same = random.random(8) < 0.7

        def forward(self, x: Tensor) -> Tensor:
            values = [x]
            for (source, conv, norm), shared in zip(self.order, self.same, strict=True):
                raw = self.convs[conv](values[source % len(values)])
                values.append(self.norms[conv if shared else norm](raw))
                if source == 5:
                    values.append(raw)
            return torch.stack(values).sum(0)

    return settled(Drawn(), int(random.integers(1000)))


def test_drawn_networks_compute_the_same() -> None:
    folded = 0
    for seed in range(40):
        folded += len(same(drawn(np.random.default_rng(seed)), example()).pairs)
    assert folded > 40


@pytest.mark.parametrize("name", ["litehrnet_18", "simplebaseline_mobilenetv2", "litepose_xs"])
def test_networks_of_the_zoo_are_folded(name: str) -> None:
    torch.manual_seed(0)
    model = settled(zoo.create_model(name))
    found = fold(model, example(1, 3, 64, 64))
    assert not found.problem
    left = {"litepose_xs": 3}  # after a sum of two transposed convolutions
    assert len(found.kept) == left.get(name, 0) and len(found.pairs) > 50
