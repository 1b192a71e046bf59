"""What a command left behind, for the fixture `repro` and its users."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""of the checkout"""
COST = ("--metric", "params,macs")


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


def parsed(text: str) -> dict[str, object]:
    """The one JSON object on stdout."""
    data = json.loads(text)
    assert isinstance(data, dict)
    assert data["schema"] == 1
    return data
