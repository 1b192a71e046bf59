"""The pictures and videos that a user names, each with the name by which it is known in results."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from repro.data.image_files import check_inside
from repro.errors import ReproError
from repro.evaluation import videos

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".jp2")
"""of what is taken from a folder"""
OVERLAY = ".poses"
"""what the name of an annotated picture or video ends with"""


@dataclass(frozen=True, slots=True)
class NamedInput:
    """A picture or a video."""

    path: Path
    name: str
    """of the file; its path below the folder where a folder was named"""

    @property
    def is_video(self) -> bool:
        """Whether it has frames."""
        return self.path.suffix.lower() in videos.SUFFIXES

    def overlay(self, folder: Path) -> Path:
        """Where its annotated copy goes."""
        place = PurePosixPath(self.name)
        suffix = ".mp4" if self.is_video else ".png"
        return folder / place.parent / f"{place.stem}{OVERLAY}{suffix}"


def named(paths: Sequence[Path], recursive: bool, output: Path) -> list[NamedInput]:
    """The files that a user means: those named, and the pictures in the folders named.

    What an earlier run wrote to `output`, or under its names, is none of them. A ReproError where
    there is none, or where two would be written to one file.
    """
    found: list[NamedInput] = []
    for path in paths:
        if path.is_dir():
            found += pictures_in(path, recursive, output)
        elif path.is_file():
            found.append(NamedInput(path, path.name))
        else:
            raise ReproError(f"There is no picture `{path}`.", "Correct the path.")
    seen: set[Path] = set()
    for one in found:
        place = one.overlay(output)
        if place in seen:
            name = PurePosixPath(one.name).with_suffix("")
            raise ReproError(f"Two pictures are called `{name}`.", "Take them one by one.")
        seen.add(place)
    return found


def pictures_in(folder: Path, recursive: bool, output: Path | None = None) -> list[NamedInput]:
    """The pictures in a folder by their names, without those that an earlier run has annotated.

    Nor are those in `output` among them. A ReproError where there are none, or a link leads out of
    the folder.
    """
    if not folder.is_dir():
        raise ReproError(f"There is no folder `{folder}`.", "Correct the path.")
    inside = list(_inside(folder, recursive, output or folder))
    if not inside:
        cure = ", ".join(SUFFIXES)
        cure += "" if recursive else "; those in folders inside it: --recursive"
        raise ReproError(f"There are no pictures in `{folder}`.", cure)
    check_inside(folder, [one.name for one in inside])
    return inside


def _inside(folder: Path, recursive: bool, output: Path) -> Iterator[NamedInput]:
    within = folder.absolute() in output.absolute().parents
    for path in sorted(folder.rglob("*") if recursive else folder.iterdir()):
        written = path.stem.endswith(OVERLAY)
        written |= within and path.absolute().is_relative_to(output.absolute())
        if path.suffix.lower() in SUFFIXES and path.is_file() and not written:
            yield NamedInput(path, path.relative_to(folder).as_posix())
