"""Stand-ins as somebody would serve them: archives and files of known digests, in one folder."""

import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from repro.data import stand_ins
from repro.errors import ReproError
from repro.fetching.wanted_file import WantedFile
from repro.files import sha256
from repro.papers.datasets import Dataset

PAGE = "what `repro rehearse` made"


def made(
    folder: Path,
    dataset: Dataset,
    counts: Mapping[str, int],
    share: float,
    data: Path,
    tell: Callable[[int], None],
) -> list[WantedFile]:
    """The files of a data set's stand-ins below `folder`, to be fetched into `data`.

    The mark of the stand-ins comes first, so that nothing lies in `data` without it. Raise
    ReproError where there is no room.
    """
    home, loose = folder / dataset.folder, folder / f"{dataset.folder}.making"
    try:
        for left in (home, loose):
            if left.exists():
                shutil.rmtree(left)
        stand_ins.write(loose, dataset, counts, share, tell=tell)
        home.mkdir(parents=True)
        files = _packed(loose, home, dataset, data)
        shutil.rmtree(loose)
    except OSError as error:
        raise ReproError(
            f"The stand-ins cannot be packed into `{home}`: {error.strerror or error}.",
            "Make room, give another folder with --out, or a smaller --share.",
        ) from error
    return files


def _packed(loose: Path, home: Path, dataset: Dataset, data: Path) -> list[WantedFile]:
    """Every folder of pictures as an archive of its name, every other file as it is."""
    files = [_file(loose / stand_ins.MARK, loose, home, dataset, data)]
    pictures = dict.fromkeys(files.images.paths[0] for files in dataset.splits.values())
    for name in pictures:
        if (loose / name).is_dir():
            files.append(_archive(loose / name, home, dataset, data))
            shutil.rmtree(loose / name)
    rest = sorted(path for path in loose.rglob("*") if path.is_file())
    files += [_file(path, loose, home, dataset, data) for path in rest]
    return files


def _archive(pictures: Path, home: Path, dataset: Dataset, data: Path) -> WantedFile:
    path = home / f"{pictures.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for picture in sorted(pictures.iterdir()):
            # without the file's time, so that the same pictures have the same digest
            entry = zipfile.ZipInfo(f"{pictures.name}/{picture.name}")
            archive.writestr(entry, picture.read_bytes())
    return _wanted(path, data / dataset.folder, dataset, archive=True)


def _file(path: Path, loose: Path, home: Path, dataset: Dataset, data: Path) -> WantedFile:
    place = data / dataset.folder / path.parent.relative_to(loose)
    moved = home / path.name
    path.replace(moved)
    return _wanted(moved, place, dataset, archive=False)


def _wanted(path: Path, place: Path, dataset: Dataset, archive: bool) -> WantedFile:
    size = path.stat().st_size
    return WantedFile(
        path.name,
        f"stand-ins for {dataset.title}",
        place,
        PAGE,
        size=size,
        about=size,
        sha256=sha256(path),
        archive=archive,
    )
