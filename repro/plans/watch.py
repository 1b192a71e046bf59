"""Who is told how far the runs of a plan are."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

SIDE_BY_SIDE = "runs"
"""the kind of a phase in which runs of all kinds go on at once"""


class Progress(Protocol):
    """Told of what was finished."""

    def __call__(self, count: int = 1, now: str = "") -> None:
        """So many more things are finished; what is done now."""

    def start(self, done: int) -> None:
        """So many were finished before."""


class RunWatch(Protocol):
    """Who is told how far the runs are."""

    def phase(self, kind: str, count: int) -> AbstractContextManager[object]:
        """So many runs of a kind follow."""

    def run(self, name: str, total: int, unit: str) -> AbstractContextManager[Progress]:
        """A run is made, which takes so many things."""

    def became(self, name: str, state: str) -> None:
        """A run is `cached`, `done` or `failed`."""

    def working(self, names: Sequence[str]) -> None:
        """These runs are made now, side by side."""

    def trained(self, folder: Path) -> None:
        """A training has ended, or was interrupted; its folder has what there is to show of it."""

    def say(self, text: str) -> None:
        """What a user should know."""


class Silent:
    """Told everything, says nothing."""

    def phase(self, kind: str, count: int) -> AbstractContextManager[object]:
        """So many runs of a kind follow."""
        return nullcontext()

    def run(self, name: str, total: int, unit: str) -> AbstractContextManager[Progress]:
        """A run is made."""
        return nullcontext(_Deaf())

    def became(self, name: str, state: str) -> None:
        """A run is cached, done or failed."""

    def working(self, names: Sequence[str]) -> None:
        """These runs are made now, side by side."""

    def trained(self, folder: Path) -> None:
        """A training has ended, or was interrupted."""

    def say(self, text: str) -> None:
        """What a user should know."""


class _Deaf:
    def __call__(self, count: int = 1, now: str = "") -> None: ...

    def start(self, done: int) -> None: ...
