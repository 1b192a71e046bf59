"""Scales and shifts are folded where they are a layer's own, and nowhere else."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from repro.checkpoints.file_layers import (
    AFFINE,
    CONV,
    IMAGE,
    JOINED,
    OTHER,
    TRANSPOSED,
    FileLayers,
    Step,
    layers_of,
)
from repro.checkpoints.placing import placed
from repro.checkpoints.scaling import affine
from repro.errors import ReproError

Values = NDArray[np.float32]


def drawn(*shape: int, seed: int = 0) -> Values:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def conv(name: str, given: str, weight: Values) -> Step:
    return Step(CONV, name, (given,), (name,), weight, None)


def behind(constant: Values, channels: int, operator: str = "Add") -> FileLayers:
    """One convolution and arithmetic with a constant behind it, then a ReLU."""
    steps = [
        conv("a", "image", drawn(channels, 3, 1, 1)),
        affine(operator, ("b", ("a",), ("b",)), constant, first=True),
        Step("relu", "c", ("b",), ("c",)),
    ]
    return layers_of(steps, ["image"])


def test_a_number_for_each_channel_is_folded() -> None:
    values = drawn(4, 1, 1)
    found = behind(values, 4)
    assert found.folded == 1 and len(found.layers) == 1
    assert found.shifts[0] is not None and np.array_equal(found.shifts[0], values.reshape(-1))
    assert found.layers[0].activation == "relu"


@pytest.mark.parametrize("channels", [1, 4])
def test_one_number_is_arithmetic_of_the_network(channels: int) -> None:
    found = behind(np.array(3, np.float32), channels)
    assert (found.folded, found.shifts, found.layers[0].activation) == (0, (None,), "")


def test_one_number_with_the_axes_of_a_channel_may_be_either() -> None:
    assert behind(drawn(1, 1, 1, 1), 4).folded == 0
    with pytest.raises(ReproError, match=r"whether the number behind it \(`b`\) is its bias"):
        behind(drawn(1, 1, 1, 1), 1)


def test_what_others_take_too_is_not_folded() -> None:
    steps = [
        conv("a", "image", drawn(4, 3, 1, 1)),
        affine("Add", ("b", ("a",), ("b",)), drawn(4, 1, 1), first=True),
        Step(OTHER, "c", ("a", "b"), ("c",)),
    ]
    found = layers_of(steps, ["image"])
    assert found.folded == 0
    assert [(one.kind, one.sources) for one in found.layers] == [
        (CONV, frozenset({IMAGE})),
        (AFFINE, frozenset({0})),
    ]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_scale_behind_a_transposed_layer_is_that_of_its_outputs(groups: int) -> None:
    weight, scale, shift = drawn(4, 3, 2, 2), drawn(3 * groups, seed=1), drawn(3 * groups, seed=2)
    steps = [
        Step(TRANSPOSED, "a", ("image",), ("a",), weight, None, (2, 2), groups=groups),
        Step(AFFINE, "b", ("a",), ("b",), scale, shift),
    ]
    found = layers_of(steps, ["image"])
    image = torch.from_numpy(drawn(1, 4, 5, 5, seed=3))
    plain = F.conv_transpose2d(image, torch.from_numpy(weight), stride=2, groups=groups)
    wanted = plain * torch.from_numpy(scale)[:, None, None] + torch.from_numpy(shift)[:, None, None]
    assert found.shifts[0] is not None
    parts = (torch.from_numpy(one) for one in (found.weights[0], found.shifts[0]))
    folded = F.conv_transpose2d(image, *parts, stride=2, groups=groups)
    assert torch.allclose(folded, wanted, atol=1e-5)


def test_what_is_computed_twice_over_is_one_layer() -> None:
    weight, other = drawn(3, 3, 1, 1), drawn(3, 3, 1, 1, seed=1)
    steps = [
        *(conv(f"first {copy}", "image", weight) for copy in "ab"),
        *(conv(f"second {copy}", f"first {copy}", other) for copy in "ab"),
        Step(OTHER, "sum", ("second a", "second b"), ("sum",)),
    ]
    layers = layers_of(steps, ["image"]).layers
    assert [(one.name, one.sources) for one in layers] == [
        ("first a", frozenset({IMAGE})),
        ("second a", frozenset({0})),
    ]


def test_the_normalisation_of_the_image_is_kept_apart() -> None:
    mean = np.array([120, 110, 100], np.float32).reshape(1, 3, 1, 1)
    steps = [
        affine("Subtract", ("a", ("image",), ("a",)), mean, first=True),
        affine("Divide", ("b", ("a",), ("b",)), np.array(64, np.float32), first=True),
        conv("c", "b", drawn(4, 3, 1, 1)),
    ]
    found = layers_of(steps, ["image"])
    assert len(found.layers) == 1 and found.normalisation is not None
    assert np.allclose(found.normalisation, [[120, 110, 100], [64, 64, 64]])


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_what_is_joined_must_be_in_the_order_of_the_network(order: str) -> None:
    class Joining(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
            self.c = nn.Conv2d(8, 2, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            maps: torch.Tensor = self.c(torch.cat([self.a(x), self.b(x)], 1).relu())
            return maps

    steps = [
        conv("a", "image", drawn(4, 3, 1, 1)),
        conv("b", "image", drawn(4, 3, 3, 3)),
        Step(JOINED, "join", tuple(order), ("join",)),
        Step("relu", "relu", ("join",), ("relu",)),
        conv("c", "relu", drawn(2, 8, 1, 1)),
    ]
    found = layers_of(steps, ["image"])
    if order == "ab":
        assert placed(Joining(), found).layers == 3
    else:
        with pytest.raises(ReproError, match=r"joins what `c` .* takes in another order"):
            placed(Joining(), found)
