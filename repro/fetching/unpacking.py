"""Unpack an archive into a folder: never beside it, never more than it may hold, whole or not."""

import errno
import filecmp
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from repro.fetching.partial import DiskError, SourceError, unusable
from repro.files import temporary_folder

MOST_ENTRIES = 500_000
MOST_TIMES = 50
"""the size of the archive that what is in it may have; pictures take 1, annotations about 5"""
LEAST_LIMIT = 2**20
"""bytes that any archive may hold"""
PIECE = 2**20
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error),
    *(lzma.LZMAError, struct.error, EOFError, OverflowError, RuntimeError, ValueError),
)
"""what the readers of archives raise where one is damaged, encrypted or of an unknown kind"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder in an archive, with what gives its bytes."""

    name: str
    folder: bool
    plain: bool
    """whether it is a file or folder, not a link or device"""
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, name: str, target: Path, tell: Callable[[int], None]) -> None:
    """Unpack an archive, which is called `name`, into a folder; tell the bytes written so far.

    Nothing appears in the folder before all of it is unpacked and its checksums agree; files that
    are there with the same content stay. SourceError for an archive that is damaged or unsafe,
    DiskError where the disk does not take it; then the folder is as it was.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        with temporary_folder(target) as scratch:
            _extract(archive, name, scratch, tell)
            _settle(scratch, target, name)
    except BROKEN as error:
        raise _broken(name, error) from error
    except OSError as error:
        if error.errno in (None, errno.EINVAL):  # of a reader, not of the system
            raise _broken(name, error) from error
        if isinstance(error, FileExistsError | IsADirectoryError | NotADirectoryError):
            raise _unsafe(name, "one name for a file and a folder") from error
        raise unusable(target, error) from error


def _extract(archive: Path, name: str, scratch: Path, tell: Callable[[int], None]) -> None:
    limit = max(LEAST_LIMIT, MOST_TIMES * archive.stat().st_size)
    seen: set[str] = set()
    written = 0
    for count, entry in enumerate(_entries(archive, name)):
        path = _inside(entry.name, name)
        if count >= MOST_ENTRIES:
            raise _unsafe(name, f"more than {MOST_ENTRIES:,} entries")
        if not entry.plain:
            raise _unsafe(name, f"`{entry.name:.80}`, which is a link or a device")
        if entry.folder:
            (scratch / path).mkdir(parents=True, exist_ok=True)
            continue
        if str(path).lower() in seen:
            raise _unsafe(name, f"`{entry.name:.80}` twice")
        seen.add(str(path).lower())
        (scratch / path).parent.mkdir(parents=True, exist_ok=True)
        with entry.open() as source, (scratch / path).open("xb") as file:
            while piece := source.read(PIECE):
                written += len(piece)
                if written > limit:
                    raise _unsafe(name, f"more than {limit:,} bytes, {MOST_TIMES} times its size")
                file.write(piece)
                tell(written)
    if not seen:
        raise SourceError(f"`{name}` holds no file.", "Fetch it again.")


def _entries(archive: Path, name: str) -> Iterator[Entry]:
    if name.endswith(".zip"):
        with zipfile.ZipFile(archive) as whole:
            for info in whole.infolist():
                yield _zipped(whole, info)
    else:
        packed = not name.endswith(".tar")
        with (
            gzip.open(archive) if packed else archive.open("rb") as file,
            tarfile.open(fileobj=file, mode="r|") as stream,
        ):
            for member in stream:
                yield _tarred(stream, member)
            while file.read(PIECE):
                pass  # to the end, where the checksum of the compressed stream is


def _zipped(whole: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
    return Entry(info.orig_filename, info.is_dir(), plain, lambda: whole.open(info))


def _tarred(stream: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    def opened() -> IO[bytes]:
        file = stream.extractfile(member)
        assert file is not None
        return file

    plain = member.isreg() or member.isdir()
    return Entry(member.name, member.isdir(), plain, opened)


def _inside(entry: str, name: str) -> PurePosixPath:
    """The path of an entry below the folder; SourceError for one that leads out of it."""
    path = PurePosixPath(entry)
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    if outside or "\\" in entry or ":" in path.parts[0] or "\0" in entry or not entry.isprintable():
        raise _unsafe(name, f"`{entry!r:.80}`, which leads out of its folder")
    return path


def _settle(scratch: Path, target: Path, name: str) -> None:
    """Move what was unpacked into the folder, unless a file of other content is in the way."""
    for path in sorted(scratch.rglob("*")):
        there = target / path.relative_to(scratch)
        if there.is_symlink() or (there.exists() and there.is_dir() != path.is_dir()):
            raise DiskError(f"`{there}` is in the way of `{name}`.", "Move it, and go on.")
        if path.is_file() and there.exists() and not filecmp.cmp(path, there, shallow=False):
            raise DiskError(
                f"`{there}` has another content than in `{name}`; nothing was changed.",
                "Move it, and go on.",
            )
    _merge(scratch, target)


def _merge(source: Path, target: Path) -> None:
    """Folders that are not there yet are moved whole."""
    for path in sorted(source.iterdir()):
        there = target / path.name
        if not there.exists():
            path.rename(there)
        elif path.is_dir():
            _merge(path, there)


def _broken(name: str, error: Exception) -> SourceError:
    words = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return SourceError(f"`{name}` cannot be unpacked: {words:.160}.", "Fetch it again.")


def _unsafe(name: str, what: str) -> SourceError:
    return SourceError(
        f"`{name}` holds {what}: it is not what is published, and was not unpacked.",
        "Try another --from, or fetch it by hand.",
    )
