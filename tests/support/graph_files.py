"""A small network, and the files that ncnn, OpenVINO and ONNX would keep it in, norms folded."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HALF, SINGLE = 0x01306B47, 0
"""ncnn's marks of weights of 16 and of 32 bits"""


class Branched(nn.Module):
    """Heatmaps (N, 5, H/2, W/2): norms, a depthwise layer, two branches, a way up.

    With `twins` nothing but the order of a subtraction tells its branches from each other.
    """

    def __init__(self, follow: type[nn.Module] = nn.ELU, twins: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8))
        self.depthwise = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.point = nn.Conv2d(8, 7, 1)
        self.follow = follow()
        self.left = nn.Conv2d(7, 7, 3, 1, 1)
        self.right = nn.Conv2d(7, 7, 3, 1, 1) if twins else nn.Conv2d(7, 7, 1)
        self.down = nn.Conv2d(7, 4, 3, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(4, eps=1e-3)
        self.up = nn.ConvTranspose2d(4, 4, 4, 2, 1, groups=2, bias=False)
        self.up_norm = nn.BatchNorm2d(4)
        self.head = nn.Conv2d(4, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.follow(self.point(self.depthwise(self.stem(x).relu())))
        x = self.left(x) - self.right(x)
        x = self.norm(self.down(x)).relu()
        heatmaps: Tensor = self.head(self.up_norm(self.up(x)).relu())
        return heatmaps


def branched(seed: int = 0, follow: type[nn.Module] = nn.ELU, twins: bool = False) -> Branched:
    """The network in eval mode with drawn values."""
    torch.manual_seed(seed)
    model = Branched(follow, twins)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.running_mean, -1, 1),
                (module.running_var, 0.2, 3),
                (module.weight, 0.5, 2),
                (module.bias, -1, 1),
            ):
                assert tensor is not None
                nn.init.uniform_(tensor, low, high)
    return model.eval()


@dataclass
class Operator:
    """One operation of a file."""

    kind: str
    """conv, up or the name of an operator that both programs share"""
    name: str
    inputs: tuple[str, ...]
    output: str
    module: nn.Module | None = None
    norm: nn.BatchNorm2d | None = None

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights in PyTorch's order and biases, the norm multiplied in."""
        assert isinstance(self.module, nn.Conv2d | nn.ConvTranspose2d)
        weight = self.module.weight.detach().double()
        bias = torch.zeros(self.module.out_channels, dtype=torch.float64)
        if self.module.bias is not None:
            bias = self.module.bias.detach().double()
        if self.norm is not None:
            assert self.norm.running_var is not None and self.norm.running_mean is not None
            scale = self.norm.weight / (self.norm.running_var.double() + self.norm.eps).sqrt()
            if isinstance(self.module, nn.ConvTranspose2d):
                groups = self.module.groups
                outs = scale.reshape(groups, 1, -1, 1, 1)
                weight = (weight.reshape(groups, -1, *weight.shape[1:]) * outs).reshape(
                    weight.shape
                )
            else:
                weight = weight * scale[:, None, None, None]
            bias = (bias - self.norm.running_mean) * scale + self.norm.bias
        return weight.detach().float().numpy(), bias.detach().float().numpy()


def operators(model: Branched) -> list[Operator]:
    """What a file has of the network, in the order of computation."""
    stem, stem_norm = model.stem
    follow = "Elu" if isinstance(model.follow, nn.ELU) else "ReLU"
    rows: Sequence[tuple[str, str, tuple[str, ...], nn.Module | None, nn.Module | None]] = (
        ("conv", "Conv_0", ("image",), stem, stem_norm),
        ("ReLU", "relu_0", ("Conv_0",), None, None),
        ("conv", "Conv_1", ("relu_0",), model.depthwise, None),
        ("conv", "Conv_2", ("Conv_1",), model.point, None),
        (follow, "follow_0", ("Conv_2",), None, None),
        ("conv", "Conv_3", ("follow_0",), model.left, None),
        ("conv", "Conv_4", ("follow_0",), model.right, None),
        ("Subtract", "sub_0", ("Conv_3", "Conv_4"), None, None),
        ("conv", "Conv_5", ("sub_0",), model.down, model.norm),
        ("ReLU", "relu_1", ("Conv_5",), None, None),
        ("up", "Deconv_0", ("relu_1",), model.up, model.up_norm),
        ("ReLU", "relu_2", ("Deconv_0",), None, None),
        ("conv", "Conv_6", ("relu_2",), model.head, None),
    )
    return [
        Operator(kind, name, inputs, name, module, norm)  # type: ignore[arg-type]
        for kind, name, inputs, module, norm in rows
    ]


def write_ncnn(folder: Path, model: Branched, half: bool = False, name: str = "small") -> Path:
    """`name.param` and `name.bin`, with weights of 16 bits if asked for."""
    lines, values = ["Input image 0 1 image"], b""
    words = {"Elu": "ELU", "Subtract": "BinaryOp"}
    for one in operators(model):
        ends = f"{one.name} {len(one.inputs)} 1 {' '.join(one.inputs)} {one.output}"
        if one.module is None:
            extra = " 0=1" if one.kind == "Subtract" else ""
            lines.append(f"{words.get(one.kind, one.kind)} {ends}{extra}")
            continue
        layer = one.module
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        weight, bias = one.folded()
        if one.kind == "up":
            groups, outs = layer.groups, weight.shape[1]
            weight = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
            weight = weight.reshape(groups * outs, -1, *weight.shape[3:])
        word = ("Deconvolution" if one.kind == "up" else "Convolution") + (
            "DepthWise" if layer.groups > 1 else ""
        )
        numbers = {0: layer.out_channels, 1: layer.kernel_size[0], 3: layer.stride[0]}
        numbers |= {4: int(layer.padding[0]), 5: 1, 6: weight.size, 7: layer.groups}
        lines.append(f"{word} {ends} {' '.join(f'{key}={n}' for key, n in numbers.items())}")
        part = weight.astype("<f2" if half else "<f4").tobytes()
        values += struct.pack("<I", HALF if half else SINGLE) + part + b"\0" * (-len(part) % 4)
        values += bias.astype("<f4").tobytes()
    blobs = len({line.split()[1] for line in lines})
    path = folder / f"{name}.param"
    path.write_text("\n".join(["7767517", f"{len(lines)} {blobs}", *lines]) + "\n")
    path.with_suffix(".bin").write_bytes(values)
    return path


@dataclass
class Written:
    """The parts of an OpenVINO network while it is written."""

    layers: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    values: bytes = b""
    ports: dict[str, tuple[int, int]] = field(default_factory=dict)
    """value -> layer and port that give it"""

    def layer(
        self, kind: str, name: str, inputs: Sequence[str], shape: Sequence[int], data: str = ""
    ) -> None:
        """Add an operation that gives one value of its name."""
        number = len(self.layers)
        ins = "".join(f'<port id="{place}"/>' for place in range(len(inputs)))
        dims = "".join(f"<dim>{size}</dim>" for size in shape)
        self.layers.append(
            f'<layer id="{number}" name="{name}" type="{kind}" version="opset1">{data}'
            f"<input>{ins}</input>"
            f'<output><port id="{len(inputs)}">{dims}</port></output></layer>'
        )
        for place, given in enumerate(inputs):
            source, port = self.ports[given]
            self.edges.append(
                f'<edge from-layer="{source}" from-port="{port}" to-layer="{number}" '
                f'to-port="{place}"/>'
            )
        self.ports[name] = number, len(inputs)

    def constant(self, name: str, values: np.ndarray) -> str:
        """Add a constant, and give its name."""
        kind = {"float32": "f32", "float16": "f16", "uint8": "u8"}[str(values.dtype)]
        shape = ",".join(map(str, values.shape))
        data = (
            f'<data element_type="{kind}" shape="{shape}" offset="{len(self.values)}" '
            f'size="{values.nbytes}"/>'
        )
        self.values += values.tobytes()
        self.layer("Const", name, (), values.shape, data)
        return name

    def eighth(self, name: str, weight: np.ndarray) -> tuple[str, np.ndarray]:
        """Weights as whole numbers of 8 bits that the graph makes fractions of, and these."""
        most = np.abs(weight).reshape(len(weight), -1).max(1).reshape(-1, 1, 1, 1)
        most = most.astype(np.float16).astype(np.float32)
        levels = np.clip(np.round((weight + most) / (2 * most) * 254), 0, 254)
        whole = self.constant(f"{name}/u8", levels.astype(np.uint8))
        self.layer("Convert", f"{name}/f16", (whole,), weight.shape)
        ends = [
            self.constant(f"{name}/low", np.zeros(1, np.float16)),
            self.constant(f"{name}/high", np.full(1, 254, np.float16)),
            self.constant(f"{name}/from", (-most).astype(np.float16)),
            self.constant(f"{name}/to", most.astype(np.float16)),
        ]
        data = '<data levels="255"/>'
        self.layer("FakeQuantize", f"{name}/fq", (f"{name}/f16", *ends), weight.shape, data)
        return f"{name}/fq", (levels / 254 * (2 * most) - most).astype(np.float32)


def write_openvino(
    folder: Path, model: Branched, eighths: bool = False, normalised: bool = False
) -> tuple[Path, dict[str, np.ndarray]]:
    """`small.xml` and `small.bin`, and the weights of each convolution as they stand there.

    With `eighths` weights are of 8 bits and what layers give is rounded; with `normalised` the
    graph takes pixels and begins with (x - 128) / 256.
    """
    written, weights = Written(), {}
    parameter = '<data element_type="f32" shape="1,3,64,48"/>'
    written.layer("Parameter", "image", (), (1, 3, 64, 48), parameter)
    names = {"image": "image"}
    if normalised:
        scale = written.constant("s", np.full((1, 1, 1, 1), 1 / 256, np.float32))
        written.layer("Multiply", "scaled", ("image", scale), ())
        shift = written.constant("m", np.full((1, 3, 1, 1), -0.5, np.float32))
        written.layer("Add", "moved", ("scaled", shift), ())
        names["image"] = "moved"
    for one in operators(model):
        given = tuple(names[name] for name in one.inputs)
        if one.module is None:
            written.layer(one.kind, one.name, given, ())
            names[one.output] = one.name
            continue
        layer = one.module
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        weight, bias = one.folded()
        if eighths:
            fixed, weight = written.eighth(one.name, weight)
        else:
            fixed = written.constant(f"{one.name}/w", weight)
        weights[one.name] = weight
        kind = "ConvolutionBackpropData" if one.kind == "up" else "Convolution"
        if layer.groups > 1:
            shape = (layer.groups, weight.shape[0] // layer.groups, *weight.shape[1:])
            sides = written.constant(f"{one.name}/shape", np.array(shape).astype(np.float32))
            written.layer("Reshape", f"{one.name}/grouped", (fixed, sides), shape)
            kind, fixed = f"Group{kind}", f"{one.name}/grouped"
        pads = ",".join(map(str, layer.padding))
        strides = ",".join(map(str, layer.stride))
        data = f'<data strides="{strides}" dilations="1,1" pads_begin="{pads}" pads_end="{pads}"/>'
        written.layer(kind, f"{one.name}/plain", (*given, fixed), (), data)
        shift = written.constant(f"{one.name}/b", bias.reshape(1, -1, 1, 1))
        written.layer("Add", one.name, (f"{one.name}/plain", shift), ())
        names[one.output] = one.name
        if eighths:
            ends = [written.constant(f"{one.name}/{n}", np.ones(1, np.float32)) for n in range(4)]
            data = '<data levels="256"/>'
            written.layer("FakeQuantize", f"{one.name}/out", (one.name, *ends), (), data)
            names[one.output] = f"{one.name}/out"
    path = folder / "small.xml"
    path.write_text(
        '<?xml version="1.0"?><net name="small" version="11"><layers>'
        f"{''.join(written.layers)}</layers><edges>{''.join(written.edges)}</edges></net>"
    )
    path.with_suffix(".bin").write_bytes(written.values)
    return path, weights
