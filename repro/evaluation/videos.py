"""Videos: their frames one after another, and an annotated copy."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from repro.data.pictures import Pixels, check_pixels
from repro.errors import ReproError, StoreError
from repro.files import temporary_folder
from repro.records.remarks import Remark

SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".ts")
USUAL_RATE = 25.0
"""frames a second where a file does not say"""
TOLERANCE = 0.02
"""share of the frames that a container may count wrongly"""
CODEC = "mp4v"


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video."""

    number: int
    """from 0"""
    seconds: float
    pixels: Pixels
    """(H, W, 3), upright and BGR"""


class Video:
    """A video file that can be read; its frames are gone through once."""

    def __init__(self, path: Path) -> None:
        if not path.is_file() or not path.stat().st_size:
            state = "is empty" if path.is_file() else "does not exist"
            raise ReproError(f"The video `{path}` {state}.", "Correct the path or fetch it again.")
        self.path = path
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise ReproError(
                f"The video `{path}` cannot be read.", "Is it whole? Convert it to mp4 with H.264."
            )
        sides = (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)
        check_pixels(path, *(int(self._capture.get(side)) for side in sides))
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if np.isfinite(rate) and 0 < rate <= 1000 else USUAL_RATE
        """frames a second"""
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.stated = int(count) if np.isfinite(count) and 0 < count < 1e9 else None
        """how many frames it says it has"""
        self.read = 0
        """frames so far, looked at or not"""
        self.whole = False
        """whether its end was reached"""

    @classmethod
    def length(cls, path: Path) -> int:
        """How many frames a file says it has; 0 where it does not, or cannot be read."""
        try:
            return cls(path).stated or 0
        except ReproError:
            return 0

    def frames(self, every: int = 1) -> Iterator[Frame]:
        """The first and then every so many frames; a ReproError where there is none."""
        while self._capture.grab():
            number, self.read = self.read, self.read + 1
            if number % every:
                continue
            seconds = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            done, pixels = self._capture.retrieve()
            if not done or pixels is None:
                break
            timed = seconds if np.isfinite(seconds) and seconds > 0 else number / self.rate
            yield Frame(number, timed, np.asarray(pixels, np.uint8))
        self.whole = True
        self._capture.release()
        if not self.read:
            raise ReproError(
                f"The video `{self.path}` has no frame that can be read.", "Fetch it again."
            )

    def remarks(self) -> tuple[Remark, ...]:
        """That it ended before its time, if it was read to its end and did."""
        stated = self.stated
        if not self.whole or stated is None or self.read + max(1, TOLERANCE * stated) >= stated:
            return ()
        frames = f"{self.read:,} of the {stated:,} frames that it states"
        text = f"`{self.path.name}` ends after {frames}."
        return (Remark("pictures", text, stated - self.read, stated),)


class VideoCopy:
    """An mp4 file that gets frame after frame; it is closed and given its name at the end.

    A context manager: also where the user interrupts, what was written is a whole video. Where
    anything else goes wrong nothing stays.
    """

    def __init__(self, path: Path, rate: float) -> None:
        self.path = path
        self.rate = rate
        self._place = contextlib.ExitStack()
        self._partial = path
        """the file while it is not whole, in a folder of its own; the writer goes by its ending"""
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def __enter__(self) -> Self:
        return self

    def add(self, pixels: Pixels) -> None:
        """The next frame; one of another size than the first is fitted to that."""
        if self._writer is None:
            self._size = pixels.shape[1], pixels.shape[0]
            self._writer = self._opened()
        if (pixels.shape[1], pixels.shape[0]) != self._size:
            pixels = np.asarray(cv2.resize(pixels, self._size), np.uint8)
        self._writer.write(pixels)

    def _opened(self) -> cv2.VideoWriter:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            place = self._place.enter_context(temporary_folder(self.path.parent))
        except OSError as error:
            raise self._refused(error.strerror or "no folder") from error
        self._partial = place / self.path.name
        code = cv2.VideoWriter.fourcc(*CODEC)
        writer = cv2.VideoWriter(str(self._partial), code, self.rate, self._size)
        if not writer.isOpened():
            raise self._refused("its folder or its codec refuses")
        return writer

    def _refused(self, why: str) -> StoreError:
        return StoreError(f"`{self.path}` cannot be written: {why}.", "Choose a folder: --output.")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._place:
            if self._writer is None:
                return
            self._writer.release()
            if error is None or isinstance(error, KeyboardInterrupt):
                self._partial.replace(self.path)
