"""Write a file whole or not at all."""

import errno
import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, replace: bool = True) -> bool:
    """Write `text` to `path` by temporary file and rename; raise OSError and leave no trace if not.

    Without `replace` an existing file is left as it is, and the answer is False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        if replace:
            temporary.replace(path)
        else:
            _link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


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
