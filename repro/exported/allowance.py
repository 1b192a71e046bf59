"""How long a network file may take, and how much memory.

Files of strangers can loop without end, and make tensors of any size out of small ones.
"""

import contextlib
import os
import sys
from pathlib import Path

from repro import env
from repro.errors import ReproError

VARIABLE = "REPRO_NETWORK_SECONDS"
SECONDS, SECONDS_OF_LOOP = 60.0, 5.0
"""for a call, where the variable does not say it; the second of a graph with a loop whose end hangs
on what it computes"""
EACH = 0.25
"""share of it that each picture of the call has besides"""
OPENING_RATE = 2**22
"""bytes of a file for each of which opening it may take a second more"""
OPENING, OPENING_EACH = 2**29, 8
"""bytes that opening a file may take, and for each byte of it besides"""
RUNNING, RUNNING_EACH = 2**28, 512
"""bytes that running it may take, and for each byte of its inputs besides"""
STACKS = 2**24
"""bytes for each core, since each has a thread"""


def seconds(images: int, loops: bool = False) -> float:
    """The seconds that a call with so many pictures may take."""
    usual = SECONDS_OF_LOOP if loops else SECONDS
    said = env.variable(VARIABLE)
    try:
        chosen = usual if said is None else float(said)
    except ValueError:
        chosen = 0.0
    if not 0 < chosen < 1e7:
        raise ReproError(f"{VARIABLE} is `{said}`, not seconds.", f"Unset it, or say {usual:.0f}.")
    return chosen * (1 + EACH * images)


def seconds_to_open(size: int) -> float:
    """The seconds that opening a file of so many bytes may take."""
    return max(SECONDS, seconds(1)) + size / OPENING_RATE


class MemoryLimit:
    """What this process may take of the system, on top of what it has; Linux alone can be told."""

    def __init__(self) -> None:
        self.base = held()
        self.largest: dict[int, int] = {}
        """number of a file -> bytes of the largest inputs that it was given"""

    def to_open(self, size: int) -> None:
        """Allow what opening a file of so many bytes takes."""
        self._set(held() + OPENING + OPENING_EACH * size + STACKS * (os.cpu_count() or 1))

    def opened(self) -> None:
        """What is held now is what the files themselves take."""
        self.base = held()

    def to_run(self, number: int, size: int) -> None:
        """Allow what the file of that number takes for inputs of so many bytes."""
        if size > self.largest.get(number, 0):
            self.largest[number] = size
            self._set(self.base + RUNNING + RUNNING_EACH * sum(self.largest.values()))

    def _set(self, most: int) -> None:
        if sys.platform == "linux":
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            with contextlib.suppress(ValueError, OSError):
                limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
                resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def held() -> int:
    """Bytes of this process's own data; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def first_to_go() -> None:
    """Where the machine's memory runs out, let the system end this process and no other."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
