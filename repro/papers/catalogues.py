"""Catalogues in `tables/`, to which files in a user's own folders add."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from repro.errors import ReproError
from repro.papers import folders

T = TypeVar("T")


def gathered(paths: Iterable[Path], start: T, add: Callable[[T, Path], T]) -> T:
    """What `add` makes of the start with each file in turn; a user's that is wrong is left out.

    ReproError where ours is wrong.
    """
    whole = start
    for path in paths:
        try:
            whole = add(whole, path)
        except ReproError as error:
            if path.parent == folders.tables_dir():
                raise
            folders.leave_out(str(path), ReproError(f"It is left out: {error}", error.hint))
    return whole
