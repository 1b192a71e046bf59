"""Parameters and multiply-accumulates of a model, by every named convention.

All conventions but fvcore's come from one pass over the model on the meta device: no weights, no
arithmetic. fvcore traces a real model, whose weights are zeros. The rules were read off the tools
themselves and are exact; batch size is 1 throughout.
"""

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules import activation, batchnorm, conv, instancenorm, pooling
from torch.nn.modules.utils import _pair
from torch.utils._python_dispatch import TorchDispatchMode

import zoo
from repro.records.measurement import Measurement, Part

if TYPE_CHECKING:
    from repro.records.runs import CountRun

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
CONVOLUTION = conv._ConvNd
NORMALISATION = batchnorm._BatchNorm
GROUPED_NORMALISATION = (nn.GroupNorm, instancenorm._InstanceNorm)
ADAPTIVE = (pooling._AdaptiveAvgPoolNd, pooling._AdaptiveMaxPoolNd)
WINDOWED = (pooling._AvgPoolNd, pooling._MaxPoolNd)
RECTIFIER = (nn.ReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.LeakyReLU)
UNLISTED = (nn.SyncBatchNorm, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d)
"""classes of PyTorch that derive from those which tools count, and that the tools do not list"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one module."""

    module: nn.Module
    input: Tensor
    output: Tensor


Rule = Callable[[Call], tuple[str, int]]
"""operator name and multiply-accumulates of a call; ("", 0) for what the rule does not count"""


def mmcv(call: Call) -> tuple[str, int]:
    """mmcv get_model_complexity_info."""
    if isinstance(call.module, (nn.ConvTranspose1d, nn.ConvTranspose3d)):
        return "", 0
    return _listed(call)


def _listed(call: Call) -> tuple[str, int]:
    """What mmcv and ptflops have in common: PyTorch's own classes count, none derived from them."""
    module, size = call.module, call.input
    if not type(module).__module__.startswith("torch.nn.") or isinstance(module, UNLISTED):
        return "", 0
    if isinstance(module, GROUPED_NORMALISATION):
        return "group_norm", (2 if module.affine else 1) * size.numel()
    return _layer(call)


def _layer(call: Call) -> tuple[str, int]:
    module, size, result = call.module, call.input, call.output
    if isinstance(module, TRANSPOSED):
        return "conv_transpose", module.weight.numel() * area(size) + bias(module, result)
    if isinstance(module, CONVOLUTION):
        return "conv", module.weight.numel() * area(result) + bias(module, result)
    if isinstance(module, NORMALISATION):
        return "batch_norm", (2 if module.affine else 1) * size.numel()
    if isinstance(module, nn.LayerNorm):
        return "layer_norm", (2 if module.elementwise_affine else 1) * size.numel()
    if isinstance(module, nn.Linear):
        return "linear", result.numel() * module.in_features
    if isinstance(module, RECTIFIER):
        return "activation", result.numel()
    if isinstance(module, (*WINDOWED, *ADAPTIVE)):
        return "pool", size.numel()
    if isinstance(module, nn.Upsample):
        return "upsample", result.numel()
    return "", 0


def torchstat(call: Call) -> tuple[str, int]:
    """torchstat as shipped with Lite-HRNet; the caller keeps a module's last call only."""
    module, size, result = call.module, call.input, call.output
    if isinstance(module, ADAPTIVE):
        return "pool", size.shape[1] * prod(
            sum(side // cells + 1 for _ in range(cells))
            for side, cells in zip(size.shape[2:], result.shape[2:], strict=True)
        )
    if isinstance(module, WINDOWED):
        height, width = _pair(module.kernel_size)
        return "pool", height * width * result.numel()
    if isinstance(module, nn.Upsample):
        return "upsample", area(result)
    if isinstance(module, nn.LayerNorm):
        return "", 0
    weight = getattr(module, "weight", None)
    if isinstance(weight, Tensor) and weight.dim() == 5 and size.dim() == 4:
        # a bank of kernels (Dite-HRNet), aggregated to one for each image
        return "conv", weight[0].numel() * area(result)
    return _layer(call)


def hrnet(call: Call) -> tuple[str, int]:
    """get_model_summary of the HRNet family: everything on the output grid, no bias."""
    module, result = call.module, call.output
    weight = getattr(module, "weight", None)
    if "Conv" in type(module).__name__ and isinstance(weight, Tensor):
        name = "conv_transpose" if isinstance(module, TRANSPOSED) else "conv"
        return name, weight.numel() * area(result)
    if isinstance(module, nn.Linear):
        # The script multiplies by dimension 1 of the input, which is the channels only for
        # (batch, channels); for (batch, tokens, channels) it is the number of tokens.
        return "linear", result.numel() * call.input.shape[1]
    return "", 0


def ptflops(call: Call) -> tuple[str, int]:
    """ptflops up to 0.6.9."""
    module, result = call.module, call.output
    name, macs = _listed(call)
    if name and isinstance(module, TRANSPOSED):
        return name, module.weight.numel() * area(result) + bias(module, result)
    if name and isinstance(module, nn.Linear):  # one bias, however many tokens
        return name, macs + (0 if module.bias is None else module.out_features)
    if name == "layer_norm":
        return "", 0
    if type(module) is activation.GELU:
        return "activation", result.numel()
    return name, macs


RULES: dict[str, Rule] = {"mmcv": mmcv, "hrnet": hrnet, "torchstat": torchstat, "ptflops": ptflops}
LAST_CALL_ONLY = {"torchstat"}


def area(tensor: Tensor) -> int:
    """Height x width of (N, C, H, W)."""
    return prod(tensor.shape[2:])


def bias(module: conv._ConvNd, result: Tensor) -> int:
    """One addition for each output element of a convolution with a bias."""
    return 0 if module.bias is None else module.out_channels * area(result)


@dataclass
class Costs:
    """Multiply-accumulates by convention, then by module path or by operator."""

    modules: dict[str, Counter[str]] = field(default_factory=dict)
    operators: dict[str, Counter[str]] = field(default_factory=dict)
    undefined: dict[str, set[str]] = field(default_factory=dict)
    """convention -> classes of modules that were called on what its rule says nothing of"""

    def add(self, convention: str, path: str, operator: str, macs: int) -> None:
        """Add to a module and to an operator."""
        self.modules.setdefault(convention, Counter())[path] += macs
        self.operators.setdefault(convention, Counter())[operator] += macs

    def total(self, convention: str) -> int:
        """All multiply-accumulates under a convention."""
        return self.modules[convention].total() if convention in self.modules else 0


@dataclass(frozen=True)
class Count:
    """The parameters and the costs of a model at one input size."""

    params: int
    macs: Mapping[str, int]
    operators: Mapping[str, Mapping[str, int]]
    modules: Mapping[str, Part]
    """module path -> its own cost and that of everything below it; the empty path is the model"""
    uncounted: Mapping[str, tuple[str, ...]]
    """convention -> operators that it has no rule for and that may cost"""


def run(spec: "CountRun", conventions: tuple[str, ...] | None = None) -> Count:
    """Count one model under the named conventions, all of them by default."""
    import_module(zoo.MODELS[spec.model].module)  # torch 2.6 cannot import under a meta device
    with torch.device("meta"):
        model = zoo.create_model(spec.model, spec.keypoints, **spec.options).eval()
    costs, unknown = observe(model, spec.input)
    uncounted = {"conv": unknown, **costs.undefined}
    if conventions is None or "fvcore" in conventions:
        uncounted["fvcore"] = add_fvcore(model, spec.input, costs)
    names = [name for name in ("fvcore", *RULES, "conv") if not conventions or name in conventions]
    modules = dict(_parts(model, costs, names))
    return Count(
        params=modules[""].params,
        macs={name: costs.total(name) for name in names},
        operators={name: dict(sorted(costs.operators[name].items())) for name in names},
        modules=modules,
        uncounted={name: tuple(sorted(uncounted[name])) for name in names if uncounted.get(name)},
    )


def measurements(count: Count) -> tuple[Measurement, ...]:
    """What a count says, as a record keeps it."""
    return (
        Measurement("params", count.params, "parameters"),
        *(Measurement("macs", macs, "MACs", name) for name, macs in count.macs.items()),
    )


def observe(model: nn.Module, size: tuple[int, int]) -> tuple[Costs, set[str]]:
    """The costs of one forward pass of a model on the meta device, and the unknown operators."""
    costs, last = Costs(), dict[tuple[str, str], tuple[str, int]]()

    def record(path: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        if not (inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor)):
            return
        for convention, rule in RULES.items():
            try:
                operator, macs = rule(Call(module, inputs[0], output))
            except (IndexError, ValueError):  # the tool itself fails there, too
                costs.undefined.setdefault(convention, set()).add(type(module).__name__)
                continue
            if macs and convention in LAST_CALL_ONLY:
                last[convention, path] = operator, macs
            elif macs:
                costs.add(convention, path, operator, macs)

    operators = _Operators()
    operators.costs, operators.unknown = costs, set()
    with _paths(model, record) as operators.path, operators, torch.no_grad():
        model(torch.zeros(1, 3, *size, device="meta"))
    for (convention, module_path), (operator, macs) in last.items():
        costs.add(convention, module_path, operator, macs)
    return costs, operators.unknown


@contextmanager
def _paths(
    model: nn.Module, record: Callable[[str, nn.Module, tuple[object, ...], object], None]
) -> Iterator[list[str]]:
    """The stack of paths of the modules that are running; `record` hears of each finished call."""
    stack: list[str] = []

    def enter(path: str, module: nn.Module, inputs: tuple[object, ...]) -> None:
        stack.append(path)

    def leave(path: str, module: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        record(path, module, inputs, output)
        stack.pop()

    handles = []
    for path, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(partial(enter, path)))
        handles.append(module.register_forward_hook(partial(leave, path)))
    try:
        yield stack
    finally:
        for handle in handles:
            handle.remove()


def _convolution(arguments: tuple[Tensor, ...], result: Tensor) -> int:
    image, weight, transposed = arguments[0], arguments[1], arguments[6]
    return weight.numel() * area(image if transposed else result)


def _deformable(arguments: tuple[Tensor, ...], result: Tensor) -> int:
    return arguments[1].numel() * area(result)


def _product(arguments: tuple[Tensor, ...], result: Tensor) -> int:
    return result.numel() * arguments[-2].shape[-1]


COUNTED: dict[str, tuple[str, Callable[[tuple[Tensor, ...], Tensor], int]]] = {
    "convolution": ("conv", _convolution),
    "mm": ("matmul", _product),
    "bmm": ("matmul", _product),
    "addmm": ("matmul", _product),
    "baddbmm": ("matmul", _product),
    "deform_conv2d": ("conv", _deformable),
}
"""aten operators that multiply and accumulate"""

_FREE = """
_adaptive_avg_pool2d _softmax _to_copy _unsafe_view abs adaptive_avg_pool2d
adaptive_max_pool2d add add_ alias amax arange as_strided avg_pool2d batch_norm cat
channel_shuffle chunk clamp clamp_min clone constant_pad_nd copy_ detach div div_ dropout
elu elu_ empty empty_like erf exp expand flatten gelu hardsigmoid hardsigmoid_ hardswish
hardswish_ hardtanh hardtanh_ layer_norm leaky_relu mT max max_pool2d
max_pool2d_with_indices maximum mean minimum movedim mul mul_ native_batch_norm
native_channel_shuffle native_layer_norm neg numpy_T ones ones_like pad permute
pixel_shuffle pow prelu relu relu6 relu_ repeat reshape roll rsqrt rsub select sigmoid
sigmoid_ silu slice softmax split split_with_sizes sqrt square squeeze stack sub sum t tanh
to transpose unbind unfold unsqueeze upsample_bilinear2d upsample_nearest2d var_mean view
where zeros zeros_like
"""
FREE = frozenset(_FREE.split())
"""aten operators that move, compare, add, scale or squash, none of them a multiply-accumulate"""


class _Operators(TorchDispatchMode):
    """Count the multiply-accumulates of every aten operator that runs: the `conv` convention."""

    costs: Costs
    path: list[str]
    unknown: set[str]

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: object,
        args: tuple[Tensor, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in COUNTED:
            operator, macs = COUNTED[name]
            self.costs.add("conv", self.path[-1] if self.path else "", operator, macs(args, result))
        elif name not in FREE:
            self.unknown.add(func.overloadpacket._qualified_op_name)
        return result


def add_fvcore(model: nn.Module, size: tuple[int, int], costs: Costs) -> set[str]:
    """Add fvcore's default count; return the operators it has no rule for and that do cost."""
    with warnings.catch_warnings():
        # fvcore and torch.jit announce deprecations of their own on import and on tracing.
        warnings.simplefilter("ignore")
        from fvcore.nn import FlopCountAnalysis

        logging.getLogger("fvcore").setLevel(logging.ERROR)
        model.to_empty(device="cpu")
        with torch.no_grad(), _one_thread():
            for tensor in (*model.parameters(), *model.buffers()):
                tensor.zero_()
            analysis = FlopCountAnalysis(model, torch.zeros(1, 3, *size))
            analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
            below = analysis.by_module()
            unsupported = analysis.unsupported_ops()
    for path, total in below.items():
        children = (child for child in below if child and child.rpartition(".")[0] == path)
        own = int(total) - sum(int(below[child]) for child in children if child != path)
        if own:
            costs.modules.setdefault("fvcore", Counter())[path] += own
    operators = {name: int(macs) for name, macs in analysis.by_operator().items() if macs}
    costs.operators["fvcore"] = Counter(operators)
    return {name for name in unsupported if name.partition("::")[2] not in FREE}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads gain little at batch 1, and lose a factor of ten beside a busy program."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _parts(model: nn.Module, costs: Costs, names: list[str]) -> Iterator[tuple[str, Part]]:
    """Each module's path and cost, everything below it included."""
    below = {name: Counter[str]() for name in names}
    for name in names:
        for owner, macs in costs.modules.get(name, {}).items():
            steps = owner.split(".") if owner else []
            for length in range(len(steps) + 1):
                below[name][".".join(steps[:length])] += macs
    for path, module in model.named_modules():
        params = sum(parameter.numel() for parameter in module.parameters())
        macs_here = {name: below[name][path] for name in names}
        yield path, Part(path, type(module).__name__, params, macs_here)


def outline(count: Count) -> list[Part]:
    """Modules that together are the model: its children, or theirs where it has fewer than three.

    Parts without parameters and costs are left out.
    """
    paths = [path for path in count.modules if path.count(".") == 0 and path]
    if len(paths) < 3:
        paths = [path for path in count.modules if path.count(".") == 1]
        whole = {path.partition(".")[0] for path in paths}
        paths += [path for path in count.modules if path and "." not in path and path not in whole]
    parts = (count.modules[path] for path in paths)
    return [part for part in parts if part.params or any(part.macs.values())]
