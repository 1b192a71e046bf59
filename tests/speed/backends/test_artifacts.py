"""Files in the cache: found again when nothing changed, made again when anything did."""

import copy
import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import zoo
from repro.errors import ReproError
from repro.speed.backends import artifacts

EXAMPLE = torch.zeros(1, 3, 8, 8)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.LeakyReLU(0.1))


def key(model: nn.Module) -> str:
    return artifacts.key(model, EXAMPLE, {"kind": "test"})


def test_a_network_made_again_has_the_same_key() -> None:
    assert key(network()) == key(network()) == key(copy.deepcopy(network()).eval())


@pytest.mark.thorough
def test_the_key_is_the_same_in_every_process() -> None:
    code = (
        "import torch, zoo; from repro.speed.backends import artifacts; torch.manual_seed(0)\n"
        "model = zoo.create_model('small_hrnet_w16')\n"
        "print(artifacts.identity(model))"
    )
    torch.manual_seed(0)
    own = artifacts.identity(zoo.create_model("small_hrnet_w16"))
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == own


def weight(model: nn.Module) -> None:
    model[0].weight.data[0, 0, 0, 0] += 1e-6


def statistics(model: nn.Module) -> None:
    model[1].running_var[0] += 1


def setting(model: nn.Module) -> None:
    model[2].negative_slope = 0.2


def stride(model: nn.Module) -> None:
    model[0].stride = (2, 2)


def kind(model: nn.Module) -> None:
    model[2] = nn.ReLU()


def named(model: nn.Module) -> None:
    model[2].scaled = functools.partial(torch.mul, other=2)


def closed(model: nn.Module) -> None:
    slope = 0.3
    model[2].scaled = lambda x: x * slope


CHANGES = [weight, statistics, setting, stride, kind, named, closed]


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_network_gives_another_key(change: Callable[[nn.Module], None]) -> None:
    model = network()
    change(model)
    assert key(model) != key(network())


def test_values_that_a_function_holds_enter_the_key() -> None:
    def model(slope: float) -> nn.Module:
        found = network()
        found[2].scaled = lambda x: x * slope
        return found

    assert key(model(1)) == key(model(1)) != key(model(2))


def test_shape_and_options_enter_the_key() -> None:
    model = network()
    others = {
        artifacts.key(model, EXAMPLE, {"kind": "test"}),
        artifacts.key(model, EXAMPLE, {"kind": "test", "threads": 2}),
        artifacts.key(model, EXAMPLE, {"kind": "test"}, "repro.speed.backends.folding"),
        artifacts.key(model, EXAMPLE[..., :4], {"kind": "test"}),
        artifacts.key(model, EXAMPLE.double(), {"kind": "test"}),
    }
    assert len(others) == 5


class Maker:
    """Counts how often a file is made."""

    def __init__(self, content: bytes = b"content") -> None:
        self.made, self.content = 0, content

    def __call__(self, path: Path) -> dict[str, int]:
        self.made += 1
        path.write_bytes(self.content)
        return {"folded": 3}


def test_a_file_is_made_once(tmp_path: Path) -> None:
    make = Maker()
    first = artifacts.obtain(tmp_path / "new", "key", ".bin", make)
    second = artifacts.obtain(tmp_path / "new", "key", ".bin", make)
    assert make.made == 1
    assert not first.cached and second.cached
    assert second.path.read_bytes() == b"content"
    assert second.seconds == first.seconds and second.facts == {"folded": 3}
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["key.bin", "key.json"]


def truncate(folder: Path) -> None:
    (folder / "key.bin").write_bytes(b"cont")


def lose_note(folder: Path) -> None:
    (folder / "key.json").unlink()


def spoil_note(folder: Path) -> None:
    (folder / "key.json").write_text("{")


def empty_note(folder: Path) -> None:
    (folder / "key.json").write_text("[]")


def lose_file(folder: Path) -> None:
    (folder / "key.bin").unlink()


def other_note(folder: Path) -> None:
    note = json.loads((folder / "key.json").read_text())
    (folder / "key.json").write_text(json.dumps({**note, "sha256": "0" * 64}))


DAMAGES = [truncate, lose_note, spoil_note, empty_note, lose_file, other_note]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again(damage: Callable[[Path], None], tmp_path: Path) -> None:
    make = Maker()
    artifacts.obtain(tmp_path, "key", ".bin", make)
    damage(tmp_path)
    again = artifacts.obtain(tmp_path, "key", ".bin", make)
    assert make.made == 2 and not again.cached
    assert again.path.read_bytes() == b"content"
    assert artifacts.obtain(tmp_path, "key", ".bin", make).cached


def test_a_making_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fails(path: Path) -> dict[str, int]:
        path.write_bytes(b"half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        artifacts.obtain(tmp_path, "key", ".bin", fails)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReproError, match="cache cannot keep an exported") as error:
        artifacts.obtain(tmp_path / "file", "key", ".bin", Maker())
    assert "REPRO_CACHE" in error.value.hint


@pytest.mark.parametrize(
    "platform, variables, expected",
    [
        ("linux", {"REPRO_CACHE": "/own"}, "/own"),
        ("linux", {"REPRO_CACHE": "~/own"}, "/home/me/own"),
        ("linux", {}, "/home/me/.cache/pose-repro"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/pose-repro"),
        ("darwin", {"XDG_CACHE_HOME": "/xdg"}, "/home/me/Library/Caches/pose-repro"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/pose-repro"),
        ("win32", {}, "/home/me/AppData/Local/pose-repro"),
    ],
)
def test_the_folder_is_the_users_own(
    platform: str, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPRO_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/me", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert artifacts.folder() == Path(expected)
