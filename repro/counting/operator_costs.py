"""What an operator of an ONNX file costs, by each convention that is defined on operators.

The rules are those of `repro.counting.counter`, which holds them against modules: the tools there
count classes of torch. In a file a module is its operator, a linear layer is a matrix product with
a constant, and a function cannot be told from a module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]
Attribute = int | float | str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """One operator with the shapes of what it takes and gives; None for what is left out."""

    name: str
    inputs: tuple[Shape | None, ...]
    output: Shape | None
    constant: tuple[bool, ...]
    """which inputs depend on no image"""
    attributes: Mapping[str, Attribute]
    added: bool = False
    """whether a constant is added to what it gives, as the bias of a linear layer"""

    def shape(self, place: int) -> Shape:
        """Of an input, which must be known."""
        shape = self.inputs[place]
        assert shape is not None
        return shape

    @property
    def result(self) -> Shape:
        """Of the output, which must be known."""
        assert self.output is not None
        return self.output

    @property
    def known(self) -> bool:
        """Whether the shapes that its cost depends on are there."""
        needed = [self.output]
        if self.name in PRODUCTS:
            needed += [self.inputs[place] for place in PRODUCTS[self.name].operands]
        elif self.inputs:
            needed.append(self.inputs[0])
        return all(shape is not None for shape in needed)

    def has_input(self, place: int) -> bool:
        """Whether an optional input is given."""
        return 0 <= place < len(self.inputs) and self.inputs[place] is not None


@dataclass(frozen=True, slots=True)
class Product:
    """An operator that multiplies and accumulates."""

    kind: str
    """conv, conv_transpose, linear, matmul or attention"""
    operands: tuple[int, ...]
    """places of the image or left factor, and of the weight or right factor"""
    bias: int | None = None
    """place of the bias"""


PRODUCTS: Mapping[str, Product] = {
    "Conv": Product("conv", (0, 1), 2),
    "FusedConv": Product("conv", (0, 1), 2),
    "ConvInteger": Product("conv", (0, 1)),
    "QLinearConv": Product("conv", (0, 3), 8),
    "DeformConv": Product("deform_conv", (0, 1), 3),
    "ConvTranspose": Product("conv_transpose", (0, 1), 2),
    "Gemm": Product("matmul", (0, 1), 2),
    "FusedGemm": Product("matmul", (0, 1), 2),
    "MatMul": Product("matmul", (0, 1)),
    "FusedMatMul": Product("matmul", (0, 1)),
    "MatMulInteger": Product("matmul", (0, 1)),
    "QLinearMatMul": Product("matmul", (0, 3)),
    "Einsum": Product("einsum", (0, 1)),
    "Attention": Product("attention", (0, 1, 2)),
}
"""operator -> how it multiplies and accumulates"""
QUANTISED = {"ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul"}
NORMALISATIONS = {
    "BatchNormalization": ("batch_norm", 2),
    "LayerNormalization": ("layer_norm", 5),
    "GroupNormalization": ("group_norm", 5),
    "InstanceNormalization": ("instance_norm", 5),
}
"""operator -> its name in torch, and what fvcore counts for each element"""
RECTIFIERS = {"Relu", "PRelu", "Elu", "LeakyRelu"}
WINDOWS = {"AveragePool", "MaxPool"}
GLOBAL_POOLS = {"GlobalAveragePool", "GlobalMaxPool"}
RESIZES = {"Resize", "Upsample"}
FVCORE_RESIZES = {"nearest": ("upsample_nearest2d", 1), "linear": ("upsample_bilinear2d", 4)}
"""mode -> its name in torch, and what fvcore counts for each element"""

_FREE = """
Abs Acos Add And ArgMax ArgMin Asin Atan AveragePool BatchNormalization BitShift Cast CastLike Ceil
Celu CenterCropPad Clip Concat Constant ConstantOfShape Cos CumSum DepthToSpace DequantizeLinear
Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Expand EyeLike Flatten Floor Gather
GatherElements GatherND Gelu GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual
GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN
LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization Max MaxPool Mean Min
Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow QuantizeLinear Range Reciprocal ReduceL1
ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin
Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh
ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor
"""
FREE = frozenset(_FREE.split())
"""operators that move, compare, add, scale or squash, none of them a multiply-accumulate"""

COSTING = {*NORMALISATIONS, *RECTIFIERS, *WINDOWS, *GLOBAL_POOLS, *RESIZES, "Clip", "Gelu"}
"""free ones that some tool counts by their elements"""

UNDEFINED = {
    "torchstat": "it counts a module once however often it is called, and a file has no modules"
}
"""convention -> why it is not defined on operators"""

Rule = Callable[[Use], tuple[str, int]]
"""operator name and multiply-accumulates of a use; ("", 0) for what the rule does not count"""


def conv(use: Use) -> tuple[str, int]:
    """True multiply-accumulates."""
    product = PRODUCTS.get(use.name)
    if product is None:
        return "", 0
    if product.kind in ("matmul", "einsum", "attention"):
        return "matmul", _products(use, product)
    on = use.shape(0) if product.kind == "conv_transpose" else use.result
    return "conv", on[0] * prod(use.shape(product.operands[1])) * prod(on[2:])


def fvcore(use: Use) -> tuple[str, int]:
    """fvcore FlopCountAnalysis, by the operators that torch traces."""
    if use.name in PRODUCTS:
        kind, macs = conv(use)
        return ("", 0) if PRODUCTS[use.name].kind in ("deform_conv", "attention") else (kind, macs)
    if use.name in NORMALISATIONS:
        name, each = NORMALISATIONS[use.name]
        return name, each * prod(use.shape(0))
    if use.name == "GlobalAveragePool":
        return "adaptive_avg_pool2d", prod(use.shape(0))
    if use.name in RESIZES and len(use.result) == 4:
        mode = str(use.attributes.get("mode", "nearest"))
        name, each = FVCORE_RESIZES.get(mode, ("", 0))
        return name, each * prod(use.result)
    return "", 0


def hrnet(use: Use) -> tuple[str, int]:
    """get_model_summary of the HRNet family: everything on the output grid, no bias."""
    product = PRODUCTS.get(use.name)
    if product is None or product.kind == "deform_conv":
        return "", 0
    if product.kind in ("conv", "conv_transpose"):
        kernel = use.shape(product.operands[1])
        return product.kind, use.result[0] * prod(kernel) * prod(use.result[2:])
    if is_linear(use):  # by dimension 1 of the input, as that script does
        return "linear", prod(use.result) * use.shape(0)[1]
    return "", 0


def mmcv(use: Use) -> tuple[str, int]:
    """mmcv get_model_complexity_info."""
    product, result = PRODUCTS.get(use.name), use.output or ()
    if product is not None and product.kind in ("conv", "conv_transpose"):
        return product.kind, conv(use)[1] + (prod(result) if _has_bias(use, product) else 0)
    if is_linear(use):
        return "linear", _products(use, PRODUCTS[use.name])
    if use.name in NORMALISATIONS:
        return NORMALISATIONS[use.name][0], 2 * prod(use.shape(0))
    if use.name in RECTIFIERS or _is_relu6(use):
        return "activation", prod(result)
    if use.name in WINDOWS or use.name in GLOBAL_POOLS:
        return "pool", prod(use.shape(0))
    if use.name in RESIZES:
        return "upsample", prod(result)
    return "", 0


def ptflops(use: Use) -> tuple[str, int]:
    """ptflops up to 0.6.9."""
    product, result = PRODUCTS.get(use.name), use.output or ()
    if product is not None and product.kind in ("conv", "conv_transpose"):
        return product.kind, hrnet(use)[1] + (prod(result) if _has_bias(use, product) else 0)
    if is_linear(use):  # that tool adds the bias once, however many tokens there are
        biased = use.added or _has_bias(use, PRODUCTS[use.name])
        return "linear", _products(use, PRODUCTS[use.name]) + (result[-1] if biased else 0)
    if use.name == "Gelu":
        return "activation", prod(result)
    return ("", 0) if use.name == "LayerNormalization" else mmcv(use)


RULES: Mapping[str, Rule] = {
    "fvcore": fvcore,
    "mmcv": mmcv,
    "hrnet": hrnet,
    "conv": conv,
    "ptflops": ptflops,
}
"""convention -> its rule, of those that are defined on operators"""
OF_MODULES = ("mmcv", "hrnet", "ptflops")
"""those that count classes of modules, and miss in a network what is called as a function"""


def is_linear(use: Use) -> bool:
    """Whether it is a product with a constant, as a linear layer gives."""
    product = PRODUCTS.get(use.name)
    if product is None or product.kind != "matmul":
        return False
    return use.constant[product.operands[1]] or use.constant[product.operands[0]]


def _has_bias(use: Use, product: Product) -> bool:
    return product.bias is not None and use.has_input(product.bias)


def _is_relu6(use: Use) -> bool:
    return use.name == "Clip" and use.attributes.get("max") == 6.0


def _products(use: Use, product: Product) -> int:
    if product.kind == "einsum":
        return _einsum(use)
    if product.kind == "attention":  # queries with keys, and weights with values
        keys = use.shape(1)[-2]
        return keys * (prod(use.shape(0)) + prod(use.result))
    left = use.shape(product.operands[0])
    inner = left[0] if use.attributes.get("transA") == 1 else left[-1]
    return prod(use.result) * inner


def _einsum(use: Use) -> int:
    """The product of all sides that its letters stand for; one factor alone multiplies nothing."""
    letters = str(use.attributes.get("equation", "")).replace(" ", "").partition("->")[0].split(",")
    sides: dict[str, int] = {}
    for word, shape in zip(letters, use.inputs, strict=True):
        sides |= dict(zip(word, shape or (), strict=True))
    return prod(sides.values()) if len(letters) > 1 else 0
