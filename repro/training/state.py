"""Checkpoints of a training: written whole, the last two kept, damaged ones passed over.

A checkpoint is `step-00001000-<digest>.pt`; the digest of its bytes is in the name, so that a file
that was cut short or altered is known without being opened.
"""

import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path

import torch

from repro.errors import ReproError, RunError
from repro.files import write_whole

KEPT = 2
NAME = re.compile(r"step-(\d{8,})-([0-9a-f]{16})\.pt")
FORMAT = 1


def save(folder: Path, step: int, content: Mapping[str, object]) -> Path:
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


def load(folder: Path) -> tuple[dict[str, object] | None, list[str]]:
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
    found = ((NAME.fullmatch(path.name), path) for path in folder.glob("step-*.pt"))
    return sorted((int(name[1]), path) for name, path in found if name)


def clear(folder: Path) -> None:
    """Remove every checkpoint."""
    for _, path in checkpoints(folder):
        path.unlink(missing_ok=True)


def check_same(known: Mapping[str, object], own: Mapping[str, object], folder: Path) -> None:
    """Raise ReproError, naming each difference, unless a checkpoint is of this very training."""
    differing = differences(known, own)
    if differing:
        raise ReproError(
            f"`{folder}` holds another training: {'; '.join(differing)}.",
            "Say what it was started with, choose another folder with --out, or begin anew with "
            "--fresh.",
        )


def differences(known: Mapping[str, object], own: Mapping[str, object]) -> list[str]:
    """`lr was 0.001, is 0.0005`: all that differs."""
    return [
        f"{name} was {_shown(known.get(name))}, is {_shown(own.get(name))}"
        for name in dict.fromkeys((*known, *own))
        if known.get(name) != own.get(name)
    ]


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_shown, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)
