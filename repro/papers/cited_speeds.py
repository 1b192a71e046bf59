"""Times that others have published of networks, as `tables/cited_speeds.toml` lists them.

They are cited beside what a paper says of an order, and are no measurement of ours.
"""

import math
from dataclasses import dataclass

from repro import schema
from repro.errors import ReproError
from repro.papers import folders

FILE = "cited_speeds.toml"


@dataclass(frozen=True, slots=True)
class CitedNetwork:
    """One network of a source."""

    network: str
    """the zoo's name, or a pattern where the source does not say which"""
    ms: float | None = None
    """of an inference; None where the source has no number"""


@dataclass(frozen=True, slots=True)
class CitedTiming:
    """Networks that somebody else timed on one device, in one way."""

    on: str
    """device, and how"""
    source: str
    networks: tuple[CitedNetwork, ...]
    equal: bool = False
    """whether the source says, without numbers, that they take the same time"""

    def __post_init__(self) -> None:
        times = [one.ms for one in self.networks]
        if len(times) < 2:
            raise ReproError(f"`{self.on}` has {len(times)} networks.", "An order needs two.")
        if any((ms is None) != self.equal for ms in times):
            raise ReproError(
                f"`{self.on}` needs `ms` of every network, or `equal = true` and none.",
                "A source either has numbers or says that there is no difference.",
            )
        wrong = next((ms for ms in times if ms is not None and not 0 < ms < math.inf), None)
        if wrong is not None:
            raise ReproError(f"`{self.on}` has the time {wrong:g}.", "It must be above 0.")


@dataclass(frozen=True, slots=True)
class _CitedFile:
    timings: tuple[CitedTiming, ...]


def cited() -> tuple[CitedTiming, ...]:
    """The timings of the file; none where the folder of tables has no such file."""
    path = folders.tables_dir() / FILE
    if not path.exists():
        return ()
    return schema.read(_CitedFile, schema.toml(path, FILE), FILE).timings
