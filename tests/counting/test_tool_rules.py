"""Each rule against its tool, module by module, on inputs of two to five dimensions.

The figures of mmcv are those of `mmcv.cnn.utils.flops_counter` (2.1.0), those of ptflops of its
0.6.9, both run on these modules; where ptflops is installed it is run again. hrnet's follow the
script of that repository by hand: `prod(weight.shape) * prod(output.shape[2:])` of what has `Conv`
in the name of its class, `prod(output.shape) * input.shape[1]` of a linear layer. fvcore is run.
"""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from repro.counting import counter

Make = Callable[[], nn.Module]


class Called(nn.Module):
    """A function as a module, beside a kernel (6, 4, 3, 3)."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.kernel = nn.Parameter(torch.ones(6, 4, 3, 3))

    def forward(self, values: Tensor) -> Tensor:
        return self.function(values, self.kernel)


class Shared(nn.Module):
    """A convolution and a rectifier that are called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        return self.relu(self.conv(self.relu(self.conv(values))))


PICTURE, EVEN, ROW, TOKENS, VECTOR = (1, 4, 9, 7), (1, 4, 8, 6), (1, 4, 9), (1, 7, 5), (1, 5)
CASES: dict[str, tuple[Make, tuple[int, ...], int, int, int]] = {
    # module, input, mmcv, ptflops, hrnet
    "conv": (lambda: nn.Conv2d(4, 6, 3), PICTURE, 7770, 7770, 7560),
    "conv without bias": (lambda: nn.Conv2d(4, 6, 3, bias=False), PICTURE, 7560, 7560, 7560),
    "grouped, dilated, strided": (
        lambda: nn.Conv2d(4, 6, 3, groups=2, dilation=2, padding=2, stride=2),
        *(PICTURE, 2280, 2280, 2160),
    ),
    "depthwise": (lambda: nn.Conv2d(4, 4, 3, groups=4), PICTURE, 1400, 1400, 1260),
    "conv of a row": (lambda: nn.Conv1d(4, 6, 3), ROW, 546, 546, 504),
    "conv of a volume": (lambda: nn.Conv3d(4, 6, 3), (1, 4, 5, 9, 7), 68670, 68670, 68040),
    "transposed": (lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1), PICTURE, 25704, 98280, 96768),
    "transposed, grouped, without bias": (
        lambda: nn.ConvTranspose2d(4, 6, 4, 2, 1, groups=2, bias=False),
        *(PICTURE, 12096, 48384, 48384),
    ),
    "linear": (lambda: nn.Linear(5, 3), VECTOR, 15, 18, 15),
    "linear without bias": (lambda: nn.Linear(5, 3, bias=False), VECTOR, 15, 15, 15),
    "linear of tokens without bias": (
        lambda: nn.Linear(5, 3, bias=False),
        *(TOKENS, 105, 105, 147),
    ),
    "linear of windows without bias": (
        lambda: nn.Linear(5, 3, bias=False),
        *((1, 2, 7, 5), 210, 210, 84),
    ),
    "batch norm": (lambda: nn.BatchNorm2d(4), PICTURE, 504, 504, 0),
    "batch norm, not affine": (lambda: nn.BatchNorm2d(4, affine=False), PICTURE, 252, 252, 0),
    "batch norm of a row": (lambda: nn.BatchNorm1d(4), ROW, 72, 72, 0),
    "layer norm": (lambda: nn.LayerNorm(5), TOKENS, 70, 0, 0),
    "layer norm, not affine": (
        lambda: nn.LayerNorm(5, elementwise_affine=False),
        *(TOKENS, 35, 0, 0),
    ),
    "relu": (nn.ReLU, PICTURE, 252, 252, 0),
    "relu6": (nn.ReLU6, PICTURE, 252, 252, 0),
    "prelu": (lambda: nn.PReLU(4), PICTURE, 252, 252, 0),
    "gelu": (nn.GELU, PICTURE, 0, 252, 0),
    "silu": (nn.SiLU, PICTURE, 0, 0, 0),
    "hardswish": (nn.Hardswish, PICTURE, 0, 0, 0),
    "max pool": (lambda: nn.MaxPool2d(2), EVEN, 192, 192, 0),
    "average pool": (lambda: nn.AvgPool2d(2), EVEN, 192, 192, 0),
    "average pool of a row": (lambda: nn.AvgPool1d(2), (1, 4, 8), 32, 32, 0),
    "max pool of a volume": (lambda: nn.MaxPool3d(2), (1, 4, 4, 4, 4), 256, 256, 0),
    "adaptive": (lambda: nn.AdaptiveAvgPool2d(1), EVEN, 192, 192, 0),
    "adaptive to more": (lambda: nn.AdaptiveAvgPool2d((3, 2)), EVEN, 192, 192, 0),
    "adaptive maximum": (lambda: nn.AdaptiveMaxPool2d(1), EVEN, 192, 192, 0),
    "nearest": (lambda: nn.Upsample(scale_factor=2), EVEN, 768, 768, 0),
    "bilinear": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), EVEN, 768, 768, 0),
    "shared": (Shared, PICTURE, 19152, 19152, 18144),
    "functional conv": (lambda: Called(lambda x, w: F.conv2d(x, w)), PICTURE, 0, 0, 0),
    "functional relu": (lambda: Called(lambda x, w: F.relu(x)), PICTURE, 0, 0, 0),
    "interpolation": (
        lambda: Called(lambda x, w: F.interpolate(x, scale_factor=2.0)),
        *(EVEN, 0, 0, 0),
    ),
    "product": (lambda: Called(lambda x, w: x @ x.transpose(1, 2)), TOKENS, 0, 0, 0),
    "linear of tokens": (lambda: nn.Linear(5, 3), TOKENS, 105, 108, 147),  # one bias in all
    "linear of windows": (lambda: nn.Linear(5, 3), (1, 2, 7, 5), 210, 213, 84),
    "group norm": (lambda: nn.GroupNorm(2, 4), PICTURE, 504, 504, 0),
    "instance norm": (lambda: nn.InstanceNorm2d(4, affine=True), PICTURE, 504, 504, 0),
    "transposed row": (lambda: nn.ConvTranspose1d(4, 6, 4, 2), ROW, 0, 2040, 1920),
    "transposed volume": (lambda: nn.ConvTranspose3d(4, 6, 2, 2), (1, 4, 3, 4, 5), 0, 95040, 92160),
    "subclass": (lambda: type("Own", (nn.ReLU,), {})(), PICTURE, 0, 0, 0),
    "layer norm of a derived class": (
        lambda: type("Own", (nn.LayerNorm,), {})(5),
        *(TOKENS, 0, 0, 0),
    ),
    "batch norm over processes": (lambda: nn.SyncBatchNorm(4), PICTURE, 0, 0, 0),
    "bilinear by its own class": (
        lambda: nn.UpsamplingBilinear2d(scale_factor=2),
        *(EVEN, 0, 0, 0),
    ),
    "conv without a batch": (lambda: nn.Conv2d(4, 6, 3), (4, 9, 7), 1110, 1110, 1080),
}

PRODUCTS: dict[str, tuple[Make, tuple[int, ...]]] = {
    **{name: case[:2] for name, case in CASES.items() if name.startswith(("conv", "linear"))},
    **{
        name: case[:2]
        for name, case in CASES.items()
        if name in ("transposed", "transposed row", "transposed volume")
    },
    "matmul of matrices": (lambda: Called(lambda x, w: x @ x.T), (4, 5)),
    "matmul of heads": (lambda: Called(lambda x, w: x @ x.transpose(2, 3)), (1, 2, 4, 5)),
    "batched": (lambda: Called(lambda x, w: torch.bmm(x, x.transpose(1, 2))), (2, 4, 5)),
    "einsum": (lambda: Called(lambda x, w: torch.einsum("bic,bjc->bij", x, x)), (1, 4, 5)),
    "functional linear": (lambda: Called(lambda x, w: F.linear(x, w[:, :, 0, 0])), (1, 7, 4)),
    "product": (lambda: Called(lambda x, w: x @ x.transpose(1, 2)), TOKENS),
}
"""where fvcore counts nothing but products, so that it is the true number"""


def counted(module: nn.Module, shape: tuple[int, ...]) -> dict[str, int]:
    """What each rule counts in one call of a module."""
    costs = counter.Costs()

    def record(path: str, one: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        (values,) = inputs
        assert isinstance(values, Tensor) and isinstance(output, Tensor)
        for name in ("mmcv", "ptflops", "hrnet"):
            costs.add(name, path, *counter.RULES[name](counter.Call(one, values, output)))

    operators = counter._Operators()
    operators.costs, operators.unknown = costs, set()
    with counter._paths(module, record) as operators.path, operators, torch.no_grad():
        module.eval()(torch.zeros(shape))
    return {name: costs.total(name) for name in ("mmcv", "ptflops", "hrnet", "conv")}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_gives_what_its_tool_gives(case: str) -> None:
    make, shape, mmcv, ptflops, hrnet = CASES[case]
    found = counted(make(), shape)
    assert (found["mmcv"], found["ptflops"], found["hrnet"]) == (mmcv, ptflops, hrnet)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", PRODUCTS)
def test_true_products_are_those_of_fvcore(case: str) -> None:
    fvcore = pytest.importorskip("fvcore.nn")
    make, shape = PRODUCTS[case]
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    analysis = fvcore.FlopCountAnalysis(make().eval(), torch.zeros(shape))
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    assert counted(make(), shape)["conv"] == int(analysis.total())


def test_the_figures_are_those_of_ptflops() -> None:
    engine = pytest.importorskip("ptflops.pytorch_engine")
    for case, (make, shape, _, expected, _) in CASES.items():
        module = engine.add_flops_counting_methods(make()).eval()
        module.start_flops_count(ost=None, verbose=False, ignore_list=[])
        with torch.no_grad():
            module(torch.zeros(shape))
        assert (case, int(module.compute_average_flops_cost()[0])) == (case, expected)
