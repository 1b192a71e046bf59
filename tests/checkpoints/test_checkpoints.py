"""Checkpoint files: read safely, matched by name, loaded whole unless part is asked for."""

import collections
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.checkpoints.inspection import fitting, report, told_keypoints
from repro.checkpoints.matching import load
from repro.checkpoints.reading import read
from repro.errors import ReproError

NAME = "litepose_xs"
BARE = "lpn_50"
States = dict[str, Tensor]


@pytest.fixture(scope="module")
def state() -> States:
    """Another network's tensors, every one of its own value."""
    torch.manual_seed(1)
    model = zoo.create_model(NAME)
    with torch.no_grad():
        for index, value in enumerate(model.state_dict().values()):
            value.copy_(torch.full_like(value, index))
    return zoo.published_state(model)


@pytest.fixture(scope="module")
def bare() -> States:
    return {
        name: value.clone() for name, value in zoo.published_state(zoo.create_model(BARE)).items()
    }


def saved(folder: Path, content: object, name: str = "some.pth", zipped: bool = True) -> Path:
    path = folder / name
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def filled(path: Path, name: str = NAME, partial: bool = False) -> States:
    """The named network's tensors after loading a file."""
    model = zoo.create_model(name)
    load(model, read(path), partial)
    return zoo.published_state(model)


def same(one: States, other: States) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


WRAPPINGS: dict[str, Callable[[States], object]] = {
    "bare": lambda state: state,
    "ordered": lambda state: collections.OrderedDict(state),
    "parameters": lambda state: {
        name: nn.Parameter(value) if value.is_floating_point() else value
        for name, value in state.items()
    },
    "state_dict": lambda state: {"state_dict": state, "epoch": 3, "meta": {"config": "text"}},
    "model": lambda state: {"model": state, "optimizer": {"state": {0: {"step": 1}}}},
    "twice": lambda state: {"model": {"state_dict": state}},
    "module": lambda state: {f"module.{name}": value for name, value in state.items()},
    "compiled": lambda state: {f"_orig_mod.module.{name}": value for name, value in state.items()},
    "old": lambda state: {
        name: value for name, value in state.items() if not name.endswith("num_batches_tracked")
    },
    "double": lambda state: {
        name: value.double() if value.is_floating_point() else value
        for name, value in state.items()
    },
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_wrapping_loads_whole(
    tmp_path: Path, state: States, wrapping: str, zipped: bool
) -> None:
    path = saved(tmp_path, WRAPPINGS[wrapping](state), zipped=zipped)
    loaded = filled(path)
    if wrapping == "old":
        loaded, state = (
            {n: v for n, v in one.items() if "tracked" not in n} for one in (loaded, state)
        )
    assert same(loaded, state)


def test_a_safetensors_file_loads(tmp_path: Path, state: States) -> None:
    from safetensors.torch import save_file

    save_file(state, tmp_path / "some.safetensors")
    assert read(tmp_path / "some.safetensors").format == "safetensors"
    assert same(filled(tmp_path / "some.safetensors"), state)


def test_what_was_read_is_described(tmp_path: Path, state: States) -> None:
    path = saved(tmp_path, state)
    found = read(path)
    assert found.format == "torch"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.size == path.stat().st_size
    described = json.loads(json.dumps(found.described()))
    assert described["tensors"] == len(state)
    assert described["values"] == sum(value.numel() for value in state.values())


@pytest.mark.parametrize("head", ["keypoint_head.", "head."])
def test_mmpose_names_of_a_bare_network_are_read(tmp_path: Path, bare: States, head: str) -> None:
    renamed = {
        (head if name.startswith(("deconv", "final")) else "backbone.") + name: value
        for name, value in bare.items()
    }
    path = saved(tmp_path, {"state_dict": renamed, "meta": {}})
    assert same(filled(path, BARE), bare)
    model = zoo.create_model(BARE)
    assert load(model, read(path)).rules == ("without `backbone.`", f"without `{head}`")


def test_mmpose_1_heads_are_read(tmp_path: Path) -> None:
    own = zoo.published_state(zoo.create_model("hwl_mobilenetv3"))
    renamed = {
        name.replace("keypoint_head.", "head.", 1): value.clone() for name, value in own.items()
    }
    match = load(zoo.create_model("hwl_mobilenetv3"), read(saved(tmp_path, renamed)))
    assert match.exact
    assert match.rules == ("`keypoint_head.` for `head.`",)


def test_a_part_is_refused_and_nothing_changes(tmp_path: Path, state: States) -> None:
    first = next(iter(state))
    path = saved(tmp_path, {name: value for name, value in state.items() if name != first})
    model = zoo.create_model(NAME)
    before = {name: value.clone() for name, value in zoo.published_state(model).items()}
    with pytest.raises(ReproError, match=rf"1 missing \(first: `{first}`\)") as error:
        load(model, read(path))
    assert f"`--allow-partial` loads the other {len(state) - 1}" in error.value.hint
    assert same(before, zoo.published_state(model))


def test_a_part_is_loaded_if_asked_and_told(tmp_path: Path, state: States) -> None:
    names = list(state)
    changed = {name: value for name, value in state.items() if name != names[0]}
    changed[names[5]] = torch.zeros(3, 3)
    changed |= {"more.weight": torch.zeros(2), "epoch": 7}
    model = zoo.create_model(NAME)
    before = {name: value.clone() for name, value in zoo.published_state(model).items()}
    match = load(model, read(saved(tmp_path, changed)), allow_partial=True)
    after = zoo.published_state(model)
    for name in names:
        kept = name in (names[0], names[5])
        assert torch.equal(after[name], (before if kept else state)[name])
    told = json.loads(json.dumps(match.described(first=None)))
    assert (told["fit"], told["tensors"], told["exact"]) == (len(names) - 2, len(names), False)
    assert told["missing"]["names"] == [names[0]]
    assert told["unexpected"]["names"] == ["more.weight", "epoch"]
    assert told["wrong_shapes"]["names"][names[5]]["file"] == [3, 3]


def test_whole_numbers_are_no_weights(tmp_path: Path, state: States) -> None:
    changed = state | {"first.2.weight": state["first.2.weight"].long()}
    with pytest.raises(ReproError, match=r"1 of another kind \(first: `first.2.weight`\)"):
        load(zoo.create_model(NAME), read(saved(tmp_path, changed)))


def test_values_too_large_for_the_network_are_refused(tmp_path: Path, state: States) -> None:
    changed = state | {"first.2.weight": state["first.2.weight"].double() + 1e300}
    with pytest.raises(ReproError, match="1 not finite"):
        load(zoo.create_model(NAME), read(saved(tmp_path, changed)))


def test_another_network_is_never_loaded_in_part(tmp_path: Path, bare: States) -> None:
    path = saved(
        tmp_path, {f"x.{name}": value for name, value in bare.items()} | {"y": torch.ones(1)}
    )
    with pytest.raises(ReproError, match="is of another network: none of its 467 tensors fits"):
        load(zoo.create_model(NAME), read(path), allow_partial=True)


def test_a_report_of_the_right_network(tmp_path: Path) -> None:
    own = zoo.published_state(zoo.create_model(BARE, 16))
    found = report(BARE, saved(tmp_path, own, "lpn_50_256x256.pth"))
    assert found.match is not None
    assert found.match.exact
    assert (found.keypoints, found.fits) == (16, ((BARE, 16),))
    assert [one.dataset for one in found.published] == ["mpii"]
    assert found.genuine is None
    told = json.loads(json.dumps(found.described()))
    assert told["fits"] == [{"model": BARE, "keypoints": 16}]


def test_a_report_of_another_network_names_it(tmp_path: Path) -> None:
    own = zoo.published_state(zoo.create_model("hwl_mobilenetv3", 14))
    found = report(BARE, saved(tmp_path, own, "hwl_mobilenetv3.pth"))
    assert found.match is not None
    assert not found.match.exact
    assert set(found.fits) == {("hwl_mobilenetv3", 14), ("hwl_mobilenetv3_hsig12", 14)}
    assert len(found.match.described()["missing"]["names"]) == 10


def test_a_report_without_a_network_says_what_fits(tmp_path: Path, bare: States) -> None:
    found = report(None, saved(tmp_path, bare, "lpn_50.pth"))
    assert (found.match, found.fits) == (None, ((BARE, 17),))


def test_a_file_that_only_bears_the_name_is_told(tmp_path: Path) -> None:
    own = zoo.published_state(zoo.create_model("vipnas_mobilenetv3"))
    path = saved(tmp_path, own, "vipnas_mbv3_coco_256x192-7018731a_20211122.pth")
    assert report("vipnas_mobilenetv3", path).genuine is False


@pytest.mark.parametrize(
    ("name", "keypoints"), [("dekr_w48", 16), ("tokenpose_b", 3), ("lightweight_openpose", 16)]
)
def test_shapes_tell_the_keypoints(tmp_path: Path, name: str, keypoints: int) -> None:
    with torch.device("meta"):
        own = zoo.published_state(zoo.create_model(name, keypoints))
    values = {key: torch.zeros(()).expand(value.shape) for key, value in own.items()}
    given = read(saved(tmp_path, {"a": torch.zeros(1)}))
    object.__setattr__(given, "tensors", values)
    assert told_keypoints(name, given) == keypoints


def test_keypoints_are_not_told_by_another_network(tmp_path: Path, bare: States) -> None:
    assert told_keypoints(NAME, read(saved(tmp_path, bare))) is None


def test_one_shape_is_enough_not_to_fit(tmp_path: Path, bare: States) -> None:
    changed = bare | {"final_layer.weight": torch.zeros(16, 256, 1, 1)}
    assert fitting(read(saved(tmp_path, changed, "lpn_50.pth"))) == ()


def test_wrong_options_and_names_are_one_sentence(tmp_path: Path, state: States) -> None:
    path = saved(tmp_path, state)
    with pytest.raises(ReproError, match="There is no model `litepose_xy`"):
        report("litepose_xy", path)
    with pytest.raises(ReproError, match="does not take `depth=3`"):
        report(NAME, path, options={"depth": 3})
