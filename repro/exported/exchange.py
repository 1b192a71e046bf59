"""What a process and the one that runs its network files tell each other.

Messages go through pipes as msgpack, each behind its length; arrays lie in memory that both see.
Whatever comes is checked against its type, and an array against the size of the memory.
"""

import mmap
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
import numpy as np

from repro.exported.form import ImageInput, Port
from repro.exported.runtime import Values

APART = 64
"""bytes that an array begins at a multiple of"""
LENGTH = 4
"""bytes that say how long a message is"""
LONGEST = 2**26
"""bytes of a message"""


class SharedArray(msgspec.Struct, frozen=True):
    """Where an array lies in the shared memory."""

    name: str
    kind: str
    """as NumPy spells its numbers"""
    shape: tuple[int, ...]
    start: int


class AskedDeed(msgspec.Struct, frozen=True):
    """What the other process is to do."""

    what: Literal["open", "resize", "steps", "run"]
    number: int = 0
    """of the file among those that it has opened"""
    path: str = ""
    folder: str = ""
    """which relative paths are in"""
    threads: int = 0
    image: ImageInput | None = None
    given: tuple[SharedArray, ...] = ()
    outputs: tuple[str, ...] = ()
    forgotten: tuple[int, ...] = ()
    """files that nobody has any more"""


class Answer(msgspec.Struct, frozen=True):
    """What it gives; of an error the message, and a cure."""

    number: int = 0
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    metadata: dict[str, str] = {}
    steps: tuple[tuple[str, tuple[float, ...]], ...] = ()
    arrays: tuple[SharedArray, ...] = ()
    error: str | None = None
    hint: str = ""
    refused: bool = False
    """whether the file is at fault, and not what it was given"""
    out_of_memory: bool = False


class SharedMemory:
    """Memory that two processes see, by a file without a name; it grows as it is used."""

    def __init__(self, handle: int | None = None) -> None:
        self.handle = _nameless() if handle is None else handle
        self.view = mmap.mmap(-1, 1)
        self._look()

    def put(self, arrays: Sequence[tuple[str, Values]], start: int = 0) -> tuple[SharedArray, ...]:
        """Copy arrays with their names to a place and after it."""
        placed = []
        for name, array in arrays:
            placed.append(SharedArray(name, array.dtype.str, array.shape, start))
            start += -(-array.nbytes // APART) * APART
        if start > len(self.view):
            os.ftruncate(self.handle, start)
            self._look()
        for one, (_, array) in zip(placed, arrays, strict=True):
            self._at(one)[...] = array
        return tuple(placed)

    def get(self, one: SharedArray) -> Values:
        """An array in place; ValueError where there can be none."""
        if self.end(one) > len(self.view):
            self._look()
        return self._at(one)

    def end(self, one: SharedArray) -> int:
        """The first place behind an array."""
        size = int(np.prod([1, *one.shape], dtype=object)) * np.dtype(one.kind).itemsize
        return one.start + -(-size // APART) * APART

    def _at(self, one: SharedArray) -> Values:
        kind = np.dtype(one.kind)
        if kind.hasobject or one.start < 0 or min(one.shape, default=0) < 0:
            raise ValueError(f"no array of {one.kind} {one.shape} can be shared")
        count = int(np.prod([1, *one.shape], dtype=object))
        values: Values = np.frombuffer(self.view, kind, count, one.start).reshape(one.shape)
        return values

    def _look(self) -> None:
        size = os.fstat(self.handle).st_size
        if size > len(self.view):
            self.view = mmap.mmap(self.handle, size)  # arrays keep the view that they lie in


def _nameless() -> int:
    """A file that nothing is left of when the processes end."""
    if sys.platform == "linux":
        return os.memfd_create("repro")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def write(handle: int, message: AskedDeed | Answer) -> None:
    """Send a message; OSError where nobody reads on."""
    content = msgspec.msgpack.encode(message)
    left = memoryview(len(content).to_bytes(LENGTH) + content)
    while left:
        left = left[os.write(handle, left) :]


def read_bytes(handle: int, wait: Callable[[], None] = lambda: None) -> bytes:
    """The next message as it came; EOFError where there is no more.

    `wait` is called before each part of it.
    """
    parts = bytearray()
    wanted = LENGTH
    while len(parts) < wanted:
        wait()
        part = os.read(handle, wanted - len(parts))
        parts += part
        if not part:
            raise EOFError
        if wanted == LENGTH == len(parts):
            wanted += int.from_bytes(parts)
            if wanted > LONGEST:
                raise EOFError
    return bytes(parts[LENGTH:])
