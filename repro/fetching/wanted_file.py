"""One file that may be fetched: a part of a data set, or a network's published weights."""

import os
from dataclasses import dataclass
from pathlib import Path

from repro.papers import checkpoint_catalogue
from repro.papers.checkpoint_catalogue import Checkpoint
from repro.papers.datasets import DATASETS, SplitPart
from repro.papers.downloads import OfficialFile
from repro.records.runs import weights_name


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A file, how it is told from others, and where it belongs in a data folder."""

    name: str
    what: str
    """for a person: `coco images`, `hrnet_w32 256x192 coco`"""
    folder: Path
    """the folder that it lies in, or is unpacked into"""
    page: str
    address: str | None = None
    """None where it is fetched by hand"""
    by_hand: str = ""
    """what to do on the page"""
    size: int | None = None
    """bytes, exact"""
    about: int | None = None
    """bytes, exact or rounded as the page has them; None where nothing is stated"""
    sha256: str | None = None
    """the digest, or as many first digits of it as are published"""
    archive: bool = False
    """whether it is unpacked"""
    licence: str = ""
    feeds: tuple[str, ...] = ()
    """splits, or the data set that weights were trained on"""
    note: str = ""
    """what is uncertain about it"""
    here: bool = False
    """whether what it holds lay there already when this was made"""

    @property
    def path(self) -> Path:
        """Where the file itself lies."""
        return self.folder / self.name

    @property
    def cure(self) -> str:
        """How it is come by without an address."""
        step = self.by_hand or "Fetch it from there by hand."
        place = f"Put it at `{self.path}`." if not self.archive else ""
        return " ".join(filter(None, (f"{self.page}: {step}", place)))


def data_file(entry: OfficialFile, data: Path) -> WantedFile:
    """A file of a data set, as it belongs below `data`."""
    home = data / DATASETS[entry.dataset].folder
    return WantedFile(
        entry.name,
        f"{entry.dataset} {entry.part}",
        home if entry.archive else home / entry.into,
        entry.page,
        entry.address,
        entry.by_hand,
        entry.bytes,
        entry.about,
        entry.sha256,
        entry.archive,
        entry.licence,
        entry.feeds,
        entry.note,
        data_is_here(entry, data),
    )


def data_is_here(entry: OfficialFile, data: Path) -> bool:
    """Whether all that a file feeds lies below `data`, in any of the layouts that are read."""
    roots = (data / DATASETS[entry.dataset].folder, data)
    least = entry.images() if entry.part == "images" else 0
    return all(any(_lies(root, part, least) for root in roots) for part in entry.parts())


def _lies(root: Path, part: SplitPart, least: int) -> bool:
    paths = (root / name for name in part.paths)
    return any(path.is_file() or (path.is_dir() and _holds(path, least)) for path in paths)


def _holds(folder: Path, least: int) -> bool:
    with os.scandir(folder) as entries:
        return sum(1 for _ in entries) >= max(least, 1)


def weights_file(entry: Checkpoint, data: Path) -> WantedFile:
    """Published weights, as they belong below `data`."""
    size = f"{entry.input[0]}x{entry.input[1]}"
    name = entry.file or f"{weights_name(entry.model, entry.input, entry.dataset)}.pth"
    found = None
    if data.is_dir():
        found = checkpoint_catalogue.find(data, entry.model, entry.dataset, entry.input, name)
    return WantedFile(
        name,
        f"{entry.model} {size} {entry.dataset}",
        data / "weights",
        entry.page,
        entry.address,
        "" if entry.address else "The page leads to the file; fetch it by hand.",
        entry.size,
        entry.size,
        entry.sha256 or entry.sha256_begins,
        licence=entry.licence or "",
        feeds=(entry.dataset,),
        note="Another training than printed rows quote." if entry.another_training else "",
        here=found is not None,
    )
