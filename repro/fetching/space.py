"""How much room there is on a disk."""

import shutil
from pathlib import Path

from repro.fetching.partial import DiskError


def free(folder: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    existing = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return shutil.disk_usage(existing).free


def check(path: Path, bytes: int) -> None:
    """Raise DiskError unless so many bytes more fit where a file is to lie."""
    room = free(path.parent)
    if bytes > room:
        raise DiskError(
            f"`{path.name}` takes {told(bytes)} more, and {told(room)} are free.",
            "Free some and go on.",
        )


def told(bytes: int) -> str:
    """`18 GB`, `241 MB`, `2.7 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if bytes >= size:
            number = bytes / size
            return f"{number:.1f}".removesuffix(".0") + f" {unit}"
    return f"{bytes} bytes"
