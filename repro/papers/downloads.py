"""The official files of the data sets: where each is, how large, and what it feeds."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from repro import schema
from repro.errors import ReproError, unknown
from repro.papers import folders
from repro.papers.catalogues import gathered
from repro.papers.datasets import DATASETS, REAL, SplitPart

FILE = "downloads.toml"
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
"""what the name of a file ends in that is unpacked"""
PARTS = ("annotations", "images", "boxes", "truth")
UNITS: Mapping[str, int] = {"KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass(frozen=True, slots=True)
class OfficialFile:
    """One file of a data set as its publisher offers it."""

    dataset: str
    part: str
    """one of PARTS"""
    feeds: tuple[str, ...]
    """splits of the data set"""
    name: str
    page: str
    address: str | None = None
    """where it is fetched from; without one it is fetched `by_hand`"""
    by_hand: str = ""
    """what to do on the page"""
    into: str = "."
    """the folder of a file that is no archive, below the data set's"""
    size: str = ""
    """as the page states it, such as `18 GB`; empty where none does"""
    bytes: int | None = None
    """the exact size where it is known"""
    sha256: str | None = None
    licence: str = ""
    note: str = ""
    """what is uncertain about the address"""

    def __post_init__(self) -> None:
        if self.dataset not in REAL:
            raise unknown("data set", self.dataset, REAL)
        if self.part not in PARTS:
            raise unknown("part of a data set", self.part, PARTS)
        for split in self.feeds:
            if split not in DATASETS[self.dataset].splits:
                raise unknown(f"split of {self.dataset}", split, DATASETS[self.dataset].splits)
        if self.size and not re.fullmatch(rf"\d+(\.\d+)? ({'|'.join(UNITS)})", self.size):
            raise ReproError(f"`{self.size}` is no size.", "A size is written as `18 GB`.")
        if (self.address is None) != bool(self.by_hand):
            raise ReproError(f"`{self.name}` needs either an address or what to do by hand.")

    @property
    def archive(self) -> bool:
        """Whether it is unpacked."""
        return self.name.endswith(ARCHIVES)

    @property
    def about(self) -> int | None:
        """Its bytes, exact or as the rounded size says; None where nothing is stated."""
        if self.bytes is not None or not self.size:
            return self.bytes
        number, unit = self.size.split()
        return round(float(number) * UNITS[unit])

    def parts(self) -> list[SplitPart]:
        """What of each split it feeds it is."""
        splits = DATASETS[self.dataset].splits
        return [getattr(splits[split], self.part) for split in self.feeds]

    def images(self) -> int:
        """How many pictures an image folder must hold at least to be whole, as far as known."""
        facts = [DATASETS[self.dataset].facts(split) for split in self.feeds]
        return max((one.images or 0 for one in facts if one), default=0)


@dataclass(frozen=True, slots=True)
class DownloadCatalogue:
    """The file tables/downloads.toml, or that of a user, which adds to it."""

    file: tuple[OfficialFile, ...]
    answers: str = ""
    """what is known of whether the addresses answer"""


def catalogue() -> DownloadCatalogue:
    """The official files of all data sets; ReproError where tables/downloads.toml is wrong."""
    return _catalogue(*folders.files(FILE))


@functools.cache
def _catalogue(path: Path, *others: Path) -> DownloadCatalogue:
    """Ours with what those of a user add; one of theirs that is wrong is left out."""
    return gathered(others, _read(path), _added)


def _added(before: DownloadCatalogue, path: Path) -> DownloadCatalogue:
    return replace(before, file=(*before.file, *_read(path).file))


def _read(path: Path) -> DownloadCatalogue:
    file = folders.shown(path)
    return schema.read(DownloadCatalogue, schema.toml(path, file), file)
