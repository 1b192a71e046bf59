"""Where the files of each data set lie, in the layouts that their tools and papers use."""

from dataclasses import dataclass
from pathlib import Path

from repro.errors import ReproError, unknown
from repro.papers.datasets import Dataset, find_dataset


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one split of a data set; made by `find` or by hand."""

    dataset: str
    split: str
    annotations: Path
    images: Path
    """the folder"""
    boxes: Path | None = None
    truth: Path | None = None

    def headed(self, on: str) -> str:
        """`COCO val2017 (person_keypoints_val2017.json)`; the file once where it is the title."""
        name = self.annotations.name
        return on if name in on else f"{on} ({name})"


def find(folder: Path, dataset: str, split: str, images: bool = True) -> Source:
    """The files of a split below `folder`: REPRO_DATA with `coco` and so on in it, or the data
    set's own folder.

    Short names of splits do where they are plain (`val` for `val2017`). The image folder must
    exist unless `images` is False; boxes and the truth for PCKh are None where they are absent.
    """
    entry = find_dataset(dataset)
    split = _full_name(entry, split)
    files = entry.splits[split]
    if not folder.is_dir():
        hint = "Set REPRO_DATA, pass --data, or make one with `repro data synth`."
        raise ReproError(f"The data folder `{folder}` does not exist.", hint)
    roots = [root for root in (folder / entry.folder, folder) if root.is_dir()]
    annotations = _first(roots, files.annotations.paths)
    if annotations is None:
        raise _absent(f"{dataset} {split}", "annotations", folder, roots, files.annotations.paths)
    # the images of the annotations found, not of another copy in the same folder
    home = next(root for root in roots if annotations.is_relative_to(root))
    roots = [home, *(root for root in roots if root != home)]
    pictures = _first(roots, files.images.paths)
    if pictures is None or not pictures.is_dir():
        if images:
            raise _absent(f"{dataset} {split}", "images", folder, roots, files.images.paths)
        pictures = home / files.images.paths[0]
    boxes, truth = (_first(roots, part.paths) for part in (files.boxes, files.truth))
    return Source(dataset, split, annotations, pictures, boxes, truth)


def _full_name(dataset: Dataset, split: str) -> str:
    for name in (split, f"{split}2017", {"valid": "val"}.get(split, split)):
        if name in dataset.splits:
            return name
    raise unknown(f"split of {dataset.name}", split, dataset.splits)


def _first(roots: list[Path], names: tuple[str, ...]) -> Path | None:
    return next((root / name for root in roots for name in names if (root / name).exists()), None)


def _absent(
    label: str, what: str, folder: Path, roots: list[Path], names: tuple[str, ...]
) -> ReproError:
    looked = ", ".join(str(root.relative_to(folder) / name) for root in roots for name in names)
    hint = f"Looked for {looked}. `repro data check {folder}` says what to fetch."
    return ReproError(f"The {what} of {label} are not under `{folder}`.", hint)
