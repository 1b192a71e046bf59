"""What the commands share: their options, and where they print."""

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from repro.report.terminal.console import say as say

if TYPE_CHECKING:
    from rich.console import Console

    from repro.errors import ReproError
    from repro.records.store import Store

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Paper = Annotated[str, typer.Argument(help="paper1 ... paper4, or a short name; see `repro list`.")]
TableName = Annotated[str, typer.Argument(help="table1, 1 or I.")]
StoreDir = Annotated[
    Path, typer.Option("--store", envvar="REPRO_STORE", help="Folder of the records.")
]
Metric = Annotated[str, typer.Option(help="Only these, as in `params,macs`.")]
RowPattern = Annotated[str | None, typer.Option("--row", help="Only rows like `LPN*`.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data", envvar="REPRO_DATA", help="Folder with coco, crowdpose, mpii, synth."),
]
RECORDS = Path("records")


def emit(command: str, **values: object) -> None:
    """The result as one JSON object on stdout."""
    print(json.dumps({"schema": 1, "command": command, **values}))


def console() -> "Console":
    """Where results are printed: as wide as they need unless it is a terminal."""
    from rich.console import Console

    terminal = sys.stdout is not None and sys.stdout.isatty()
    return Console(width=None if terminal else 300, highlight=False)


def names_of(text: str) -> list[str]:
    """`a,b` -> [a, b]."""
    return [name.strip() for name in text.split(",") if name.strip()]


def complain(error: "ReproError") -> None:
    """A sentence of fact, and one of cure where there is one."""
    say(f"error: {error}")
    if error.hint:
        say(f"       {error.hint}")


def warn(store: "Store") -> None:
    """Name the broken records that were met."""
    for warning in dict.fromkeys(store.warnings):
        say(f"warning: {warning}")


def finite(value: float | None) -> float | None:
    """A number of the command line; the range of an option lets `nan` pass."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no finite number.")
    return value
