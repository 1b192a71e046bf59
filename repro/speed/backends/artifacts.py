"""Exported and compiled networks, kept in files from one run to the next.

A file's name is the digest of all that its content depends on, so that a changed network, weight,
version or machine never finds a stale one. Beside each file lies a note with its digest: a file
that does not fit its note, or has none, is made again.
"""

import functools
import hashlib
import inspect
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from repro import env, schema
from repro.errors import ReproError
from repro.files import sha256, temporary_folder, write_whole
from repro.models import registry
from repro.papers.values import Scalar
from repro.records.fingerprint import digest, fingerprint
from repro.records.outside_code import code_of

if TYPE_CHECKING:
    from torch import Tensor, nn

SCHEMA = 1
"""of the notes; another one makes every file again"""
LIBRARIES = ("torch", "timm", "torchvision")
"""whose code a network runs"""


@dataclass(frozen=True)
class Artifact:
    """One file, and what it took to make it."""

    path: Path
    seconds: float
    """that the making took, now or when the file was made"""
    cached: bool
    """whether it was there already"""
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    """what its maker wants to be remembered of it"""


def folder() -> Path:
    """Where artifacts are kept; the temporary folder for a user without a home."""
    return env.cache_folder() or Path(tempfile.gettempdir()) / "pose-repro"


def machine() -> dict[str, Scalar]:
    """What compiled code depends on: the processor and the instructions that torch finds on it."""
    from torch.backends import cpu

    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": env.processor(),
        "instructions": cpu.get_cpu_capability(),
    }


def key(model: "nn.Module", example: "Tensor", what: Mapping[str, Scalar], *modules: str) -> str:
    """The digest of a network with its values, its input's shape, and how it is made into a file.

    `what` names the kind of file, its options, and what else matters: versions, threads, machine;
    `modules` are those of this package whose code makes it.
    """
    parts = {
        "schema": SCHEMA,
        "network": identity(model),
        "shape": list(example.shape),
        "precision": str(example.dtype),
        "code": fingerprint("", *modules),
        "libraries": {name: env.version(name) for name in LIBRARIES},
        **what,
    }
    return digest(parts)


def obtain(
    cache: Path, key: str, suffix: str, make: Callable[[Path], Mapping[str, Scalar]]
) -> Artifact:
    """The file of that key, made by `make(path)` if there is none or if it is damaged.

    The file appears whole or not at all; what `make` raises is passed on. ReproError if the folder
    cannot be written.
    """
    path, note = cache / f"{key}{suffix}", cache / f"{key}.json"
    artifact = _read(path, note)
    if artifact is not None:
        return artifact
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with temporary_folder(cache) as place:
            made = place / path.name
            start = time.perf_counter()
            facts = dict(make(made))
            seconds = time.perf_counter() - start
            content = {"sha256": sha256(made), "seconds": seconds, "facts": facts}
            note.unlink(missing_ok=True)  # no moment has a new file beside an old note
            os.replace(made, path)  # noqa: PTH105
            write_whole(note, json.dumps(content, sort_keys=True) + "\n")
    except OSError as error:
        raise ReproError(
            f"The cache cannot keep an exported network: {error.strerror}.",
            f"It is `{cache}`; set REPRO_CACHE to a folder that can be written and has room.",
        ) from error
    return Artifact(path, seconds, False, facts)


def _read(path: Path, note: Path) -> Artifact | None:
    """A kept file, if it is what its note says."""
    try:
        known = schema.json_file(note)
        if sha256(path) != known["sha256"]:
            return None
        return Artifact(path, float(known["seconds"]), True, dict(known["facts"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def identity(model: "nn.Module") -> str:
    """A digest of what a network computes: its modules, their settings and code, its values."""
    hashed = hashlib.sha256()
    sources = set()
    for name, module in model.named_modules(remove_duplicate=False):
        settings = {
            key: _plain(value)
            for key, value in sorted(vars(module).items())
            if not key.startswith("_") and key != "training"
        }
        hashed.update(json.dumps([name, _name(type(module)), settings]).encode())
        sources |= {base.__module__ for base in type(module).__mro__}
    hashed.update(json.dumps([_source(name) for name in sorted(sources)]).encode())
    for name, tensor in _tensors(model):
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(_bytes(tensor))
    return hashed.hexdigest()


def _tensors(model: "nn.Module") -> Iterator[tuple[str, "Tensor"]]:
    yield from model.named_parameters(remove_duplicate=False)
    yield from model.named_buffers(remove_duplicate=False)


def _bytes(tensor: "Tensor") -> bytes:
    import torch

    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def _plain(value: object) -> object:
    """A setting of a module as something that is the same in every process."""
    import torch

    if value is None or isinstance(value, bool | int | float | str | torch.dtype | torch.device):
        return str(value)
    if isinstance(value, torch.Tensor):
        return [str(value.dtype), list(value.shape), hashlib.sha256(_bytes(value)).hexdigest()]
    if isinstance(value, tuple | list | set | frozenset):
        parts = [_plain(part) for part in value]
        return sorted(parts, key=str) if isinstance(value, set | frozenset) else parts
    if isinstance(value, Mapping):
        return [[str(key), _plain(part)] for key, part in value.items()]
    if isinstance(value, functools.partial):
        return [_plain(value.func), _plain(value.args), _plain(value.keywords)]
    cells = [_plain(cell.cell_contents) for cell in getattr(value, "__closure__", None) or ()]
    return [_name(value if hasattr(value, "__qualname__") else type(value)), *cells]


def _name(thing: object) -> str:
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"


@functools.cache
def _source(module: str) -> str:
    """A digest of a module's code, with those of the zoo that it imports."""
    if module.startswith("zoo.") or registry.of_module(module):
        return code_of(module)
    try:
        path = inspect.getsourcefile(sys.modules[module])
        return sha256(Path(path)) if path else ""
    except (KeyError, TypeError, OSError):
        return ""
