"""One process at a time, by a file that the system locks."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from repro.errors import ReproError

_handles: set[int] = set()
"""of the locks that this process holds"""


def _let_go() -> None:
    """A forked process, as of a loader, must not keep a lock beyond the death of its parent."""
    while _handles:
        os.close(_handles.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextlib.contextmanager
def held(path: Path, taken: str, cure: str) -> Iterator[None]:
    """Hold a lock; raise ReproError if it is `taken`, with the holder's process and the `cure`.

    The system frees it when the process ends, however it ends. Nothing is locked where the system
    has no flock, nor where the file belongs to someone who lets nobody open it.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = _opened(path)
    if handle is None:
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
            raise ReproError(f"{taken} (process {holder}).", cure) from error
        with contextlib.suppress(OSError):  # a file of another user's can be locked, not written
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        _handles.add(handle)
        yield
    finally:
        _handles.discard(handle)
        os.close(handle)


def _opened(path: Path) -> int | None:
    follow = getattr(os, "O_NOFOLLOW", 0)
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDWR, os.O_RDONLY):
        try:
            return os.open(path, flags | follow | os.O_CLOEXEC, 0o666)
        except OSError:
            continue
    return None
