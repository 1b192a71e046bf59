"""Files that are no checkpoint, or a bad one: one sentence, and nothing of them is run."""

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from repro.checkpoints.reading import read
from repro.errors import ReproError

TENSORS = {f"layer{index}.weight": torch.full((8, 8), float(index)) for index in range(9)}


def saved(folder: Path, content: object, name: str = "some.pth", zipped: bool = True) -> Path:
    path = folder / name
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


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
    "state pickle": (
        lambda path: path.write_bytes(pickle.dumps(TENSORS, 4)),
        "is a pickle, but no checkpoint",
    ),
    "calling pickle": (
        lambda path: path.write_bytes(pickle.dumps({"a": Calls()}, 4)),
        "calls for `posix.mkdir`",
    ),
    "bomb": (
        lambda path: zipped(path, zipfile.ZIP_DEFLATED, data_pkl=bytes(10_000_000)),
        "would unpack to 10,000,000 bytes from",
    ),
    "claim": (oversized, "would unpack to 2,147,48"),
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
def test_a_file_cut_short_is_told(tmp_path: Path, kind: str, share: float) -> None:
    from safetensors.torch import save_file

    path = tmp_path / ("some.safetensors" if kind == "safetensors" else "some.pth")
    if kind == "safetensors":
        save_file(TENSORS, path)
    else:
        saved(tmp_path, TENSORS, zipped=kind == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ReproError, match="is cut short or damaged"):
        read(path)


def test_a_header_whose_length_begins_as_a_pickle_does_is_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "some.safetensors"
    for length in range(0, 256, 8):  # headers are padded to multiples of 8
        save_file(TENSORS, path, {"note": "x" * length})
        if path.read_bytes().startswith(b"\x80"):
            assert set(read(path).tensors) == set(TENSORS)
            return
    pytest.fail("no header had such a length")


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = saved(tmp_path, TENSORS)
    with pytest.raises(ReproError, match=r"bytes; no more than 1,000 are read"):
        read(path, limit=1000)
    shared = torch.zeros(1000)
    many = saved(tmp_path, {str(index): shared for index in range(1000)}, "many.pth")
    with pytest.raises(ReproError, match="claims 4,000 bytes"):
        read(many, limit=10**6)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, TENSORS)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(ReproError, match="cannot be read: Permission denied"):
        read(path)
