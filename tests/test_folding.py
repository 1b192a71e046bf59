"""Batch normalisation folded into convolutions: the same outputs, whatever the network does."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

import zoo
from repro.timing import folding
from repro.timing.folding import fold

torch.set_num_threads(1)


def settled(model: nn.Module, seed: int = 0) -> nn.Module:
    """In eval mode, with drawn statistics, weights and biases of normalisation."""
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for tensor, low, high in (
                (module.running_mean, -1, 1),
                (module.running_var, 0.2, 3),
                (module.weight, -2, 2),
                (module.bias, -1, 1),
            ):
                if tensor is not None:
                    nn.init.uniform_(tensor, low, high)
    return model.eval()


def example(*shape: int) -> Tensor:
    return torch.randn(shape or (2, 4, 9, 7), generator=torch.Generator().manual_seed(1))


def outputs(model: nn.Module, images: Tensor) -> list[Tensor]:
    with torch.no_grad():
        found = copy.deepcopy(model).double()(images.double())
    return [found] if isinstance(found, Tensor) else list(found)


def same(model: nn.Module, images: Tensor) -> folding.Folded:
    """Fold, and require what must hold for every network."""
    before = copy.deepcopy(model)
    found = fold(model, images)
    assert all(map(torch.equal, model.state_dict().values(), before.state_dict().values()))
    assert [module.training for module in model.modules()] == [
        module.training for module in before.modules()
    ]
    for old, new in zip(outputs(model.eval(), images), outputs(found.model, images), strict=True):
        assert (old - new).abs().max() <= 1e-5 * old.abs().max()
    return found


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


class Net(nn.Module):
    """A convolution, a normalisation of its channels, and another of each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.norm2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)


class Twice(Net):
    def forward(self, x: Tensor) -> Tensor:
        first = self.norm(self.conv(x))
        return self.norm(self.conv(torch.relu(first))) + first


class OtherReader(Net):
    def forward(self, x: Tensor) -> Tensor:
        raw = self.conv(x)
        return self.norm(raw) + self.conv2(raw)


class LateReader(Net):
    def forward(self, x: Tensor) -> Tensor:
        raw = self.conv(x)
        return self.norm(raw) + raw.sum((2, 3), keepdim=True)


class Returned(Net):
    def forward(self, x: Tensor) -> list[Tensor]:
        raw = self.conv(x)
        return [self.norm(raw), raw]


class InPlace(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(torch.relu_(self.conv(x)))


class InPlaceBehind(Net):
    def forward(self, x: Tensor) -> Tensor:
        raw = self.conv(x)
        found = self.norm(raw)
        return found + raw.mul_(2)


class Viewed(Net):
    def forward(self, x: Tensor) -> Tensor:
        raw = self.conv(x)
        return self.norm(raw) + raw.view(-1)[0]


class TwoNorms(Net):
    def forward(self, x: Tensor) -> Tensor:
        raw = self.conv(x)
        return self.norm(raw) * self.norm2(raw)


class SharedNorm(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.norm(self.conv2(x))


class SharedConvolution(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.conv(x.flip(3))


class OneOfTwo(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.norm(x)


class WeightReader(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) * self.conv.weight.sum()


class NormReader(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) * self.norm.weight.view(1, -1, 1, 1)


class Tied(Net):
    def __init__(self) -> None:
        super().__init__()
        self.conv2.weight = self.conv.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.conv2(x)


class TwoNames(Net):
    def __init__(self) -> None:
        super().__init__()
        self.norm2 = self.norm

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) + self.norm2(self.conv2(x))


class InAList(Net):
    def __init__(self) -> None:
        super().__init__()
        self.steps = [self.conv, self.norm]

    def forward(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)
        return x


class AttributeReader(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)) / self.norm.num_features


class AlwaysTraining(Net):
    def train(self, mode: bool = True) -> nn.Module:
        super().train(mode)
        self.norm.train()
        return self

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class Functional(Net):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(nn.functional.conv2d(x, self.conv.weight, self.conv.bias))


class Standardised(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight - self.weight.mean(), self.bias)


class Doubled(nn.BatchNorm2d):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


class Frozen(nn.Module):
    """A normalisation made of plain operators, as in torchvision."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.rand(4))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight[:, None, None] + 1


def hooked() -> nn.Module:
    model = nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4))
    model[0].register_forward_hook(lambda module, taken, given: given * 2)
    return model


def without_statistics() -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4, track_running_stats=False))


def weight_normalised() -> nn.Module:
    return nn.Sequential(parametrizations.weight_norm(nn.Conv2d(4, 4, 3)), nn.BatchNorm2d(4))


def other(first: nn.Module, second: nn.Module) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(first, second)


KEPT: dict[str, Callable[[], nn.Module]] = {
    "read by another module": OtherReader,
    "read later": LateReader,
    "returned": Returned,
    "changed in place before": InPlace,
    "changed in place after": InPlaceBehind,
    "seen through a view": Viewed,
    "normalised twice": TwoNorms,
    "one normalisation of two convolutions": SharedNorm,
    "one convolution, once without": SharedConvolution,
    "a normalisation that also takes the input": OneOfTwo,
    "weight read elsewhere": WeightReader,
    "scale read elsewhere": NormReader,
    "tied weights": Tied,
    "one normalisation under two names": TwoNames,
    "reached through a list": InAList,
    "attribute of the normalisation read": AttributeReader,
    "batch statistics in eval mode": without_statistics,
    "hook on the convolution": hooked,
    "weight normalisation": weight_normalised,
    "functional convolution": Functional,
    "standardised weights": other(Standardised(4, 4, 3), nn.BatchNorm2d(4)),
    "another module between": lambda: nn.Sequential(
        nn.Conv2d(4, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)
    ),
    "a normalisation that does more": other(nn.Conv2d(4, 4, 3), Doubled(4)),
    "a normalisation of plain operators": other(nn.Conv2d(4, 4, 3), Frozen()),
    "another normalisation": other(nn.Conv2d(4, 4, 3), nn.GroupNorm(2, 4)),
    "no convolution": other(nn.ReLU(), nn.BatchNorm2d(4)),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_cannot_be_folded_is_kept(name: str) -> None:
    found = same(settled(KEPT[name]()), example())
    assert found.pairs == ()


def test_batch_statistics_in_eval_mode_are_kept() -> None:
    model = settled(AlwaysTraining())
    found = fold(model, example())
    assert found.pairs == () and "norm" in found.kept


def test_both_modules_run_twice_are_folded() -> None:
    assert same(settled(Twice()), example()).pairs == (("conv", "norm"),)


def test_an_input_without_batch_is_not_mistaken_for_one() -> None:
    # 4 channels of length 4: the normalisation works along the other axis
    model = settled(nn.Sequential(nn.Conv1d(2, 4, 1), nn.BatchNorm1d(4)))
    assert same(model, example(2, 4)).pairs == ()


def test_a_wrong_folding_is_noticed_and_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(weight: Tensor, scale: Tensor, transposed: bool, groups: int) -> Tensor:
        return weight * scale.view(-1, 1, 1, 1)

    monkeypatch.setattr(folding, "_scaled", wrong)
    convolution = nn.ConvTranspose2d(4, 4, 4, 2, 1, bias=False)
    found = same(settled(nn.Sequential(convolution, nn.BatchNorm2d(4))), example())
    assert found.pairs == () and found.kept == ("1",)
    assert "folding changes an output by" in found.problem


def test_a_network_of_one_precision_is_folded_all_the_same() -> None:
    class Single(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.norm2(self.conv2(self.norm(self.conv(x)).to(torch.float32)))

    model = settled(Single())
    found = fold(model, example())
    assert len(found.pairs) == 2
    with torch.no_grad():
        assert torch.allclose(model(example()), found.model(example()), atol=1e-5)


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
            for (source, conv, norm), same in zip(self.order, self.same, strict=True):
                raw = self.convs[conv](values[source % len(values)])
                values.append(self.norms[conv if same else norm](raw))
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
