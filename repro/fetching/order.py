"""Carry out an order: fetch file after file, from the first source that has it, and unpack."""

import contextlib
import errno
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from repro.errors import ReproError
from repro.fetching.download import Patience, Tell, download
from repro.fetching.partial import Partial, SourceError, unusable, verified
from repro.fetching.unpacking import unpack
from repro.records import lock

if TYPE_CHECKING:
    from repro.fetching.wanted_file import WantedFile


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """From where, and what becomes of archives."""

    sources: tuple[str, ...] = ()
    """mirrors that are tried first, in order: the beginnings of addresses, or folders"""
    offline: bool = False
    """whether no connection is made; folders serve all the same"""
    keep_archives: bool = False
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        for source in self.sources:
            if "://" in source and not remote(source):
                raise ReproError(
                    f"`{source}` is no address.", "Mirrors are http, https or folders."
                )
            if "://" not in source and not Path(source).is_dir():
                raise ReproError(f"There is no folder `{source}`.", "See --from.")
        if self.offline and all(map(remote, self.sources)):
            raise ReproError(
                "Offline: nothing is fetched from an address.",
                "Leave --offline (or REPRO_OFFLINE) out, or name a folder: --from DIR.",
            )


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that is here now."""

    wanted: "WantedFile"
    source: str
    shown: str
    """in words what shows that it is the published one"""


@dataclass
class Fetched:
    """What became of an order."""

    done: list[FetchedFile] = field(default_factory=list)
    failures: dict[str, ReproError] = field(default_factory=dict)
    """name of a file -> why it did not come"""


def fetch(files: "Sequence[WantedFile]", settings: FetchSettings, tell: Tell) -> Fetched:
    """Fetch the files that are not here yet, one after another; one that fails stops no other.

    Files without an address come from a mirror that has them, or are left out.
    """
    outcome = Fetched()
    for wanted in files:
        if wanted.here or not sources(wanted, settings):
            continue
        try:
            outcome.done.append(_one(wanted, settings, tell))
        except ReproError as error:
            outcome.failures[wanted.name] = error
    return outcome


def tidy(files: "Sequence[WantedFile]") -> None:
    """Remove what a killed process left of files that it had unpacked, or placed, already."""
    for wanted in files:
        partial = Partial(wanted.path)
        left = (partial.path, partial.note, partial.lock)
        if not wanted.here or not any(path.exists() for path in left):
            continue
        with contextlib.suppress(ReproError, OSError), lock.held(partial.lock, "", ""):
            partial.clear()
            partial.lock.unlink(missing_ok=True)


def sources(wanted: "WantedFile", settings: FetchSettings) -> list[str]:
    """Where a file may come from, the first to be tried first: addresses and paths."""
    found: list[str] = []
    for source in settings.sources:
        if remote(source):
            found.append(f"{source.rstrip('/')}/{quote(wanted.name)}")
        elif (Path(source) / wanted.name).is_file():
            found.append(str(Path(source) / wanted.name))
    found += [wanted.address] if wanted.address else []
    return [one for one in found if not (settings.offline and remote(one))]


def remote(source: str) -> bool:
    """Whether a source is an address, not a file or folder of this machine."""
    return source.lower().startswith(("http://", "https://"))


def _one(wanted: "WantedFile", settings: FetchSettings, tell: Tell) -> FetchedFile:
    """One file, from the first source that gives it whole."""
    partial = Partial(wanted.path)
    try:
        wanted.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(wanted.folder, error) from error
    cure = "Wait for it; then the same command finds the file there, or goes on."
    with lock.held(partial.lock, f"`{wanted.name}` is being fetched already", cure):
        errors: list[SourceError] = []
        for source in sources(wanted, settings):
            try:
                shown = _from(source, wanted, partial, settings, tell)
            except SourceError as error:
                errors.append(error)
            else:
                partial.lock.unlink(missing_ok=True)
                return FetchedFile(wanted, source, shown)
        if partial.size == 0:
            partial.lock.unlink(missing_ok=True)
    raise SourceError(" ".join(map(str, errors)), errors[-1].hint)


def _from(
    source: str, wanted: "WantedFile", partial: Partial, settings: FetchSettings, tell: Tell
) -> str:
    """Fetch, verify, and unpack or place; in words what shows that it is the published file."""
    if not remote(source):
        return _from_folder(Path(source), wanted, partial, tell)
    download(source, wanted, partial, tell, settings.patience)
    try:
        shown = verified(wanted, partial.path)
        if wanted.archive:
            _unpack(partial.path, wanted, tell)
    except SourceError:
        partial.clear()
        raise
    if wanted.archive and not settings.keep_archives:
        partial.clear()
    else:
        partial.settle()
    return shown


def _from_folder(source: Path, wanted: "WantedFile", partial: Partial, tell: Tell) -> str:
    """The same from a file of this machine, which stays."""
    try:
        shown = verified(wanted, source)
        if wanted.archive:
            _unpack(source, wanted, tell)
            return shown
        partial.clear()
        _link_or_copy(source, partial.path)
        partial.settle()
    except OSError as error:
        raise unusable(wanted.path, error) from error
    return shown


def _link_or_copy(source: Path, path: Path) -> None:
    """A hard link where both lie on one disk; else a copy."""
    try:
        os.link(source.resolve(), path)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EACCES):
            raise
        shutil.copyfile(source, path)


def _unpack(archive: Path, wanted: "WantedFile", tell: Tell) -> None:
    unpack(
        archive,
        wanted.name,
        wanted.folder,
        lambda written: tell(f"{wanted.name}, unpacked", written, None),
    )
