"""Transposed convolutions split into plain ones: the same outputs, whatever comes behind."""

import copy
import io
from collections.abc import Callable

import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from repro.speed.backends import base, equivalence, phases
from support.folded_networks import example, outputs

torch.set_num_threads(1)

SPLIT: dict[str, Callable[[], nn.ConvTranspose2d]] = {
    "as in SimpleBaseline": lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1, bias=False),
    "depthwise": lambda: nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=4),
    "grouped": lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1, groups=2),
    "no overlap": lambda: nn.ConvTranspose2d(4, 5, 2, 2),
    "odd kernel": lambda: nn.ConvTranspose2d(4, 5, 3, 2, 1, output_padding=1),
    "large kernel": lambda: nn.ConvTranspose2d(4, 4, 6, 2, 2, groups=4),
    "stride 3": lambda: nn.ConvTranspose2d(4, 5, 5, 3, 1),
    "stride 4": lambda: nn.ConvTranspose2d(4, 5, 8, 4, 2),
    "other rows than columns": lambda: nn.ConvTranspose2d(4, 4, (4, 2), 2, (1, 0), groups=4),
}


class Other(nn.ConvTranspose2d):
    """It may compute anything."""


def hooked() -> nn.Module:
    module = nn.ConvTranspose2d(4, 4, 4, 2, 1)
    module.register_forward_hook(lambda module, taken, given: given * 2)
    return module


WHOLE: dict[str, Callable[[], nn.Module]] = {
    "stride 1": lambda: nn.ConvTranspose2d(4, 4, 3, 1, 1),
    "a pixel short of the double": lambda: nn.ConvTranspose2d(4, 4, 3, 2, 1),
    "two pixels more": lambda: nn.ConvTranspose2d(4, 4, 4, 2),
    "two strides": lambda: nn.ConvTranspose2d(4, 4, (4, 3), (2, 1), 1),
    "spread": lambda: nn.ConvTranspose2d(4, 4, 2, 2, 1, output_padding=1, dilation=2),
    "an input cut": lambda: nn.ConvTranspose2d(4, 4, 4, 4, 1, output_padding=2),
    "of another class": lambda: Other(4, 4, 4, 2, 1),
    "hooked": hooked,
    "one-dimensional": lambda: nn.Sequential(nn.Flatten(2), nn.ConvTranspose1d(4, 4, 4, 2, 1)),
}


class Up(nn.Module):
    """A transposed convolution and what can stand behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=2)
        self.wide, self.narrow = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.strided, self.padded = nn.Conv2d(4, 4, 1, 2), nn.Conv2d(4, 4, 1, padding=1)
        self.one, self.pool = nn.Conv2d(4, 1, 1), nn.AdaptiveAvgPool2d(1)
        self.norm, self.relu = nn.BatchNorm2d(4), nn.ReLU(inplace=True)


BEHIND: dict[str, Callable[[Up, Tensor, Tensor], object]] = {
    "the end": lambda net, x, y: x,
    "activations": lambda net, x, y: functional.hardswish(torch.sigmoid(functional.silu(x))),
    "a change in place, read by another": lambda net, x, y: net.relu(x) + x,
    "a change in place after a reader": lambda net, x, y: [net.wide(x), net.relu(x), net.wide(x)],
    "a narrow convolution": lambda net, x, y: net.narrow(net.relu(net.narrow(x))),
    "a wide convolution": lambda net, x, y: net.wide(net.narrow(x)),
    "a narrow convolution with a stride": lambda net, x, y: net.strided(x),
    "a narrow convolution with padding": lambda net, x, y: net.padded(x),
    "a normalisation": lambda net, x, y: net.norm(x),
    "a gate of channels": lambda net, x, y: x * torch.sigmoid(net.pool(x)),
    "a gate of positions": lambda net, x, y: x + x * functional.avg_pool2d(net.one(x), 3, 1, 1),
    "another resolution": lambda net, x, y: [net.up(x), net.up(net.relu(x)), net.pool(net.up(x))],
    "two of them": lambda net, x, y: net.up(y) + net.up(y.flip(2)),
    "a shortcut": lambda net, x, y: x + functional.interpolate(y, scale_factor=2),
    "numbers": lambda net, x, y: (2 * x + 1) * torch.tensor(0.5),
    "as a list": lambda net, x, y: torch.cat([x, functional.interpolate(y, scale_factor=2)], 1),
    "methods": lambda net, x, y: x.flatten(2).mean(2).view(x.shape[:2]) + x.size(3),
    "parts": lambda net, x, y: [x[:, :2], (x, {"half": x[..., ::2]})],
    "by name": lambda net, x, y: functional.avg_pool2d(input=x, kernel_size=2),
    "pooled to more": lambda net, x, y: functional.adaptive_avg_pool2d(x, (2, 1)),
}


class Behind(Up):
    def __init__(self, forward: Callable[[Up, Tensor, Tensor], object]) -> None:
        super().__init__()
        self.behind = forward

    def forward(self, y: Tensor) -> object:
        return self.behind(self, self.up(y), y)


def same(model: nn.Module, images: Tensor) -> phases.Split:
    """Split, and require what must hold for every network."""
    model.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = phases.split(model, images)
    assert found.problem == ""
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    with torch.no_grad():
        pairs = zip(
            torch.utils._pytree.tree_leaves(copy.deepcopy(model).double()(images.double())),
            torch.utils._pytree.tree_leaves(copy.deepcopy(found.model).double()(images.double())),
            strict=True,
        )
    for old, new in pairs:
        assert type(new) is Tensor and new.shape == old.shape
        assert (old - new).abs().max() <= 1e-12 * old.abs().max()
    return found


@pytest.mark.parametrize("name", SPLIT)
def test_every_kind_of_enlarging_convolution_is_split(name: str) -> None:
    torch.manual_seed(0)
    found = same(nn.Sequential(nn.ReLU(), SPLIT[name](), nn.ReLU()), example())
    assert found.names == ("1",)
    assert not any(isinstance(module, nn.ConvTranspose2d) for module in found.model.modules())


@pytest.mark.parametrize("name", WHOLE)
def test_what_cannot_be_split_stays(name: str) -> None:
    model = nn.Sequential(nn.ReLU(), WHOLE[name]()).eval()
    found = phases.split(model, example())
    assert found == phases.Split(model, ())


@pytest.mark.parametrize("name", BEHIND)
def test_whatever_comes_behind_computes_the_same(name: str) -> None:
    torch.manual_seed(0)
    assert same(Behind(BEHIND[name]), example()).names == ("up",)


@pytest.mark.parametrize(
    "behind, problem",
    {
        lambda net, x, y: x - 1: "unsupported operand",
        lambda net, x, y: x if isinstance(x, Tensor) else y: "an output is",
        lambda net, x, y: [x.mul_(-1), net.narrow(x)]: "an output changes",
        lambda net, x, y: x * net.up.weight.sum(): "no attribute 'weight'",
    }.items(),
)
def test_a_network_that_would_notice_is_left_alone(
    behind: Callable[[Up, Tensor, Tensor], object], problem: str
) -> None:
    torch.manual_seed(0)
    model = Behind(behind).eval()
    found = phases.split(model, example())
    assert found.model is model and found.names == () and problem in found.problem


class Head(nn.Sequential):
    """Two upsamplings, each with an activation and a narrow convolution, and the heatmaps."""

    def __init__(self) -> None:
        def unit() -> tuple[nn.Module, ...]:
            up = nn.ConvTranspose2d(16, 16, 4, 2, 1, groups=16)
            return up, nn.ReLU(), nn.Conv2d(16, 16, 1), nn.ReLU()

        super().__init__(nn.Conv2d(3, 16, 1), *unit(), *unit(), nn.Conv2d(16, 5, 1))


def test_heatmaps_are_interleaved_at_the_very_end() -> None:
    found = phases.split(Head().eval(), equivalence.picture((1, 3, 12, 8)))
    file = io.BytesIO()
    with torch.no_grad(), base.silence():
        torch.onnx.export(
            found.model, (equivalence.picture((1, 3, 12, 8)),), file, dynamo=False, opset_version=17
        )
    nodes = onnx.load_from_string(file.getvalue()).graph.node
    kinds = [node.op_type for node in nodes if node.op_type not in ("Constant", "Identity")]
    assert set(kinds) == {"Conv", "Relu", "Concat", "DepthToSpace"}
    assert kinds.count("DepthToSpace") == 2 and kinds[-1] == "DepthToSpace"
    assert kinds.count("Conv") == 1 + 2 * (4 + 4) + 4


def test_a_split_network_can_be_exported_and_compiled_whole() -> None:
    images = equivalence.picture((1, 3, 12, 8))
    model = phases.split(Head().eval(), images).model
    (usual,) = outputs(model, images)
    with torch.no_grad():
        program = torch.export.export(model, (images,), strict=False)
        compiled = torch.compile(model, fullgraph=True, dynamic=False, backend="eager")
        for found in (program.module()(images), compiled(images)):
            assert (found - usual).abs().max() <= 1e-5 * usual.abs().max()
