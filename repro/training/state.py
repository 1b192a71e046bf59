"""What a training keeps on disk: how far it is, in checkpoints, and its weights.

Checkpoints are written whole, the last two are kept, damaged ones passed over.

A checkpoint is `step-00001000-<digest>.pt`; the digest of its bytes is in the name, so that a file
that was cut short or altered is known without being opened.
"""

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import safetensors.torch
import torch
from torch import nn

import zoo
from repro.checkpoints import matching, reading
from repro.errors import ReproError, RunError
from repro.files import write_whole

FOLDER = "state"
"""of the checkpoints, below a training's"""
KEPT = 2
NAME = re.compile(r"step-(\d{8,})-([0-9a-f]{16})\.pt")
FORMAT = 1
Row = dict[str, object]
"""one epoch: where it was, mean losses, and what an evaluation after it found"""


@dataclass(frozen=True, slots=True)
class Best:
    """The best weights so far, of a stage or of all."""

    file: str
    sha256: str
    step: int
    metric: str
    """by which they are the best; empty where nothing is evaluated"""
    value: float


@dataclass
class Sums:
    """Losses added up over the steps of an epoch."""

    steps: int = 0
    values: dict[str, float] = field(default_factory=dict)

    def add(self, values: Mapping[str, float]) -> None:
        """One more step."""
        self.steps += 1
        for name, value in values.items():
            self.values[name] = self.values.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """Of the steps so far."""
        return {name: value / self.steps for name, value in self.values.items()}


@dataclass
class TrainState:
    """How far a training is."""

    step: int = 0
    sums: Sums = field(default_factory=Sums)
    """of the epoch that is under way"""
    stage_best: Best | None = None
    best: Best | None = None
    history: list[Row] = field(default_factory=list)

    def described(self) -> dict[str, object]:
        """As a checkpoint can hold it."""
        return asdict(self)

    @staticmethod
    def read(kept: Mapping[str, object]) -> "TrainState":
        """What `described` gave."""
        sums = cast(dict[str, object], kept["sums"])
        return TrainState(
            cast(int, kept["step"]),
            Sums(cast(int, sums["steps"]), cast(dict[str, float], sums["values"])),
            _best(kept["stage_best"]),
            _best(kept["best"]),
            cast(list[Row], kept["history"]),
        )


def _best(kept: object) -> Best | None:
    return None if kept is None else Best(**cast(dict[str, object], kept))  # type: ignore[arg-type]


def save_checkpoint(folder: Path, step: int, content: Mapping[str, object]) -> Path:
    """Write a checkpoint and remove all but the last two; RunError where it cannot be written.

    A failure leaves the checkpoints before it as they are.
    """
    buffer = io.BytesIO()
    torch.save({**content, "format": FORMAT, "step": step}, buffer)
    data = buffer.getvalue()
    path = folder / f"step-{step:08d}-{hashlib.sha256(data).hexdigest()[:16]}.pt"
    try:
        write_whole(path, data)
    except OSError as error:
        known = checkpoints(folder)
        last = f"The last checkpoint is of step {known[-1][0]:,}." if known else "There is none."
        raise RunError(
            f"The checkpoint of step {step:,} cannot be written to `{folder}`: {error.strerror}. "
            f"{last}",
            "Make room, then run the same command again: it goes on from there.",
        ) from error
    for _, old in checkpoints(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(folder: Path) -> tuple[dict[str, object] | None, list[str]]:
    """The content of the newest whole checkpoint, None if there is none; what was passed over."""
    warnings: list[str] = []
    for step, path in reversed(checkpoints(folder)):
        why = ""
        try:
            data = path.read_bytes()
            if NAME.fullmatch(path.name)[2] != hashlib.sha256(data).hexdigest()[:16]:  # type: ignore[index]
                why = "it is cut short or altered"
            else:
                content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
                if content.get("format") == FORMAT:
                    return content, warnings
                why = f"it is of another version of this program ({content.get('format')})"
        except OSError as error:
            why = error.strerror or "it cannot be read"
        warnings.append(f"the checkpoint of step {step:,}, `{path.name}`, is passed over: {why}.")
    return None, warnings


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """Step and file of every checkpoint, oldest first."""
    files = ((NAME.fullmatch(path.name), path) for path in folder.glob("step-*.pt"))
    return sorted((int(name[1]), path) for name, path in files if name)


def clear_checkpoints(folder: Path) -> None:
    """Remove every checkpoint."""
    for _, path in checkpoints(folder):
        path.unlink(missing_ok=True)


def check_same(known: Mapping[str, object], present: Mapping[str, object], folder: Path) -> None:
    """Raise ReproError, naming each difference, unless a checkpoint is of this very training."""
    differing = differences(known, present)
    if differing:
        raise ReproError(
            f"`{folder}` holds another training: {'; '.join(differing)}.",
            "Say what it was started with, choose another folder with --out, or begin anew with "
            "--fresh.",
        )


def differences(known: Mapping[str, object], present: Mapping[str, object]) -> list[str]:
    """`lr was 0.001, is 0.0005`: all that differs."""
    return [
        f"{name} was {_shown(known.get(name))}, is {_shown(present.get(name))}"
        for name in dict.fromkeys((*known, *present))
        if known.get(name) != present.get(name)
    ]


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_shown, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def save_weights(path: Path, model: nn.Module, facts: Mapping[str, str]) -> str:
    """Write a model's weights, whole or not at all, and answer the sha256 of the file.

    `facts` go into the file's metadata as one JSON text, whose order is always the same.
    """
    weights = {name: _plain(value) for name, value in zoo.published_state(model).items()}
    data = safetensors.torch.save(weights, {"repro": json.dumps(facts, sort_keys=True)})
    try:
        write_whole(path, data)
    except OSError as error:
        raise RunError(
            f"The weights cannot be written to `{path}`: {error.strerror}.",
            "Make room, then run the same command again.",
        ) from error
    return hashlib.sha256(data).hexdigest()


def load_weights(
    model: nn.Module, path: Path, partial: bool = False, entry: str | None = None
) -> None:
    """Fill a model from any checkpoint, of several sets of tensors from the one called `entry`."""
    matching.load(model, reading.read(path, entry=entry), partial)


def load_same_weights(model: nn.Module, path: Path, sha256: str) -> None:
    """Fill a model from weights that were kept before, and are what they were."""
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ReproError(
            f"`{path}` is not what the stage before has written.", "Begin anew with --fresh."
        )
    load_weights(model, path)


def _plain(value: torch.Tensor) -> torch.Tensor:
    value = value.detach().cpu()
    return (value.float() if value.is_floating_point() else value).contiguous().clone()
