"""The finished parts of a long run, kept on disk so that a killed run goes on where it stopped."""

import hashlib
import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.errors import StoreError
from repro.files import write_whole

Arrays = Mapping[str, NDArray[np.generic]]

DIGEST = 32
"""bytes of the sha256 that a file begins with, of all that follows in it"""


@dataclass(frozen=True)
class Shards:
    """A folder with one file a part; without a folder nothing is kept."""

    folder: Path | None

    def find(self, number: int) -> Arrays | None:
        """A finished part; None if it is not there, torn or altered in any way."""
        if self.folder is None:
            return None
        try:
            content = self._path(self.folder, number).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
            return None
        with np.load(io.BytesIO(content[DIGEST:]), allow_pickle=False) as arrays:
            return dict(arrays)

    def save(self, number: int, arrays: Arrays) -> None:
        """Write a part, whole or not at all; raise StoreError where the disk refuses."""
        if self.folder is None:
            return
        packed = io.BytesIO()
        np.savez(packed, **arrays)  # type: ignore[arg-type]
        content = packed.getvalue()
        path = self._path(self.folder, number)
        try:
            write_whole(path, hashlib.sha256(content).digest() + content)
        except OSError as error:
            raise StoreError(
                f"`{path}` cannot be written: {error.strerror}.",
                "What was finished before is kept. Make room, or choose another --store.",
            ) from error

    def clear(self) -> None:
        """Remove every part."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, folder: Path, number: int) -> Path:
        return folder / f"{number:06}.shard"
