"""Which runs of a store this process makes: a lock for each key, so that no other makes them, too.

A lock is a file `.locks/<key>.lock` of the store that the system locks (flock) and frees when the
process ends, however it ends; it is removed with the run's end, and `repro records gc` removes what
killed processes left of it. Hosts that share a store see each other's locks where the file system
carries them, as NFS 4 does. Where it carries none, and where another user's file lets nobody in,
nothing is locked: then two processes may make one run, which doubles the work and loses nothing,
since every record is written whole, and once.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from repro.errors import StoreError

if TYPE_CHECKING:
    from filelock import FileLock

FOLDER, ENDING = ".locks", ".lock"
UNLOCKED = (
    *(errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP),
)
"""of file systems without locks, and of files that others do not let us lock"""
STALE = (errno.ESTALE, errno.ENOENT)
"""of a file that another host has removed just now"""


class Claims:
    """The claims of one process on the runs of a store in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self._held: dict[str, FileLock | None] = {}
        """key -> its lock; None where nothing can be locked"""
        self._begun = False

    def __reduce__(self) -> tuple[object, ...]:
        """Another process holds none of them."""
        return Claims, (self.folder.parent,)

    def begin(self) -> None:
        """Make the folder of the locks in that of the store, which must be there."""
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir()
        self._begun = True

    def check(self) -> None:
        """Raise StoreError if the store was removed, or replaced, since `begin`."""
        if self._begun and not self.folder.is_dir():
            raise StoreError(
                f"`{self.folder.parent}` was removed or replaced while records were made for it.",
                "Put it back where it was, or run the same again with another --store.",
            )

    def take(self, key: str) -> bool:
        """Claim a run, if it is not claimed already; False while another process has it."""
        if key in self._held:
            return True
        self.check()
        if not self._begun and not self._found():
            self._held[key] = None
            return True
        lock, taken = self._locked(key)
        if taken:
            self._held[key] = lock
        return taken

    def free(self, key: str) -> None:
        """Give a claim up, if there is one."""
        lock = self._held.pop(key, None)
        if lock is not None:
            _end(lock)

    def free_all(self) -> None:
        """Give all claims up."""
        for key in list(self._held):
            self.free(key)

    @contextlib.contextmanager
    def claimed(self, key: str) -> Iterator[bool]:
        """Claim a run for a while; False where another process has it."""
        before = key in self._held
        taken = self.take(key)
        try:
            yield taken
        finally:
            if taken and not before:
                self.free(key)

    def left(self) -> list[Path]:
        """The lock files that nobody holds, sorted; a killed process left them."""
        unheld = []
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            if path.is_symlink() or path.stem in self._held:
                continue
            lock, taken = self._locked(path.stem)
            if taken and lock is not None:
                lock.release()
                unheld.append(path)
        return unheld

    def clear(self, path: Path) -> None:
        """Remove a lock file unless it is held by now."""
        with self.claimed(path.stem):
            pass

    def _found(self) -> bool:
        """Whether there is, or can be, a folder of locks for whoever only clears records away."""
        with contextlib.suppress(OSError):
            self.begin()
        return self._begun

    def _locked(self, key: str) -> "tuple[FileLock | None, bool]":
        """The lock of a key and whether it is taken; none where nothing can be locked."""
        from filelock import FileLock, Timeout

        path = self.folder / f"{key}{ENDING}"
        # no soft lock, which a killed process would hold; of the mode that files have here
        lock = FileLock(path, thread_local=False, fallback_to_soft=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None, False
        except NotImplementedError:
            return None, True
        except OSError as error:
            if error.errno in UNLOCKED:
                return None, True
            if error.errno in STALE:
                self.check()
                return None, False
            raise StoreError(
                f"`{path}` cannot be written: {error.strerror}.",
                "Make room, or choose another folder with --store or REPRO_STORE.",
            ) from error
        return lock, True


def _end(lock: "FileLock") -> None:
    """Remove a lock's file while it is held, so that whoever waits for it makes a new one."""
    with contextlib.suppress(OSError):
        os.unlink(lock.lock_file)  # noqa: PTH108
    with contextlib.suppress(OSError):
        lock.release()
