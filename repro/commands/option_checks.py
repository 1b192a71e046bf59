"""What is asked of the values of options before a command begins."""

import math
from pathlib import Path
from typing import TypeVar

import typer

Named = TypeVar("Named", str, Path, Path | None)
Checkpoints = TypeVar("Checkpoints", Path | None, list[Path] | None)


def looked_at(word: Named) -> Named:
    """A model or a file of a network, whose loops end; ReproError for one whose do not.

    It is asked before the libraries are loaded that take seconds. Meanwhile the process starts that
    runs such files.
    """
    from repro.exported.opening import is_network_file

    path = Path(str(word))
    if word is not None and is_network_file(path.name) and path.is_file():
        from repro.exported import host, loops

        loops.checked(path)
        host.begin()
    return word


def screened(given: Checkpoints) -> Checkpoints:
    """Checkpoint files, of which none is hostile or broken in what is told at once of it.

    It is asked before the libraries are loaded that take seconds; ReproError says what is wrong.
    """
    from repro.checkpoints import screening

    for path in given if isinstance(given, list) else [given]:
        if path is not None:
            screening.check(path)
    return given


def finite(value: float | None) -> float | None:
    """A number of the command line; the range of an option lets `nan` pass."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number.")
    return value
