"""The zoo computes what the official code computes, and the comparison can fail."""

import functools
import json
from pathlib import Path

import pytest
import torch

import zoo
from repro.counting import parity
from repro.errors import ReproError
from support.thoroughness import daily

GOLDEN = Path(__file__).parents[1] / "golden"


SAMPLE = {"shape": [1, 17], "mean": 0.1, "std": 0.1, "absmax": 0.2, "values": [[0, 0.1]]}
GOLDENS = sorted(path.stem for path in GOLDEN.glob("*.json"))
COSTLY = {
    "cpn_resnet50",
    "cpn_resnet50_noproj",
    "dekr_w48_crowdpose",
    "ditehrnet_30",
    "higherhrnet_w32_crowdpose",
    "higherhrnet_w48_crowdpose",
    "hourglass_8stage",
    "hrnet_w32",
    "hrnet_w48",
    "litepose_s_crowdpose",
    "lpn_152",
    "simplebaseline_resnet101",
    "simplebaseline_resnet152",
    "swahr_w48_crowdpose",
    "tokenpose_b",
    "tokenpose_l_d24",
    "tokenpose_l_d6_mpii",
    "wlitepose_s",
}
"""networks that take seconds in double precision"""


@functools.cache
def goldens() -> dict[str, parity.Golden]:
    """The goldens by name."""
    return {path.stem: golden for path, golden in parity.goldens(GOLDEN).items()}


def test_every_network_with_an_official_implementation_has_a_golden() -> None:
    def of_another_data_set(name: str) -> bool:
        plain = name.removesuffix("_coco").removesuffix("_crowdpose")
        return any(golden.startswith(plain) for golden in GOLDENS)

    lacking = set(zoo.list_models()) - set(GOLDENS)
    lacking = {name for name in lacking if not of_another_data_set(name)}
    published_for_others = {"lightweight_openpose_0001", "pp_tinypose"}  # OpenVINO and Paddle
    readings = {*zoo.list_models("cbam_litehrnet*"), *zoo.list_models("wlitepose_*_reading*")}
    assert lacking == readings | published_for_others


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No initial values are drawn, all of which a golden's take the place of.

    They are zeros, within any bounds: a truncated distribution draws again what lies beyond them.
    """
    for draw in ("normal_", "uniform_"):
        monkeypatch.setattr(torch.Tensor, draw, lambda values, *words, **named: values.zero_())


@pytest.mark.parametrize("name", daily(GOLDENS, lambda name: name not in COSTLY))
def test_a_model_equals_its_golden(name: str, undrawn: None) -> None:
    result = parity.run(goldens()[name])
    assert result.ok, result.problem
    assert result.max_relative_error is not None
    assert result.max_relative_error <= 1e-9


@pytest.mark.parametrize("name", sorted(COSTLY))
def test_a_costly_model_has_the_tensors_of_its_golden(name: str) -> None:
    golden = goldens()[name]
    with torch.device("meta"):
        model = parity._build(golden)
    assert not parity._compare_names(golden, zoo.published_state(model))
    assert sum(parameter.numel() for parameter in model.parameters()) == golden.params


def test_what_is_written_of_a_network_is_a_golden_that_it_equals(tmp_path: Path) -> None:
    network = zoo.create_model("small_hrnet_w16")
    content = parity.golden_of(network, "small_hrnet_w16", (64, 96), seed=7)
    (tmp_path / "golden.json").write_text(json.dumps(content), encoding="utf-8")
    (golden,) = parity.goldens(tmp_path).values()
    result = parity.run(golden)
    assert result.ok and result.max_relative_error == 0
    assert golden.outputs[0].shape == (1, 17, 16, 24) and len(golden.outputs[0].values) == 64


def spoiled(tmp_path: Path, **changes: object) -> parity.Parity:
    """The comparison with an altered golden of small_hrnet_w16."""
    data = json.loads((GOLDEN / "small_hrnet_w16.json").read_text(encoding="utf-8"))
    (tmp_path / "golden.json").write_text(json.dumps({**data, **changes}), encoding="utf-8")
    (golden,) = parity.goldens(tmp_path).values()
    return parity.run(golden)


def small_hrnet(key: str) -> list[list[object]]:
    data = json.loads((GOLDEN / "small_hrnet_w16.json").read_text(encoding="utf-8"))
    return data[key]


def test_another_seed_gives_other_outputs(tmp_path: Path) -> None:
    result = spoiled(tmp_path, seed=1)
    assert not result.ok and result.names_ok and result.params_ok


def test_a_changed_name_is_seen(tmp_path: Path) -> None:
    names = small_hrnet("state_dict")
    names[0][0] = "backbone.stem.weight"
    result = spoiled(tmp_path, state_dict=names)
    assert not result.names_ok and "`backbone.stem.weight`" in result.problem


def test_a_changed_shape_is_seen(tmp_path: Path) -> None:
    names = small_hrnet("state_dict")
    names[0][1] = [64, 3, 5, 5]
    assert "1 shapes differ" in spoiled(tmp_path, state_dict=names).problem


def test_a_changed_parameter_count_is_seen(tmp_path: Path) -> None:
    result = spoiled(tmp_path, params=1)
    assert not result.params_ok and not result.ok


@pytest.mark.parametrize("statistic", ["mean", "std", "absmax"])
def test_a_changed_statistic_is_seen(tmp_path: Path, statistic: str) -> None:
    outputs = small_hrnet("outputs")
    outputs[0][statistic] *= 1.001  # type: ignore[call-overload, index]
    assert not spoiled(tmp_path, outputs=outputs).ok


def test_a_golden_of_another_data_set_is_built_with_its_keypoints(tmp_path: Path) -> None:
    shapes = [
        [name, [16, *shape[1:]] if "final_layer" in name else shape]
        for name, shape in small_hrnet("state_dict")
    ]
    outputs = small_hrnet("outputs")
    outputs[0]["shape"] = [1, 16, 64, 48]  # type: ignore[call-overload]
    outputs[0]["values"] = [[0, 0.0]]  # type: ignore[call-overload]
    result = spoiled(tmp_path, state_dict=shapes, outputs=outputs, params=1_284_944)
    assert result.names_ok and result.params_ok


@pytest.mark.parametrize("value", [1e-6, -1e-8])
def test_a_changed_sample_is_seen(tmp_path: Path, value: float) -> None:
    outputs = small_hrnet("outputs")
    outputs[0]["values"][3][1] += value * outputs[0]["absmax"]  # type: ignore[call-overload, index]
    result = spoiled(tmp_path, outputs=outputs)
    assert not result.ok


def test_a_changed_output_shape_is_seen(tmp_path: Path) -> None:
    outputs = small_hrnet("outputs")
    outputs[0]["shape"] = [1, 17, 48, 64]  # type: ignore[call-overload]
    assert "outputs are" in spoiled(tmp_path, outputs=outputs).problem


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input": [3, 256, 192]}, "`input` should have 4 values"),
        ({"input": [1, 3, -1, 192]}, "is no image batch"),
        ({"input": [1, 3, 10**6, 10**6]}, "is no image batch"),
        ({"fill": "v9"}, "this version knows v1"),
        ({"outputs": []}, "`outputs` should be"),
        ({"outputs": [{**SAMPLE, "values": []}]}, "no samples"),
        ({"outputs": [{**SAMPLE, "absmax": -1.0}]}, "impossible"),
        ({"outputs": [{**SAMPLE, "absmax": 0.0}]}, "impossible"),
        ({"outputs": [{**SAMPLE, "std": float("nan")}]}, "which is no JSON"),
        ({"outputs": [{**SAMPLE, "values": [[0, 10**400]]}]}, "should be a number"),
        ({"outputs": [{**SAMPLE, "shape": [1, 10**12]}]}, "no batch of maps"),
        ({"outputs": [3]}, "`outputs[0]` should be a table"),
        ({"params": "many"}, "`params` should be a whole number"),
        ({"state_dict": [["a"]]}, "`state_dict[0]` should have 2 values"),
    ],
)
def test_a_golden_of_wrong_form_names_the_file(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ReproError) as error:
        spoiled(tmp_path, **changes)
    assert "golden.json" in str(error.value) and message in str(error.value)


def test_an_input_the_model_cannot_take_is_a_difference(tmp_path: Path) -> None:
    assert "fails" in spoiled(tmp_path, input=[1, 5, 64, 64]).problem


@pytest.mark.parametrize("text", ["", "{", "[1", "\x00"])
def test_a_file_that_is_no_json_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(ReproError, match=r"odd\.json"):
        parity.goldens(tmp_path)


def test_goldens_of_functions_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "fn.json").write_text('{"kind": "function"}')
    with pytest.raises(ReproError, match="No golden"):
        parity.goldens(tmp_path)
    with pytest.raises(ReproError, match="is no folder"):
        parity.goldens(tmp_path / "nowhere")


def test_the_fill_follows_its_rules() -> None:
    state = {
        "a.weight": torch.zeros(3, dtype=torch.float64),
        "a.bias": torch.zeros(3, dtype=torch.float64),
        "a.running_var": torch.zeros(3, dtype=torch.float64),
        "a.running_mean": torch.zeros(3, dtype=torch.float64),
        "a.num_batches_tracked": torch.ones((), dtype=torch.int64),
        "b.weight": torch.zeros(2, 8, dtype=torch.float64),
    }
    parity.fill(state, 0)
    assert ((state["a.weight"] >= 0.5) & (state["a.weight"] <= 1.5)).all()
    assert ((state["a.running_var"] >= 0.5) & (state["a.running_var"] <= 1.5)).all()
    assert state["a.bias"].abs().max() < 1 and state["a.running_mean"].abs().max() < 1
    assert int(state["a.num_batches_tracked"]) == 0
    assert 0 < state["b.weight"].std() < 1
    before = {name: tensor.clone() for name, tensor in state.items()}
    parity.fill(state, 0)
    assert all(torch.equal(before[name], state[name]) for name in state)


def test_outputs_are_flattened_in_the_official_order() -> None:
    a, b, c = (torch.tensor(float(number)) for number in range(3))
    assert parity.flatten([a, {"z": c, "y": b}]) == [a, b, c]
    with pytest.raises(TypeError):
        parity.flatten(3)
