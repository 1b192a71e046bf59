"""One timing run at a time on a machine."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from repro.errors import ReproError

NAME = "repro-timing.lock"


@contextlib.contextmanager
def held(path: Path | None = None) -> Iterator[None]:
    """Hold the machine's lock; raise ReproError with the holder's process if it is taken.

    The system frees it when the process ends, however it ends. Nothing is locked where the system
    has no flock, nor where the file belongs to someone who lets nobody open it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = _opened(path or Path(tempfile.gettempdir()) / NAME)
    if handle is None:
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            raise ReproError(
                f"Another timing run is under way on this machine (process {holder}).",
                "Two at once would time each other. Wait for it, or end it.",
            ) from error
        with contextlib.suppress(OSError):  # a file of another user's can be locked, not written
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _opened(path: Path) -> int | None:
    follow = getattr(os, "O_NOFOLLOW", 0)
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDWR, os.O_RDONLY):
        try:
            return os.open(path, flags | follow | os.O_CLOEXEC, 0o666)
        except OSError:
            continue
    return None
