"""Networks by name, and official checkpoints loaded whole or not at all."""

import functools
import pickle
from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

import zoo
from zoo.weights import WeightsError

NAME = "small_hrnet_w16"


def outputs(model: nn.Module, image: Tensor) -> list[Tensor]:
    """A model's heatmaps, as a list."""
    result = model(image)
    return [result] if isinstance(result, Tensor) else list(result)


SWITCHES: tuple[dict[str, object], ...] = (
    {"dfc": ()},
    {"dfc": [2, 3]},
    {"deconv": False},
    *({"attention": name} for name in ("none", "se", "cbam", "ca")),
    *({"step": name} for name in ("move-up", "dfc", "gelu", "fewer-activations")),
)


@functools.cache
def names_of_tensors(name: str) -> list[str]:
    """The tensors of a network without options."""
    with torch.device("meta"):
        return list(zoo.create_model(name).state_dict())


@pytest.mark.parametrize(
    "name", ["wlitepose_xs", pytest.param("wlitepose_xs_text", marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_every_switch_of_the_ablations_builds_another_network(
    name: str, switch: dict[str, object]
) -> None:
    with torch.device("meta"):
        other = zoo.create_model(name, **switch)
        maps = outputs(other, torch.zeros(1, 3, 64, 64))
    assert [tuple(one.shape[2:]) for one in maps] == [(16, 16), (32, 32)]
    if switch not in ({"step": "fewer-activations"},):
        assert names_of_tensors(name) != list(other.state_dict())


def test_the_position_table_of_tokenpose_is_the_sine_and_is_not_trained() -> None:
    model = zoo.create_model("tokenpose_s_v1")
    name = next(name for name in model.state_dict() if name.endswith("pos_embedding"))
    table = model.get_parameter(name)
    assert not table.requires_grad
    assert float(table[0, 0, 0]) == pytest.approx(0.3826834, abs=1e-6)
    assert float(table[0, 100, 150]) == pytest.approx(0.0110413, abs=1e-6)
    assert float(table.abs().sum()) == pytest.approx(27174.269, abs=0.05)


def test_initial_values_are_those_of_the_official_code() -> None:
    model = zoo.create_model("lpn_50")
    assert 0.0005 < float(model.get_parameter("layer3.0.conv1.weight").detach().std()) < 0.002
    assert float(model.get_parameter("layer3.0.att.conv_mask.bias").detach().abs().sum()) == 0
    assert float(model.get_parameter("final_layer.bias").detach().abs().max()) > 0.01


def test_heads_start_small_and_backbones_by_kaiming() -> None:
    model = zoo.create_model("hwl_mobilenetv3")
    deconv = model.get_parameter("keypoint_head.deconv_layers.0.weight").detach()
    assert 0.0009 < float(deconv.std()) < 0.0011
    stem = model.get_parameter("backbone.conv1.conv.weight").detach()
    assert float(stem.std()) == pytest.approx((2 / (16 * 9)) ** 0.5, rel=0.15)
    hrnet = zoo.create_model("hrnet_w32").get_parameter("backbone.layer1.0.conv2.weight")
    assert 0.0009 < float(hrnet.detach().std()) < 0.0011
    resnet = zoo.create_model("simplebaseline_resnet50").get_parameter(
        "backbone.layer1.0.bn3.weight"
    )
    assert float(resnet.detach().min()) == 1.0


def test_names_are_listed_by_pattern() -> None:
    assert zoo.list_models("lpn_*_nogc") == ["lpn_101_nogc", "lpn_152_nogc", "lpn_50_nogc"]
    assert len(zoo.list_models()) >= 25
    assert zoo.list_models("nothing*") == []


def test_a_wrong_name_or_option_is_one_sentence() -> None:
    with pytest.raises(zoo.UnknownModelError, match=r"`lpn50`.*`lpn_50`"):
        zoo.create_model("lpn50")
    with pytest.raises(ValueError, match="`num_keypoints` is `0`"):
        zoo.create_model(NAME, 0)
    with pytest.raises(ValueError, match="`depth=18`"):
        zoo.create_model("lpn_50", depth=18)
    with pytest.raises(ValueError, match="`attention` is `'best'`"):
        zoo.create_model("hwl_mobilenetv3", attention="best")


def checkpoint(name: str = NAME) -> dict[str, Tensor]:
    """Random weights under the official names."""
    torch.manual_seed(1)
    return {
        key: torch.randn_like(value) if value.is_floating_point() else value
        for key, value in zoo.published_state(zoo.create_model(name)).items()
    }


def newer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names of MMPose 1.x."""
    return {name.replace("keypoint_head.", "head."): value for name, value in state.items()}


WRAPPINGS = {
    "bare": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "meta": {"epoch": 3}},
    "model": lambda state: {"model": OrderedDict(state)},
    "module": lambda state: {f"module.{name}": value for name, value in state.items()},
    "MMPose 1.x": newer,
    "all": lambda state: {"state_dict": {f"module.{n}": v for n, v in newer(state).items()}},
    "old": lambda state: {n: v for n, v in state.items() if "num_batches" not in n},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize(
    "name", [NAME, "simplebaseline_mobilenetv2", "simplebaseline_shufflenetv2"]
)
def test_an_official_checkpoint_loads_in_every_wrapping(wrapping: str, name: str) -> None:
    state = checkpoint(name)
    model = zoo.create_model(name)
    zoo.load_published(model, WRAPPINGS[wrapping](state))
    loaded = zoo.published_state(model)
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


@pytest.mark.parametrize(
    ("spoil", "attribute", "name"),
    [
        (lambda s: s.pop("backbone.conv1.weight"), "missing", "backbone.conv1.weight"),
        (lambda s: s.update({"fc.weight": torch.ones(1)}), "unexpected", "fc.weight"),
        (
            lambda s: s.update({"backbone.conv1.weight": torch.ones(1)}),
            "wrong_shapes",
            "backbone.conv1.weight",
        ),
        (
            lambda s: s.update({"backbone.conv1.weight": "no"}),
            "not_tensors",
            "backbone.conv1.weight",
        ),
        (
            lambda s: s["backbone.conv1.weight"].fill_(float("nan")),
            "not_finite",
            "backbone.conv1.weight",
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_loaded(spoil, attribute: str, name: str) -> None:
    state = checkpoint()
    spoil(state)
    model = zoo.create_model(NAME)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(WeightsError) as error:
        zoo.load_published(model, state)
    assert name in getattr(error.value, attribute)
    assert f"`{name}" in str(error.value) or f"{name} " in str(error.value)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_every_misfit_is_reported_at_once() -> None:
    state = checkpoint("lpn_50")
    with pytest.raises(WeightsError) as error:
        zoo.load_published(zoo.create_model(NAME), state)
    assert len(error.value.unexpected) > 100 and len(error.value.missing) > 100


def test_odd_checkpoints_are_refused() -> None:
    model = zoo.create_model(NAME)
    loop: dict[str, object] = {}
    loop["state_dict"] = loop
    for odd in ({}, {"state_dict": {}}, {1: torch.ones(1)}, loop, [torch.ones(1)], None):
        with pytest.raises(ValueError):
            zoo.load_published(model, odd)  # type: ignore[arg-type]


def test_the_error_survives_a_process_border() -> None:
    error = WeightsError(missing=["a"], wrong_shapes={"b": ((1,), (2,))})
    copy = pickle.loads(pickle.dumps(error))
    assert copy.missing == ("a",) and copy.wrong_shapes == {"b": ((1,), (2,))}
    assert str(copy) == str(error)
