"""ONNX files fill a network by their names, or by their graph where norms were folded."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from repro.checkpoints import matching, reading
from repro.errors import ReproError
from support.graph_files import branched, operators

IMAGES = torch.randn(1, 3, 64, 48, generator=torch.Generator().manual_seed(3))
WORDS = {"ReLU": "Relu", "Subtract": "Sub", "conv": "Conv", "up": "ConvTranspose"}
NORM = ("weight", "bias", "running_mean", "running_var")


def outputs(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return model.eval()(IMAGES)


def written(folder: Path, folded: bool, eighths: bool = False) -> Path:
    """The network as an exporter writes it: norms folded, or with all the network's names."""
    model, nodes, values = branched(), [], {}
    owners = {module: name for name, module in model.named_modules()}
    for one in operators(model):
        if one.module is None:
            nodes.append(helper.make_node(WORDS.get(one.kind, one.kind), one.inputs, [one.output]))
            continue
        layer = one.module
        assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        name, norm = f"model.{owners[layer]}", one.norm
        weight, bias = one.folded()
        if not folded:
            weight = layer.weight.detach().numpy()
            bias = None if layer.bias is None else layer.bias.detach().numpy()
        inputs = [*one.inputs, f"{name}.weight"]
        values[inputs[1]] = weight
        if eighths:
            whole = np.round(weight / 0.01).clip(-127, 127).astype(np.int8)
            values |= {inputs[1]: whole, f"{name}/scale": np.float32(0.01)}
            given = [inputs[1], f"{name}/scale"]
            nodes.append(helper.make_node("DequantizeLinear", given, [f"{name}/fraction"]))
            inputs[1] = f"{name}/fraction"
        if bias is not None:
            inputs.append(f"{name}.bias")
            values[inputs[2]] = bias
        last = one.output if folded or norm is None else f"{one.output}/plain"
        sizes = {"strides": list(layer.stride), "group": layer.groups}
        pads = [int(layer.padding[0])] * 4
        nodes.append(helper.make_node(WORDS[one.kind], inputs, [last], pads=pads, **sizes))
        if last != one.output:
            assert norm is not None
            state = norm.state_dict()
            parts = {f"model.{owners[norm]}.{part}": state[part].numpy() for part in NORM}
            values |= parts
            given = [last, *parts]
            nodes.append(
                helper.make_node("BatchNormalization", given, [one.output], epsilon=norm.eps)
            )
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 64, 48])
    end = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    tensors.append(numpy_helper.from_array(np.array([1, 2]), "val_7"))
    path = folder / "small.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "small", [image], [end], tensors)), path)
    return path


def test_folded_norms_are_found_by_the_graph(tmp_path: Path) -> None:
    model = branched(seed=9)
    fit = matching.load(model, reading.read(written(tmp_path, folded=True)))
    wanted = outputs(branched())
    assert (outputs(model) - wanted).abs().max() <= 1e-5 * wanted.abs().max()
    assert fit.placed is not None
    assert fit.placed.described() == {"layers": 8, "folded_norms": 3}


def test_names_are_taken_where_all_are_there(tmp_path: Path) -> None:
    model = branched(seed=9)
    fit = matching.load(model, reading.read(written(tmp_path, folded=False)))
    assert fit.placed is None and fit.rules == ("without `model.`",) and fit.whole
    assert torch.equal(outputs(model), outputs(branched()))


def test_weights_of_eight_bits_are_made_fractions(tmp_path: Path) -> None:
    model = branched(seed=9)
    fit = matching.load(model, reading.read(written(tmp_path, folded=True, eighths=True)))
    assert fit.placed is not None
    wanted = torch.round(branched().point.weight / 0.01).clamp(-127, 127) * 0.01
    assert torch.allclose(model.point.weight, wanted, atol=1e-6)


def test_the_graph_of_another_network_is_refused(tmp_path: Path) -> None:
    state = reading.read(written(tmp_path, folded=True))
    with pytest.raises(ReproError, match="8 layers of the file have no counterpart"):
        matching.load(nn.Sequential(nn.Conv2d(3, 4, 1)), state)


@pytest.mark.parametrize("size", [1, 400, 3000])
def test_a_cut_file_is_refused_with_a_sentence(tmp_path: Path, size: int) -> None:
    path = written(tmp_path, folded=True)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ReproError, match=r"no ONNX file that can be read|no layers with weights"):
        reading.read(path)


def test_values_that_lie_elsewhere_must_be_there(tmp_path: Path) -> None:
    path = written(tmp_path, folded=True)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="small.data", size_threshold=64)
    assert matching.load(branched(seed=9), reading.read(path)).placed is not None
    (tmp_path / "small.data").unlink()
    with pytest.raises(ReproError, match=r"keeps its values in `small.data`, missing beside it"):
        reading.read(path)
