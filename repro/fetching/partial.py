"""A file that is not whole yet: `NAME.part`, and beside it where its bytes are from."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro import schema
from repro.errors import ReproError, RunError
from repro.files import sha256, write_whole

if TYPE_CHECKING:
    from repro.fetching.wanted_file import WantedFile


class SourceError(RunError):
    """One source does not give the file; another may."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes of a partial file are from, and of which state of the file they are."""

    address: str
    validator: str = ""
    """the server's strong ETag, or its date of the last change"""
    total: int | None = None
    """bytes of the whole file"""


@dataclass(frozen=True, slots=True)
class Partial:
    """The bytes of a file that are here so far."""

    target: Path
    """where the file belongs"""

    @property
    def path(self) -> Path:
        """The file while it is not whole."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def note(self) -> Path:
        """The small file that keeps the origin."""
        return self.target.with_name(f"{self.target.name}.part.json")

    @property
    def lock(self) -> Path:
        """The file by which one process at a time writes it."""
        return self.target.with_name(f"{self.target.name}.part.lock")

    @property
    def size(self) -> int:
        """Bytes that are here."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def origin(self) -> Origin | None:
        """What was kept of where they are from; None where nothing was, or it cannot be read."""
        try:
            kept = schema.json_file(self.note, limit=2**16)
            origin = Origin(str(kept["address"]), str(kept["validator"]), kept["total"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return origin if origin.total is None or type(origin.total) is int else None

    def keep(self, origin: Origin) -> None:
        """Note where the bytes are from."""
        write_whole(self.note, json.dumps(asdict(origin), sort_keys=True) + "\n")

    def clear(self) -> None:
        """Drop all bytes and what was noted of them."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def settle(self) -> None:
        """Give the whole file its name, on the disk before it has it."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(self.target)
        self.note.unlink(missing_ok=True)


def verified(wanted: "WantedFile", path: Path) -> str:
    """In words what shows that a file is the published one; SourceError where it is not."""
    size = path.stat().st_size
    if wanted.size is not None and size != wanted.size:
        raise SourceError(f"`{wanted.name}` has {size:,} bytes, and should have {wanted.size:,}.")
    if wanted.sha256 is None:
        length = "its length" if wanted.size is None else "its published length"
        return f"no hash is published; {length}{' and the archive' if wanted.archive else ''} agree"
    digest = sha256(path)
    if not digest.startswith(wanted.sha256):
        begins = "" if len(wanted.sha256) == 64 else "begin with "
        raise SourceError(
            f"`{wanted.name}` has the sha256 {digest}, and should {begins or 'have '}"
            f"{wanted.sha256}: the file was removed.",
            "It was damaged on the way, or is not the published one; try again, or another --from.",
        )
    whole = len(wanted.sha256) == 64
    return "sha256 as published" if whole else f"sha256 begins with {wanted.sha256}, as published"


def refuse_page(name: str, start: bytes, cure: str) -> None:
    """Raise SourceError where the bytes that a file begins with are those of a web page."""
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise SourceError(f"A web page came instead of `{name}`.", cure)


def unusable(path: Path, error: OSError, kept: str = "") -> ReproError:
    """The error for a file that the system does not let us write; a full disk is told as such."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskError(f"There is no room left for `{path}`{kept}.", "Free some and go on.")
    return DiskError(f"`{path}` cannot be written: {error.strerror or error}{kept}.")


class DiskError(RunError):
    """The disk does not take a file, whatever the source."""
