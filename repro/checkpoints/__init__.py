"""Checkpoint files: read without running what they hold, matched to a network, loaded, reported."""

from repro.checkpoints.inspection import Report, report
from repro.checkpoints.matching import Match, load
from repro.checkpoints.reading import State, read

__all__ = ["Match", "Report", "State", "load", "read", "report"]
