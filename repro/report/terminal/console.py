"""Speak to the user beside the result."""

import contextlib
import sys


def say(text: str) -> None:
    """A line on stderr; where that is closed or full nobody listens, and the work goes on."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(text, file=sys.stderr)


def listens() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
