"""Read plain files, and write them whole or not at all."""

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from pathlib import Path

TEMPORARY = ".repro-*.tmp"
"""what a file is called while it is written"""


def read_plain(path: Path, limit: int = 2**26) -> str:
    """The UTF-8 text of a regular file; raise OSError or ValueError for anything else."""
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("not a regular file")
    if size > limit:
        raise ValueError(f"{size:,} bytes are more than {limit:,}")
    return path.read_text(encoding="utf-8")


def write_whole(path: Path, content: str | bytes, replace: bool = True) -> bool:
    """Write a file by temporary file and rename; raise OSError and leave no trace if not.

    Text is written as UTF-8. Without `replace` an existing file is left as it is, and the answer
    is False. What is no file, such as /dev/stdout, is written to and stays what it is.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)
        return True
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".repro-", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        if replace:
            temporary.replace(path.resolve())
        else:
            _link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def sweep(folder: Path, names: str = TEMPORARY, older: float = 0.0) -> None:
    """Remove what writings left that were killed; only what is so many seconds old."""
    with contextlib.suppress(OSError):
        for path in folder.glob(names):
            if time.time() - path.stat().st_mtime >= older:
                path.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _link(temporary: Path, path: Path) -> None:
    """Give the file its name unless the name is taken; FileExistsError if it is."""
    try:
        path.hardlink_to(temporary)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
            raise
        # a file system without links: two writers at once may both win, each with a whole file
        if path.exists():
            raise FileExistsError from error
        temporary.replace(path)


def file_stamp(path: Path) -> tuple[int, int, int]:
    """What is another one once a file has changed; zeros where there is none."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return (0, 0, 0)
    return state.st_ino, state.st_size, state.st_mtime_ns


def sha256(path: Path) -> str:
    """The digest of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
