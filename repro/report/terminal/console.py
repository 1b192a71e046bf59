"""Speak to the user beside the result."""

import contextlib
import sys


def say(text: str) -> None:
    """A line on stderr; where that is closed or full nobody listens, and the work goes on.

    Names that come from files may hold signs that move a terminal's cursor: they are replaced.
    """
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(plain(text), file=sys.stderr)


def plain(text: str) -> str:
    """Text without signs that a terminal obeys."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for sign in text
    )


def listens() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
