"""Trainings that take seconds."""

import pytest

from repro.training import choice, table_rows
from repro.training.request import TrainingMachine


def make_tiny(patch: pytest.MonkeyPatch, steps: int) -> None:
    """Small inputs, so many steps, no processes that load."""
    patch.setattr(choice, "SMALL", (64, 64))
    patch.setattr(choice, "SMOKE_STEPS", steps)
    patch.setattr(
        table_rows, "TrainingMachine", lambda *words, **named: TrainingMachine("cpu", workers=0)
    )
