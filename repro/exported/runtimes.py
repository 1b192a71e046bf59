"""Where exported files run: in a process of their own, once they were looked at."""

from pathlib import Path

from repro.exported import host, loops, opening
from repro.exported.runtime import Runtime


def opened(path: Path, threads: int = 0) -> Runtime:
    """A file, ready to run; raise ReproError for whatever is no network that can be run.

    A RunError comes of running it where it crashes, takes too much memory, or does not end in time.
    """
    opening.check_parts(path)
    opening.kind_of(path)
    return host.opened(path, threads, loops.checked(path))
