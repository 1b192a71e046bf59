"""Checkpoint files: read safely, matched by name, loaded whole unless part is asked for."""

import collections
import hashlib
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import zoo
from repro.checkpoints import load, read, report
from repro.checkpoints.inspection import fitting, told_keypoints
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
    own = zoo.published_state(zoo.create_model("vipnas_mobilenetv3"))
    renamed = {
        name.replace("keypoint_head.", "head.", 1): value.clone() for name, value in own.items()
    }
    match = load(zoo.create_model("vipnas_mobilenetv3"), read(saved(tmp_path, renamed)))
    assert match.exact
    assert match.rules == ("`keypoint_head.` for `head.`",)


def test_a_part_is_refused_and_nothing_changes(tmp_path: Path, state: States) -> None:
    first = next(iter(state))
    path = saved(tmp_path, {name: value for name, value in state.items() if name != first})
    model = zoo.create_model(NAME)
    before = {name: value.clone() for name, value in zoo.published_state(model).items()}
    with pytest.raises(ReproError, match=f"1 missing .first: `{first}`") as error:
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
    with pytest.raises(ReproError, match="1 of another kind .first: `first.2.weight`"):
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


class Calls:
    """Pickles as a call of something."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("called",)


def zipped(path: Path, compression: int, **files: bytes) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(f"some/{name.replace('_', '.')}", content)


def oversized(path: Path) -> None:
    """A checkpoint whose archive claims a larger entry than there is."""
    torch.save({"a": torch.zeros(4)}, path)
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("some/data/0").file_size.to_bytes(4, "little")
    head, _, tail = path.read_bytes().rpartition(b"some/data/0")
    path.write_bytes(
        head[:-46] + head[-46:].replace(size, b"\xff\xff\xff\x7f") + b"some/data/0" + tail
    )


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "There is no file"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "pipe": (lambda path: os.mkfifo(path), "is not a regular file"),
    "empty": (lambda path: path.touch(), "is empty"),
    "text": (lambda path: path.write_text("hello"), "is no checkpoint"),
    "page": (lambda path: path.write_text("\n<!DOCTYPE html>"), "is a web page"),
    "pointer": (lambda path: path.write_text("version https://git-lfs.github.com"), "git-lfs"),
    "gzip": (lambda path: path.write_bytes(b"\x1f\x8b123"), "is a compressed archive"),
    "list": (lambda path: torch.save([torch.zeros(2)], path), "holds a `list`"),
    "tensor": (lambda path: torch.save(torch.zeros(2), path), "holds a `Tensor`"),
    "numbers": (lambda path: torch.save({"epoch": 3}, path), "holds no tensors, but `epoch`"),
    "nothing": (lambda path: torch.save({}, path), "holds no tensors, but nothing"),
    "module": (
        lambda path: torch.save(nn.Linear(2, 2), path),
        "calls for `torch.nn.modules.linear",
    ),
    "call": (lambda path: torch.save({"a": Calls()}, path), "calls for `posix.mkdir`"),
    "legacy call": (
        lambda path: torch.save(Calls(), path, _use_new_zipfile_serialization=False),
        "calls for `posix.mkdir`",
    ),
    "pickle": (lambda path: path.write_bytes(pickle.dumps({"a": 1})), "is a pickle, but no"),
    "pickle 2": (lambda path: path.write_bytes(pickle.dumps({"a": 1}, 2)), "cut short or damaged"),
    "calling pickle": (
        lambda path: path.write_bytes(pickle.dumps({"a": Calls()}, 4)),
        "calls for `posix.mkdir`",
    ),
    "bomb": (
        lambda path: zipped(path, zipfile.ZIP_DEFLATED, data_pkl=bytes(10_000_000)),
        "is a compressed archive, 10,000,000 bytes in",
    ),
    "claim": (oversized, "is a compressed archive, 2,147,48"),
    "archive": (
        lambda path: zipped(path, zipfile.ZIP_STORED, readme_txt=b"hello"),
        "is an archive without a checkpoint",
    ),
    "program": (
        lambda path: zipped(path, zipfile.ZIP_DEFLATED, constants_pkl=b"", code_py=b""),
        "is a TorchScript program",
    ),
    "no number": (
        lambda path: torch.save({"a": torch.tensor([1.0, torch.nan])}, path),
        "`a` holds values that are NaN",
    ),
    "infinite": (
        lambda path: torch.save({"a": torch.tensor([-torch.inf])}, path),
        "`a` holds values that are NaN or infinite",
    ),
    "expanded": (
        lambda path: torch.save({"a": torch.zeros(1).expand(10**6, 10**6)}, path),
        "`a` claims 4,000,000,000,000 bytes",
    ),
    "complex": (
        lambda path: torch.save({"a": torch.zeros(2, dtype=torch.complex64)}, path),
        "`a` is no plain tensor",
    ),
    "without values": (
        lambda path: torch.save({"a": torch.zeros(2, device="meta")}, path),
        "`a` is no plain tensor",
    ),
    "nested": (
        lambda path: torch.save({"model": {"model": {"model": {"model": {"a": 1}}}}}, path),
        "is wrapped more than three times",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_bad_file_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "some.pth"
    make, message = HOSTILE[case]
    make(path)
    with pytest.raises(ReproError) as error:
        read(path)
    assert message in str(error.value)
    assert "some.pth" in str(error.value)
    assert "\n" not in str(error.value) + error.value.hint
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_file_cut_short_is_told(tmp_path: Path, bare: States, kind: str, share: float) -> None:
    from safetensors.torch import save_file

    path = tmp_path / ("some.safetensors" if kind == "safetensors" else "some.pth")
    if kind == "safetensors":
        save_file(bare, path)
    else:
        saved(tmp_path, bare, zipped=kind == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReproError, match="is cut short or damaged"):
        read(path)


def test_a_large_file_is_not_read(tmp_path: Path, state: States) -> None:
    path = saved(tmp_path, state)
    with pytest.raises(ReproError, match=r"bytes; no more than 1,000 are read"):
        read(path, limit=1000)
    shared = torch.zeros(1000)
    many = saved(tmp_path, {str(index): shared for index in range(1000)}, "many.pth")
    with pytest.raises(ReproError, match="claims 4,000 bytes"):
        read(many, limit=10**6)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, state: States) -> None:
    path = saved(tmp_path, state)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(ReproError, match="cannot be read: Permission denied"):
        read(path)


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
    assert (found.match.names, len(found.match.unexpected)) == ({}, len(own))
    assert set(found.fits) == {("hwl_mobilenetv3", 14), ("hwl_mobilenetv3_hsig12", 14)}
    assert len(found.match.described()["missing"]["names"]) == 10


def test_a_report_without_a_network_says_what_fits(tmp_path: Path, bare: States) -> None:
    found = report(None, saved(tmp_path, bare, "lpn_50.pth"))
    assert (found.match, found.fits) == (None, ((BARE, 17),))


def test_a_file_that_only_bears_the_name_is_told(tmp_path: Path) -> None:
    own = zoo.published_state(zoo.create_model("vipnas_mobilenetv3"))
    path = saved(tmp_path, own, "vipnas_mbv3_coco_256x192-7018731a_20211122.pth")
    assert report("vipnas_mobilenetv3", path).genuine is False


@pytest.mark.parametrize("name", ["dekr_w48", "swahr_w48", "tokenpose_b", "lightweight_openpose"])
@pytest.mark.parametrize("keypoints", [3, 16])
def test_shapes_tell_the_keypoints(tmp_path: Path, name: str, keypoints: int) -> None:
    with torch.device("meta"):
        own = zoo.published_state(zoo.create_model(name, keypoints))
    values = {key: torch.zeros(1).expand(value.shape) for key, value in own.items()}
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
