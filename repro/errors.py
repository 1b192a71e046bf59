"""What can go wrong for a user, each with its exit code.

ReproError            2   bad input: the message names the value, the hint the cure
├── IncomparableError 5   two results that cannot be held against each other
├── RunError          6   one run failed, the finished ones are kept
└── StoreError        2   a record cannot be read or written
"""

import difflib
from collections.abc import Iterable, Sequence


class ReproError(Exception):
    """A user's mistake or a broken file: one sentence of fact, one of what to do."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class IncomparableError(ReproError):
    """Two results are of different things."""

    exit_code = 5


class RunError(ReproError):
    """A run failed; what was finished before it is kept."""

    exit_code = 6


class StoreError(ReproError):
    """A record could not be written or removed."""


def unknown(what: str, word: str, valid: Iterable[str]) -> ReproError:
    """The error for a name that does not exist: near matches if there are any, else all names."""
    names = list(valid)
    lowered = {name.lower(): name for name in names}
    near = [lowered[n] for n in difflib.get_close_matches(word.lower(), lowered, n=3, cutoff=0.6)]
    if near:
        hint = f"Did you mean {' or '.join(f'`{name}`' for name in near)}?"
        if len(names) <= 12:
            hint += f" There are: {', '.join(names)}."
    else:
        hint = f"There are: {', '.join(names)}." if names else "There are none."
    return ReproError(f"There is no {what} `{word}`.", hint)


def names_among(what: str, names: Iterable[str], valid: Iterable[str]) -> set[str]:
    """The names, each of which must be valid."""
    chosen, known = set(names), list(valid)
    for name in sorted(chosen.difference(known)):
        raise unknown(what, name, known)
    return chosen


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`; empty for none."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
