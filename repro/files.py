"""Read plain files, write them whole or not at all, and know what killed writings left.

What is not whole yet lies beside its place as `.repro-HOST-PROCESS-START-RANDOM.tmp`, a file or a
folder. The name tells whose it is, so that what a killed process left is removed by whoever next
writes into the same folder, and nothing that a living one still writes. START keeps a process that
was given the number of a dead one from being taken for it. HOST is another one after a restart, and
in each container; what another host writes, as over NFS, is left once a day has passed since.
"""

import contextlib
import errno
import functools
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".repro-*.tmp"
"""what a file or folder is called while it is written"""
NAME = re.compile(
    r"\.repro-(?P<host>[0-9a-f]{12})-(?P<process>\d{1,10})-(?P<start>\d{1,20})-\w+\.tmp"
)
DAY = 86_400.0
"""seconds without a change, after which what nobody here wrote is left over"""
BOOT, NAMESPACE = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
"""where Linux tells the present start of the system, and which processes have one numbering"""
ZOMBIE = "Z"

_swept: set[str] = set()
"""folders that this process has swept"""
_begun: set[Path] = set()
"""what this process is writing"""


def read_plain(path: Path, limit: int = 2**26) -> str:
    """The UTF-8 text of a regular file; raise OSError or ValueError for anything else."""
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError("not a regular file")
    if size > limit:
        raise ValueError(f"{size:,} bytes are more than {limit:,}")
    return path.read_text(encoding="utf-8")


def write_whole(
    path: Path, content: str | bytes, replace: bool = True, lasting: bool = True
) -> bool:
    """Write a file by temporary file and rename; raise OSError and leave no trace if not.

    Text is written as UTF-8. Without `replace` an existing file is left as it is, and the answer
    is False. What is no file, such as /dev/stdout, is written to and stays what it is. Unless it is
    `lasting`, as for one of thousands of pictures, a file may be empty after a failure of power.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)
        return True
    with temporary_file(path.parent) as temporary:
        with temporary.open("xb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        try:
            if replace:
                temporary.replace(path.resolve())
            else:
                _link(temporary, path)
        except FileExistsError:
            return False
    return True


@contextlib.contextmanager
def temporary_file(folder: Path) -> Iterator[Path]:
    """The path of a file to be written in a folder and renamed; what still has it goes at last."""
    path = _new(folder)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        _begun.discard(path)


@contextlib.contextmanager
def temporary_folder(within: Path | None = None) -> Iterator[Path]:
    """A folder of this user's alone that goes with all that is in it; the system's by default."""
    path = _new(Path(tempfile.gettempdir()) if within is None else within)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        _begun.discard(path)


def erase_begun() -> None:
    """Remove what is being written, where this process ends in the midst of it."""
    for path in list(_begun):
        erase(path)


def left_overs(folder: Path) -> list[Path]:
    """What killed writings left in a folder, sorted; nothing where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(".repro-")]
    except OSError:
        return []
    paths = [folder / name for name in sorted(names) if name.endswith(".tmp")]
    return [path for path in paths if _is_left(path)]


def sweep(folder: Path) -> None:
    """Remove what killed writings left in a folder, as far as the system lets us."""
    for path in left_overs(folder):
        erase(path)


def erase(path: Path) -> None:
    """Remove a file, a link, or a folder with all in it, as far as the system lets us."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _new(folder: Path) -> Path:
    """A name that nothing has in a folder; the first in each folder sweeps it."""
    if str(folder) not in _swept:
        _swept.add(str(folder))
        sweep(folder)
    process = os.getpid()
    path = folder / f".repro-{_host()}-{process}-{_own(process)}-{os.urandom(4).hex()}.tmp"
    _begun.add(path)
    return path


def _is_left(path: Path) -> bool:
    """Whether who wrote it has ended; one of another host once a day has passed."""
    owner = NAME.fullmatch(path.name)
    if owner is not None and owner["host"] == _host():
        return not _lives(int(owner["process"]), owner["start"])
    try:
        newest = max(one.lstat().st_mtime for one in (path, *path.rglob("*")))
    except OSError:
        return False  # it goes, or changes, just now
    return time.time() - newest >= DAY


def _lives(process: int, start: str) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass  # another user's
    return _start(process) in ("", start)


@functools.lru_cache(1)
def _own(process: int) -> str:
    """The start of this process; a forked one has another number."""
    return _start(process) or "0"


def _start(process: int) -> str:
    """When a process began, as its system counts; empty where that is not told.

    Of one that has ended, and that only nobody has asked for, it is no start.
    """
    if sys.platform != "linux":
        import psutil

        try:
            return str(round(psutil.Process(process).create_time() * 1e6))
        except psutil.NoSuchProcess:
            return ZOMBIE
        except psutil.Error:
            return ""
    try:
        told = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return ""
    facts = told.rpartition(b")")[2].decode().split()  # from the third on, see proc(5)
    return ZOMBIE if facts[0] == ZOMBIE else facts[19]


@functools.cache
def _host() -> str:
    """A digest of what tells this system, since it was started, from all others."""
    facts = [os.uname().nodename]
    with contextlib.suppress(OSError):
        facts += [BOOT.read_text(encoding="ascii"), str(NAMESPACE.readlink())]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


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
