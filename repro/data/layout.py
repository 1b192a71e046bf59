"""Where the files of each data set lie, in the layouts that their tools and papers use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from repro.errors import ReproError, unknown

COCO_BOXES = ("person_detection_results", ".", "annotations")
"""SimpleBaseline's and HRNet's folder first"""
MPII_TRUTHS = ("mpii_gt_valid.mat", "gt_valid.mat", "mpii_gt_val.mat")
"""what the file of MPII's joints and head boxes is called, the first that exists is taken"""


@dataclass(frozen=True, slots=True)
class SplitPlace:
    """Paths of one split below the data set's folder; the first that exists is taken."""

    annotations: tuple[str, ...]
    images: tuple[str, ...]
    boxes: tuple[str, ...] = ()
    """a detector's boxes"""
    truth: tuple[str, ...] = ()
    """joints and head boxes for PCKh"""


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


def _below(folders: tuple[str, ...], *names: str) -> tuple[str, ...]:
    return tuple(name if at == "." else f"{at}/{name}" for at in folders for name in names)


def _coco(split: str, boxes: str = "") -> SplitPlace:
    return SplitPlace(
        _below(("annotations", "."), f"person_keypoints_{split}.json"),
        _below((".", "images"), split),
        _below(COCO_BOXES, boxes) if boxes else (),
    )


def _crowdpose(split: str, boxes: str = "") -> SplitPlace:
    return SplitPlace(
        _below(
            ("json", "annotations", "."),
            f"crowdpose_{split}.json",
            f"mmpose_crowdpose_{split}.json",
        ),
        ("images",),
        _below(("annotations", "json", "."), boxes) if boxes else (),
    )


def _mpii(split: str, *names: str) -> SplitPlace:
    truth = MPII_TRUTHS if split == "val" else ()
    folders = ("annot", "annotations", ".")
    return SplitPlace(_below(folders, *names), ("images",), truth=_below(folders, *truth))


def _synth(form: str, split: str) -> SplitPlace:
    return SplitPlace((f"annotations/{form}_{split}.json",), (split,), (f"boxes/{split}.json",))


PLACES: Mapping[str, Mapping[str, SplitPlace]] = {
    "coco": {
        "train2017": _coco("train2017"),
        "val2017": _coco("val2017", "COCO_val2017_detections_AP_H_56_person.json"),
        "test-dev2017": SplitPlace(
            _below(("annotations", "."), "image_info_test-dev2017.json"),
            _below((".", "images"), "test2017"),
            _below(COCO_BOXES, "COCO_test-dev2017_detections_AP_H_609_person.json"),
        ),
    },
    "crowdpose": {
        "train": _crowdpose("train"),
        "val": _crowdpose("val"),
        "trainval": _crowdpose("trainval"),
        "test": _crowdpose("test", "det_for_crowd_test_0.1_0.5.json"),
    },
    "mpii": {
        "train": _mpii("train", "train.json", "mpii_train.json"),
        "val": _mpii("val", "valid.json", "val.json", "mpii_val.json"),
    },
    "synth": {split: _synth("synth_person_keypoints", split) for split in ("train", "val")},
    "synth-crowdpose": {split: _synth("synth_crowdpose", split) for split in ("train", "val")},
}
"""for each data set its splits; the generated one comes with COCO's and with CrowdPose's joints"""


def find(folder: Path, dataset: str, split: str, images: bool = True) -> Source:
    """The files of a split below `folder`: REPRO_DATA with `coco` and so on in it, or the data
    set's own folder.

    Short names of splits do where they are plain (`val` for `val2017`). The image folder must
    exist unless `images` is False; boxes and the truth for PCKh are None where they are absent.
    """
    place, split = _place(dataset, split)
    if not folder.is_dir():
        hint = "Set REPRO_DATA, pass --data, or make one with `repro data synth`."
        raise ReproError(f"The data folder `{folder}` does not exist.", hint)
    roots = _roots(folder, dataset)
    annotations = _first(roots, place.annotations)
    if annotations is None:
        raise _absent(f"{dataset} {split}", "annotations", folder, roots, place.annotations)
    # the images of the annotations found, not of another copy in the same folder
    home = next(root for root in roots if annotations.is_relative_to(root))
    roots = [home, *(root for root in roots if root != home)]
    pictures = _first(roots, place.images)
    if pictures is None or not pictures.is_dir():
        if images:
            raise _absent(f"{dataset} {split}", "images", folder, roots, place.images)
        pictures = home / place.images[0]
    boxes, truth = _first(roots, place.boxes), _first(roots, place.truth)
    return Source(dataset, split, annotations, pictures, boxes, truth)


def _place(dataset: str, split: str) -> tuple[SplitPlace, str]:
    if dataset not in PLACES:
        raise unknown("data set", dataset, PLACES)
    splits = PLACES[dataset]
    for name in (split, f"{split}2017", {"valid": "val"}.get(split, split)):
        if name in splits:
            return splits[name], name
    raise unknown(f"split of {dataset}", split, splits)


def _roots(folder: Path, dataset: str) -> list[Path]:
    name = dataset.partition("-")[0]
    return [root for root in (folder / name, folder) if root.is_dir()]


def _first(roots: list[Path], names: tuple[str, ...]) -> Path | None:
    return next((root / name for root in roots for name in names if (root / name).exists()), None)


def _absent(
    label: str, what: str, folder: Path, roots: list[Path], names: tuple[str, ...]
) -> ReproError:
    looked = ", ".join(str(root.relative_to(folder) / name) for root in roots for name in names)
    hint = f"Looked for {looked}. `repro data check {folder}` says what to fetch."
    return ReproError(f"The {what} of {label} are not under `{folder}`.", hint)
