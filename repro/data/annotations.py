"""Read the annotation files of COCO, CrowdPose, MPII and the generated data set."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from repro.data import annotation_cache, categories, coco_people, mpii, own_dataset
from repro.data.categories import Category
from repro.data.coco_people import OFFICIAL, WHAT, Told
from repro.data.excerpt import excerpt, fields
from repro.data.json_rows import Rows, content, uncollected, unpacked
from repro.data.people import Annotations
from repro.errors import ReproError
from repro.files import file_stamp
from repro.papers.datasets import (
    DATASETS,
    GENERATED,
    REAL,
    Dataset,
    DatasetChoice,
    FileForm,
    OwnDataset,
    find_dataset,
    joint_counts,
)
from repro.papers.skeletons import same_names
from repro.records.remarks import Remark

OWN = "Joints of its own are taken where the file is named as the data set."

WANTED = {
    "images": fields("id", "file_name", "height", "width", "crowdIndex"),
    "annotations": coco_people.kept,
}
"""what is read of the lists in a file"""


def read(
    path: Path, dataset: DatasetChoice | None = None, without_people: bool = False
) -> Annotations:
    """The images and persons of an annotation file; from memory if it was read before.

    Without `dataset` the kind is told from the file. COCO, CrowdPose and a user's own: their json,
    of which the category of persons is taken, see `categories`; what it lacks is derived where it
    can be and remarked on, see `coco_people`. MPII: the list of {image, joints, joints_vis, center,
    scale} of the HRNet repository, or the official release .mat, see `mpii`. A ReproError names
    what is wrong; a file without persons is one, unless `without_people`, as test-dev's image list
    is.
    """
    if dataset is not None:
        find_dataset(dataset)
    return read_stamped(path, dataset, without_people, file_stamp(path))


def told(path: Path) -> Annotations:
    """The same of a file alone; joints that no known data set has are of a data set of its own."""
    try:
        return read(path)
    except ReproError as error:
        if not own_dataset.is_file(path.name):
            raise
        try:
            return read(path, own_dataset.opened(path))
        except ReproError:
            raise error from None


@lru_cache(maxsize=4)
def read_stamped(
    path: Path, name: DatasetChoice | None, without_people: bool, stamp: tuple[int, int, int]
) -> Annotations:
    """The content of a file as its stamp has it; the last few are kept."""
    dataset = None if name is None else find_dataset(name)
    own = name if isinstance(name, OwnDataset) else None
    released = path.suffix == ".mat"
    if released and dataset is not None and dataset.file_form != "HRNet":
        raise ReproError(f"`{path}` is not an annotation file of {dataset.name}.", OFFICIAL)
    text = content(path, "annotation file")
    sha256 = hashlib.sha256(text).hexdigest()
    place = annotation_cache.place(len(text), sha256, name, without_people)
    kept = annotation_cache.load(place, sha256, own) if place else None
    if kept is not None:
        return _frozen(kept)
    with uncollected():
        if released:
            annotations = mpii.release(path, text, sha256)
        else:
            text = unpacked(text, path, "annotation file")
            document = excerpt(text, path, "annotation file", WANTED)
            del text  # before as much memory is taken for the arrays
            if own is None:
                annotations = _annotations(path, document, sha256, dataset, without_people)
            else:
                annotations = _coco(path, document, sha256, dataset, without_people, own)
            del document
    if place is not None:
        annotation_cache.save(place, annotations)
    return _frozen(annotations)


def _annotations(
    path: Path, document: object, sha256: str, dataset: Dataset | None, without_people: bool
) -> Annotations:
    form: FileForm = "HRNet" if isinstance(document, list) else "COCO"
    reader = READERS[dataset.file_form if dataset else form]
    return reader(path, document, sha256, dataset, without_people)


def _hrnet(
    path: Path, document: object, sha256: str, dataset: Dataset | None, without_people: bool
) -> Annotations:
    if isinstance(document, dict):
        name = dataset.name if dataset else ""
        raise ReproError(
            f"`{path}` is not an annotation file of {name}.", "Give HRNet's valid.json."
        )
    if not isinstance(document, list) or "joints" not in _first(document):
        raise _other(path, document)
    return mpii.listed(Rows(path, "", document), sha256)


def _coco(
    path: Path,
    document: object,
    sha256: str,
    dataset: Dataset | None,
    without_people: bool,
    own: OwnDataset | None = None,
) -> Annotations:
    if not isinstance(document, dict):
        raise _other(path, document)
    if dataset is not None and own is None:
        _check_origin(path, dataset, document)
    image_rows = Rows(path, "images", _list(path, document, "images"))
    if without_people and "annotations" not in document:
        document = {**document, "annotations": []}
    rows = Rows(path, "annotations", _list(path, document, "annotations"))
    named = own.category if own is not None and _has_categories(document) else None
    category, of_rows = categories.chosen(document, rows, _spelt(document, named))
    of_people = categories.of_category(rows, of_rows, category)
    if len(of_people) < len(rows):
        rows = rows.chosen(of_people)
    if not len(rows) and not without_people:
        raise ReproError(f"`{path}` has no persons.", OFFICIAL)
    told = Told()
    if own is None:
        kind = _kind(path, category, rows, dataset)
    else:
        kind = find_dataset(own)
        own_dataset.check_fit(path, own, category, _joint_count(rows))
        told.remarks += [Remark(WHAT, sentence) for sentence in own.told]
    _tell_name(category, own, told)
    images = coco_people.images(image_rows, told)
    if kind.crowding:
        images = replace(images, crowding=coco_people.crowding(image_rows))
    people = coco_people.people(rows, images, kind, told)
    return Annotations(
        kind.name,
        images,
        people,
        sha256,
        category.id,
        category.known,
        frozenset(told.filled),
        own,
        tuple(told.remarks),
    )


def _has_categories(document: Mapping[str, object]) -> bool:
    return bool(document.get("categories"))


def _spelt(document: Mapping[str, object], name: str | None) -> str | None:
    """The name as the file has it; `person` is told from the file however it is spelt."""
    return None if name is None or name.lower() == categories.PERSON else name


def _tell_name(category: Category, own: OwnDataset | None, told: Told) -> None:
    if own is None and category.name.lower() != categories.PERSON:
        text = f"The persons are those of the category `{category.name}` (id {category.id})."
        told.remarks.append(Remark(WHAT, text))


READERS: Mapping[FileForm, Callable[[Path, object, str, Dataset | None, bool], Annotations]] = {
    "COCO": _coco,
    "HRNet": _hrnet,
}


def _first(rows: list[object]) -> Mapping[str, object]:
    return rows[0] if rows and isinstance(rows[0], dict) else {}


def _other(path: Path, document: object) -> ReproError:
    """The error for a file that holds something else, which is named."""
    if not isinstance(document, list):
        return ReproError(f"`{path}` holds no annotations.", OFFICIAL)
    kinds = {"keypoints": "results", "bbox": "boxes of a detector"}
    what = next((kind for field, kind in kinds.items() if field in _first(document)), "a list")
    return ReproError(f"`{path}` holds {what}, not the annotations of a data set.", OFFICIAL)


def _check_origin(path: Path, dataset: Dataset, document: Mapping[str, object]) -> None:
    """Generated figures never pass for a real data set, nor the other way round."""
    info = document.get("info")
    generated = isinstance(info, dict) and info.get("dataset") in GENERATED
    if generated and not dataset.generated:
        names = " or ".join(f"`{name}`" for name in GENERATED)
        raise ReproError(f"`{path}` is generated, not {dataset.name}.", f"Say {names}.")
    if dataset.generated and not generated:
        raise ReproError(f"`{path}` is not generated.", "Make one with `repro data synth`.")


def _list(path: Path, document: Mapping[str, object], field: str) -> list[object]:
    value = document.get(field)
    if not isinstance(value, list):
        state = "lacks the list" if field not in document else "has no list as"
        raise ReproError(f"`{path}` {state} `{field}`.", OFFICIAL)
    return value


def _joint_count(rows: Rows) -> int:
    """How many joints the first person with any has."""
    for row in rows.rows:
        points = row.get("keypoints") if isinstance(row, dict) else None
        if isinstance(points, list) and points:
            return len(points) // 3
    return 0


def _kind(path: Path, category: Category, rows: Rows, dataset: Dataset | None) -> Dataset:
    """The real data set whose joints the file has: by their names, else by their number."""
    wanted = DATASETS[dataset.kind] if dataset else None
    known = [DATASETS[name] for name in REAL if DATASETS[name].file_form == "COCO"]
    names = category.joints
    if names is None:
        joints = _joint_count(rows)
        if len(rows) and not joints:
            hint = "Give the keypoint file (person_keypoints_*.json for COCO)."
            raise ReproError(f"`{path}` has no `keypoints`; it may be for detection.", hint)
        fits = [entry for entry in known if len(entry.skeleton.joints) == joints]
        if wanted is None and len(rows) and not fits:
            hint = f"{joint_counts(known)} {OWN}"
            raise ReproError(f"`{path}` has {joints} joints a person.", hint)
        fits = fits or [wanted or known[0]]
    else:
        fits = [entry for entry in known if same_names(names, entry.skeleton.joints)]
        if not fits:
            whose = " or ".join(f"{entry.title}'s" for entry in known)
            hint = f"The joints must be {whose}, in the official order. {OWN}"
            raise ReproError(
                f"`{path}` has other joints ({', '.join(name[:40] for name in names[:4])}, ...).",
                hint,
            )
    if wanted is None or wanted in fits:
        return wanted or fits[0]
    hint = "Give the file of that data set, or name the right data set."
    raise ReproError(f"`{path}` has the joints of {fits[0].name}, not of {wanted.name}.", hint)


def _frozen(annotations: Annotations) -> Annotations:
    """The same arrays, which several callers share and none may change."""
    for part in (annotations.images, annotations.people):
        for value in vars(part).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
    return annotations


def is_official(
    dataset: DatasetChoice, split: str, annotations: Annotations, boxes: int | None = None
) -> bool:
    """Whether images, persons and a detector's boxes are as many as in the official files."""
    facts = find_dataset(dataset).facts(split)
    seen = {
        "images": len(annotations.images),
        "people": len(annotations.people),
        "labelled": int((annotations.people.labelled > 0).sum()),
        "boxes": boxes,
        "sha256": annotations.sha256,
    }
    return facts is not None and not facts.differing(seen)
