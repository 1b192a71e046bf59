"""The finished parts of a long run, kept on disk so that a killed run goes on where it stopped."""

import io
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from repro.errors import StoreError
from repro.files import write_whole

Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Shards:
    """A folder with one file a part."""

    folder: Path

    def find(self, number: int) -> Arrays | None:
        """A finished part; None if it is not there, torn or broken."""
        try:
            with np.load(self._path(number), allow_pickle=False) as found:
                return dict(found)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError):
            return None

    def save(self, number: int, arrays: Arrays) -> None:
        """Write a part, whole or not at all; raise StoreError where the disk refuses."""
        content = io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]
        try:
            write_whole(self._path(number), content.getvalue())
        except OSError as error:
            raise StoreError(
                f"`{self._path(number)}` cannot be written: {error.strerror}.",
                "What was finished before is kept. Make room, or choose another --store.",
            ) from error

    def clear(self) -> None:
        """Remove every part."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06}.npz"
