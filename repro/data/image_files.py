"""The image files of annotations: found by the names that tools write, and their sizes read.

Tools of annotation write more into `file_name` than the name of the file: the folders of another
machine, with slashes of its own, or the signs of an address.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from repro import env
from repro.data.coco_people import WHAT
from repro.data.people import Annotations, Images
from repro.data.picture_heads import head_of
from repro.data.pictures import ACROSS, decoded
from repro.errors import ReproError
from repro.papers.protocol import APPLY, IGNORE
from repro.records.remarks import Remark, counted

SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda name: name.replace("\\", "/"),
    lambda name: unquote(name),
    lambda name: name.replace("\\", "/").rpartition("/")[2],
    lambda name: unquote(name).replace("\\", "/").rpartition("/")[2].partition("?")[0],
)
"""of a name that is no file, what else it may mean; the first that is one is taken"""


def found(annotations: Annotations, folder: Path, exif: str = IGNORE) -> Annotations:
    """The annotations with the names of files that are there, and sizes where the file has none.

    What was taken otherwise than written is remarked on; a file that is not there keeps its name,
    and one that cannot be read has no size. A ReproError for one outside of the folder. `exif` is
    the protocol's rule for turned pictures.
    """
    images = annotations.images
    files = _located(images.files, folder)
    check_inside(folder, files)
    moved = sum(old != new for old, new in zip(images.files, files, strict=True))
    what = f"images are found in `{folder.name}` by another spelling of their `file_name`"
    remarks: list[Remark] = []
    if moved:
        first = next(pair for pair in zip(images.files, files, strict=True) if pair[0] != pair[1])
        remarks.append(counted(WHAT, moved, len(images), f"{what} (`{first[1]}`)"))
        images = replace(images, files=files)
    if annotations.entry.file_form == "COCO" and (images.sizes == 0).any():
        images, read = _measured(images, folder, exif == APPLY)
        if read:
            remarks.append(counted(WHAT, read, len(images), "sizes are read from the images"))
    if images is annotations.images:
        return annotations
    return replace(annotations, images=images, remarks=(*annotations.remarks, *remarks))


def check_inside(folder: Path, files: Iterable[str]) -> None:
    """Raise ReproError for a file that is there, but not in the folder that its name is in.

    `..`, a whole path or a link may lead out of it, to what whoever wrote the name shall not see.
    The folder may itself be a link. `--allow-outside` allows it all.
    """
    if env.outside_allowed() or not folder.is_dir():
        return
    root = folder.resolve()
    with os.scandir(folder) as entries:
        links = {entry.name for entry in entries if entry.is_symlink()}
    plain: dict[str, bool] = {}
    for name in files:
        place, slash, last = name.replace(os.sep, "/").rpartition("/")
        if slash and place not in plain:
            plain[place] = bool(place) and _is_within(folder / place, root)
        direct = plain[place] if slash else name not in links
        linked = slash and direct and last and _is_link(folder / name)
        if (not direct or linked or last == "..") and _leads_out(folder / name, root):
            raise ReproError(
                f"The picture `{name}` leads out of the folder `{folder}`.",
                f"Where you trust who wrote the name: --allow-outside, or {env.OUTSIDE}=1.",
            )


def _leads_out(path: Path, root: Path) -> bool:
    return _is_file(path) and not _is_within(path, root)


def _is_within(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, ValueError, RuntimeError):
        return False


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except (OSError, ValueError):
        return False


def present(folder: Path, files: tuple[str, ...]) -> Iterator[bool]:
    """Whether each of the files is in a folder; one listing of it, not a question a file."""
    there: set[str] = set()
    if folder.is_dir():
        with os.scandir(folder) as entries:
            there = {entry.name for entry in entries if entry.is_file()}
    for name in files:
        yield name in there or (("/" in name or os.sep in name) and _is_file(folder / name))


def _located(files: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    there = list(present(folder, files))
    if all(there):
        return files
    return tuple(
        name if known else _spelt(name, folder) for name, known in zip(files, there, strict=True)
    )


def _spelt(name: str, folder: Path) -> str:
    """The spelling of a name that is a file; the name itself if none is."""
    names = dict.fromkeys(spelling(name) for spelling in SPELLINGS)
    return next((other for other in names if other and _is_file(folder / other)), name)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _measured(images: Images, folder: Path, upright: bool) -> tuple[Images, int]:
    """The images with the sizes of their files where they have none, and how many that were."""
    sizes, count = images.sizes.copy(), 0
    for place in np.flatnonzero((sizes == 0).any(axis=1)).tolist():
        path = folder / images.files[place]
        size = size_of(path, upright) if _is_file(path) else None
        if size is not None:
            sizes[place] = size
            count += 1
    return replace(images, sizes=sizes), count


def size_of(path: Path, upright: bool = False) -> tuple[int, int] | None:
    """Height and width of a picture as stored, or as it is looked at; None for what is none."""
    head = head_of(path)
    size = head.size
    if size is None:
        try:
            height, width = decoded(path).shape[:2]
        except ReproError:
            return None
        size = height, width
    return size[::-1] if upright and head.turn in ACROSS else size
