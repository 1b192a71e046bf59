"""Networks whose normalisations must stay, and some whose may go although it is not plain."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from repro.speed.backends.folding import fold
from support.folded_networks import example, same, settled

torch.set_num_threads(1)


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


def test_a_network_of_one_precision_is_folded_all_the_same() -> None:
    class Single(Net):
        def forward(self, x: Tensor) -> Tensor:
            return self.norm2(self.conv2(self.norm(self.conv(x)).to(torch.float32)))

    model = settled(Single())
    found = fold(model, example())
    assert len(found.pairs) == 2
    with torch.no_grad():
        assert torch.allclose(model(example()), found.model(example()), atol=1e-5)
