"""Which layers of two graphs belong together, in which groups, and how far they are off."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from repro.errors import RunError
from repro.exported.form import ImageInput
from repro.quantising import deviation, layers

IMAGE = ImageInput("image", "float", "NCHW", 1, 8, 8)


@pytest.mark.parametrize(
    ("heights", "expected"),
    [
        # a backbone down to 1/32, and a head that grows again
        (
            [32, 16, 8, 4, 2, 2, 4, 8, 16, 16],
            "stem|stages 1/4|stages 1/8|stages 1/16|stages 1/32|stages 1/32|head|head|head|head",
        ),
        # branches side by side, of which the last of the coarsest ends the stages
        (
            [32, 16, 16, 8, 16, 8, 16],
            "stem|stages 1/4|stages 1/4|stages 1/8|stages 1/4|stages 1/8|head",
        ),
        # what has no map of places belongs to the map before it
        ([16, None, 4, 1000, 16], "stages 1/4|stages 1/4|stages 1/16|stages 1/16|head"),
        ([None, 8], "stem|head"),
        ([64, 64], "stem|head"),
        ([16], "head"),
        ([], ""),
    ],
)
def test_layers_are_grouped_by_their_maps(heights: Sequence[int | None], expected: str) -> None:
    assert "|".join(layers.groups(heights, 64)) == expected


def network(path: Path, scale: float = 1.0, head: float = 1.0, prefix: str = "") -> Path:
    """Two layers of one weight each, with a Relu between them."""
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    maps = helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, 1, 4, 4])
    first = np.full((1, 3, 2, 2), scale, np.float32)
    last = np.full((1, 1, 1, 1), head, np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "a"], [prefix + "one"], "first", strides=[2, 2]),
        helper.make_node("Relu", [prefix + "one"], ["two"], "relu"),
        helper.make_node("Conv", ["two", "model.b.weight"], ["maps"], "last"),
    ]
    values = [numpy_helper.from_array(first, "a"), numpy_helper.from_array(last, "model.b.weight")]
    graph = helper.make_graph(nodes, "network", [given], [maps], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    save(model, path)
    return path


def saved(path: Path, values: np.ndarray) -> Path:
    np.save(path, values.astype(np.float32))
    return path


def test_a_known_error_is_found_where_it_is(tmp_path: Path) -> None:
    floats = network(tmp_path / "floats.onnx")
    other = network(tmp_path / "other.onnx", scale=1.1, prefix="renamed ")
    rng = np.random.default_rng(0)
    inputs = [saved(tmp_path / f"{n}.npy", rng.random((1, 3, 8, 8))) for n in range(3)]
    told: list[int] = []
    found = deviation.measured(floats, other, IMAGE, inputs, told.append)
    assert told == [1, 1, 1] and (found.inputs, found.compared, found.layers) == (3, 2, 2)
    assert found.overall.name == "maps"
    for one in (*found.outputs, *found.groups):
        assert one.rms == pytest.approx(0.1, abs=1e-6)
        assert one.largest == pytest.approx(0.1, abs=1e-6)
    assert [(one.name, one.layers, one.worst) for one in found.groups] == [
        ("stem", 1, "first"),
        ("head", 1, "b"),
    ]
    late = network(tmp_path / "late.onnx", head=0.5)
    stem, head = deviation.measured(floats, late, IMAGE, inputs, told.append).groups
    assert stem.rms == 0 and head.rms == pytest.approx(0.5)


def test_what_cannot_be_held_against_each_other_is_refused(tmp_path: Path) -> None:
    floats = network(tmp_path / "floats.onnx")
    inputs = [saved(tmp_path / "0.npy", np.ones((1, 3, 8, 8)))]
    broken = network(tmp_path / "broken.onnx", scale=float("nan"))
    with pytest.raises(RunError, match="`maps` has NaN or infinity"):
        deviation.measured(floats, broken, IMAGE, inputs, lambda done: None)
    wrong = [saved(tmp_path / "1.npy", np.ones((1, 3, 4, 4)))]
    with pytest.raises(RunError, match="cannot be run"):
        deviation.measured(floats, floats, IMAGE, wrong, lambda done: None)
