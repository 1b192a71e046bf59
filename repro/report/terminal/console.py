"""Speak to the user: the result on stdout, everything else beside it on stderr.

Names that come from files may hold signs that steer a terminal: a line here is one line, and shows
them.
"""

import contextlib
import sys

from repro.report.inert import visible


def put(*lines: object) -> None:
    """Lines of the result, on stdout."""
    for line in lines:
        print(visible(str(line)))


def say(text: str) -> None:
    """A line on stderr; where that is closed or full nobody listens, and the work goes on."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(visible(text), file=sys.stderr)


def listens() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
