"""The weights of a training as files: safetensors with the official names."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch
from torch import nn

import zoo
from repro.checkpoints import matching, reading
from repro.errors import ReproError, RunError
from repro.files import write_whole


def keep(path: Path, model: nn.Module, facts: Mapping[str, str]) -> str:
    """Write a model's weights, whole or not at all, and answer the sha256 of the file.

    `facts` go into the file's metadata as one JSON text, whose order is always the same.
    """
    state = {name: _plain(value) for name, value in zoo.published_state(model).items()}
    data = safetensors.torch.save(state, {"repro": json.dumps(facts, sort_keys=True)})
    try:
        write_whole(path, data)
    except OSError as error:
        raise RunError(
            f"The weights cannot be written to `{path}`: {error.strerror}.",
            "Make room, then run the same command again.",
        ) from error
    return hashlib.sha256(data).hexdigest()


def fill(model: nn.Module, path: Path, partial: bool = False) -> str:
    """Fill a model from any checkpoint, and answer the sha256 of the file."""
    state = reading.read(path)
    matching.load(model, state, partial)
    return state.sha256


def fill_same(model: nn.Module, path: Path, sha256: str) -> None:
    """Fill a model from weights that were kept before, and are what they were."""
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ReproError(
            f"`{path}` is not what the stage before has written.", "Begin anew with --fresh."
        )
    fill(model, path)


def _plain(value: torch.Tensor) -> torch.Tensor:
    found = value.detach().cpu()
    return (found.float() if found.is_floating_point() else found).contiguous().clone()
