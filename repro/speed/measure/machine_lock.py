"""One timing run at a time on a machine."""

import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from repro.records import lock

NAME = "repro-timing.lock"


def held(path: Path | None = None) -> AbstractContextManager[None]:
    """Hold the machine's lock; a ReproError if another timing run has it."""
    return lock.held(
        path or Path(tempfile.gettempdir()) / NAME,
        "Another timing run is under way on this machine",
        "Two at once would time each other. Wait for it, or end it.",
    )
