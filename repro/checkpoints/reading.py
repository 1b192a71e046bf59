"""Read a checkpoint file, whoever made it: tensors and nothing else, within bounds, or one error.

Files of torch.save, zipped or of the older kind, pass its weights-only reader, which calls nothing
that the file names; safetensors files hold nothing to call.
"""

import hashlib
import io
import json
import pickle
import pickletools
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import ReproError

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 4 * 2**30
"""Bytes of the largest file that is read, and of all its tensors together."""
AGAIN = "Fetch the file again, and compare its size with the one on its page."

OTHER_FILES = {
    b"<": "is a web page, not a checkpoint",
    b"version https://git-lfs": "is a pointer of git-lfs, not the file itself",
    b"\x1f\x8b": "is a compressed archive, not a checkpoint",
}
"""what downloads end in that went wrong, by how the files begin"""
BROKEN_PICKLE = (pickle.UnpicklingError, ValueError, LookupError, TypeError, AttributeError)
"""What the unpickler trips over; the text of such an error says nothing to a user."""


@dataclass(frozen=True, slots=True)
class State:
    """The named tensors of a checkpoint file, on the CPU, all of finite numbers."""

    file: str
    """the file's name"""
    format: str
    """torch, torch-legacy or safetensors"""
    size: int
    """bytes"""
    sha256: str
    tensors: "Mapping[str, Tensor]"
    others: tuple[str, ...] = ()
    """names beside the tensors whose value is none"""

    def described(self) -> dict[str, object]:
        """For JSON."""
        return {
            "file": self.file,
            "format": self.format,
            "size": self.size,
            "sha256": self.sha256,
            "tensors": len(self.tensors),
            "values": sum(tensor.numel() for tensor in self.tensors.values()),
        }


def read(path: Path, limit: int = LIMIT) -> State:
    """The innermost state dict of a checkpoint file; raise ReproError for anything else."""
    try:
        size = _size(path, limit)
        with path.open("rb") as file:
            kind = _format(path, file.read(512), size)
            sha256 = _sha256(file)
            content = _content(path, kind, file, size)
    except OSError as error:
        raise ReproError(f"`{path}` cannot be read: {error.strerror or error}.") from error
    entries = _unwrapped(path, content)
    tensors = _tensors(path, entries, limit)
    others = tuple(name for name in entries if name not in tensors)
    return State(path.name, kind, size, sha256, tensors, others)


def facts(path: Path) -> Mapping[str, str]:
    """What a training of this program wrote into its file of weights; nothing of any other file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            written = json.loads((file.metadata() or {}).get("repro", "{}"))
    except (SafetensorError, OSError, ValueError):
        return {}
    if not isinstance(written, dict):
        return {}
    return {str(name): value for name, value in written.items() if isinstance(value, str)}


def _size(path: Path, limit: int) -> int:
    if not path.exists():
        raise ReproError(f"There is no file `{path}`.", "`repro weights` says where to get it.")
    if path.is_dir():
        raise ReproError(f"`{path}` is a folder, not a checkpoint.", "Name the file in it.")
    if not path.is_file():
        raise ReproError(f"`{path}` is not a regular file.")
    size = path.stat().st_size
    if not size:
        raise ReproError(f"`{path}` is empty.", AGAIN)
    if size > limit:
        raise ReproError(f"`{path}` has {size:,} bytes; no more than {limit:,} are read.")
    return size


def _format(path: Path, start: bytes, size: int) -> str:
    if start.startswith(b"PK"):
        return "torch"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size:
        return "safetensors"  # though the length of its header may begin as a pickle does
    if start.startswith(b"\x80"):
        return "torch-legacy"
    if path.suffix == ".safetensors":
        return "safetensors"
    if path.suffix == ".onnx":
        raise ReproError(f"`{path}` is an ONNX network of its own, not a checkpoint.")
    texts = (text for mark, text in OTHER_FILES.items() if start.lstrip().startswith(mark))
    what = next(texts, "is no checkpoint of PyTorch or safetensors")
    raise ReproError(f"`{path}` {what}.", "`repro weights` lists the published files and pages.")


def _sha256(file: io.BufferedReader) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def _content(path: Path, kind: str, file: io.BufferedReader, size: int) -> object:
    if kind == "torch":
        _check_zip(path, file, size)
        file.seek(0)
    try:
        if kind == "safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the pickle's protocol, of old storages
            loaded: object = torch.load(file, map_location="cpu", weights_only=True)
        return loaded
    # A broken pickle ends in an error of any kind.
    except Exception as error:
        raise _explained(path, kind, file, error) from error


def _check_zip(path: Path, file: io.BufferedReader, size: int) -> None:
    """Raise unless the archive is as torch.save writes it: uncompressed, no larger than it is."""
    try:
        entries = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ReproError(f"`{path}` is cut short or damaged: {error}.", AGAIN) from error
    names = {entry.filename.rpartition("/")[2] for entry in entries}
    if "constants.pkl" in names:
        raise ReproError(f"`{path}` is a TorchScript program, not a checkpoint.")
    unpacked = sum(entry.file_size for entry in entries)
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or unpacked > size:
        raise ReproError(
            f"`{path}` would unpack to {unpacked:,} bytes from {size:,}; "
            "a checkpoint is stored uncompressed.",
            "Unpack it first if you know what is in it.",
        )
    if "data.pkl" not in names:
        raise ReproError(f"`{path}` is an archive without a checkpoint in it.", AGAIN)


def _explained(path: Path, kind: str, file: io.BufferedReader, error: Exception) -> ReproError:
    """What is wrong with a file that the library did not read."""
    unsafe = re.search(r"GLOBAL ([\w.]+)", str(error))
    name = unsafe[1] if unsafe else _named_by_pickle(file) if kind == "torch-legacy" else None
    if name:
        return ReproError(
            f"`{path}` calls for `{name}`, which tensors do not need; nothing of it was run.",
            "Where you trust it, save its state dict alone: `torch.save(model.state_dict(), ...)`.",
        )
    if kind == "torch-legacy" and isinstance(error, pickle.UnpicklingError):
        return ReproError(f"`{path}` is a pickle, but no checkpoint of torch.save.", AGAIN)
    reason = (str(error).strip().splitlines() or ["it ends early"])[0].rstrip(".")
    if isinstance(error, BROKEN_PICKLE):
        reason = "its pickle does not hold together"
    return ReproError(f"`{path}` is cut short or damaged: {reason:.160}.", AGAIN)


def _named_by_pickle(file: io.BufferedReader) -> str | None:
    """The first global beside torch's own that a bare pickle names; it is scanned, not run."""
    file.seek(0)
    words: list[str] = []
    names: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name in ("GLOBAL", "INST"):
                names.append(str(argument).replace(" ", "."))
            elif opcode.name == "STACK_GLOBAL":
                names.append(".".join(words[-2:]))
            elif isinstance(argument, str):
                words.append(argument)
    except Exception:  # not a whole pickle: what was seen so far counts
        pass
    foreign = (name for name in names if not name.startswith(("torch.", "collections.")))
    return next(foreign, None)


def _unwrapped(path: Path, content: object) -> dict[str, object]:
    """The innermost state dict; training scripts save it under `state_dict`, `model`, ..."""
    from zoo.weights import WRAPPERS

    for _ in range(4):
        if not isinstance(content, Mapping):
            kind = type(content).__name__
            raise ReproError(
                f"`{path}` holds a `{kind}`, not named tensors.",
                "Save a state dict: `torch.save(model.state_dict(), ...)`.",
            )
        inner = (content.get(wrapper) for wrapper in WRAPPERS)
        innermost = next((one for one in inner if isinstance(one, Mapping)), None)
        if innermost is None:
            return {str(name): value for name, value in content.items()}
        content = innermost
    raise ReproError(f"`{path}` is wrapped more than three times.", "Save its state dict alone.")


def _tensors(path: Path, entries: Mapping[str, object], limit: int) -> "dict[str, Tensor]":
    """The tensors among the entries, each dense, finite and no larger than its data."""
    import torch

    kinds = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}
    kinds |= {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
    tensors = {name: value for name, value in entries.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        names = ", ".join(f"`{name:.40}`" for name in list(entries)[:5]) or "nothing"
        raise ReproError(
            f"`{path}` holds no tensors, but {names}.",
            "Save a state dict: `torch.save(model.state_dict(), ...)`.",
        )
    total = 0
    for name, value in tensors.items():
        if value.layout != torch.strided or value.is_meta or value.dtype not in kinds:
            raise ReproError(f"`{path}`: `{name}` is no plain tensor of numbers.")
        needed = value.numel() * value.element_size()
        total += needed
        if needed > value.untyped_storage().nbytes() or total > limit:
            raise ReproError(f"`{path}`: `{name}` claims {needed:,} bytes that are not there.")
        if value.is_floating_point() and not value.isfinite().all():
            raise ReproError(
                f"`{path}`: `{name}` holds values that are NaN or infinite.",
                "Training has diverged; take an earlier checkpoint.",
            )
    return {name: value.detach() for name, value in tensors.items()}
