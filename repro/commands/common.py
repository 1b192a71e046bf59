"""What the commands share: how they read words, and where they print."""

import dataclasses
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from repro.report.terminal.console import say

if TYPE_CHECKING:
    from repro.errors import ReproError
    from repro.evaluation.request import EvaluationRequest
    from repro.papers.values import Size
    from repro.records.remarks import Remark
    from repro.records.store import Store
    from repro.report.terminal.screen import Screen

SCHEMA = 1
"""of what `emit` prints"""


def emit(command: str, **values: object) -> None:
    """The result as one JSON object on stdout, records in their plain form, with their digest."""
    from repro.records.plain_form import written
    from repro.records.record import Record

    def plain(value: object) -> object:
        return written(value) if isinstance(value, Record) else dataclasses.asdict(value)  # type: ignore[call-overload]

    print(json.dumps({"schema": SCHEMA, "command": command, **values}, default=plain))


def console() -> "Screen":
    """Where tables are printed: as wide as they need unless it is a terminal."""
    from repro.report.terminal.screen import Screen

    return Screen()


def size_of(text: str | None) -> "Size | None":
    """`256x192` -> (256, 192); None where nothing is given."""
    from repro.papers.lookup import parse_size

    return parse_size(text) if text else None


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


def tell(remarks: "Iterable[Remark]") -> None:
    """Say once what a reader must know of the inputs."""
    for text in dict.fromkeys(map(str, remarks)):
        say(f"note: {text}")


def tell_file(request: "EvaluationRequest") -> None:
    """Say of an exported file what it is taken for, and who says so."""
    if request.file_facts:
        facts = (f"{name} {fact}" for name, fact in request.file_facts.items())
        say(f"file {request.file.name}: {' · '.join(facts)}")
