"""What an order takes of the disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import ReproError
from repro.fetching import space
from repro.fetching.order import FetchSettings, remote, sources
from repro.fetching.partial import Partial
from repro.fetching.wanted_file import WantedFile


@dataclass(frozen=True, slots=True)
class Need:
    """What an order takes of the disk, as far as the sizes are stated."""

    download: int
    """bytes that are still to come"""
    unpacked: int
    """bytes at least that archives become, and stay"""
    unstated: int
    """files of which no size is stated"""
    free: int
    """bytes"""

    @property
    def room(self) -> int:
        """Bytes that must be free: archives lie there until they are unpacked."""
        return self.download + self.unpacked

    def check(self) -> None:
        """Raise ReproError where there is too little."""
        if self.room > self.free:
            room, there = space.told(self.room), space.told(self.free)
            raise ReproError(
                f"{room} are needed (downloaded and unpacked), and {there} are free.",
                "Free some, name a larger --data, or fetch less.",
            )


def needed(files: Sequence[WantedFile], settings: FetchSettings, data: Path) -> Need:
    """What the files take that are not here yet; what lies in a folder is not downloaded."""
    lacking = [one for one in files if not one.here and sources(one, settings)]
    coming = [one for one in lacking if remote(sources(one, settings)[0])]
    return Need(
        sum(max((one.about or 0) - Partial(one.path).size, 0) for one in coming),
        sum(one.about or 0 for one in lacking if one.archive),
        sum(one.about is None for one in coming),
        space.free(data),
    )
