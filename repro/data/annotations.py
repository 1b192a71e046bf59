"""Read the annotation files of COCO, CrowdPose, MPII and the generated data set."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from repro.data import annotation_cache, mpii
from repro.data.excerpt import excerpt, fields
from repro.data.json_rows import Rows, content, uncollected
from repro.data.people import Annotations, Floats, Images, People
from repro.errors import ReproError
from repro.papers.datasets import (
    DATASETS,
    GENERATED,
    REAL,
    Dataset,
    FileForm,
    find_dataset,
    joint_counts,
)

BOX_SHARE = 0.53
"""the share of the box that CrowdPose's evaluation takes as the area, as it has no segments"""
OFFICIAL = "Give the data set's own annotation file."

WANTED = {
    "images": fields("id", "file_name", "height", "width", "crowdIndex"),
    "annotations": fields(
        "id", "image_id", "category_id", "bbox", "area", "keypoints", "num_keypoints", "iscrowd"
    ),
}
"""what is read of the lists in a file"""


def read(path: Path, dataset: str | None = None, without_people: bool = False) -> Annotations:
    """The images and persons of an annotation file; from memory if it was read before.

    Without `dataset` the kind is told from the file. COCO and CrowdPose: their json, of which the
    category `person` is taken. MPII: the list of {image, joints, joints_vis, center, scale} of the
    HRNet repository, or the official release .mat, see `mpii`. A ReproError names what is wrong;
    a file without persons is one, unless `without_people`, as test-dev's image list is.
    """
    if dataset is not None:
        find_dataset(dataset)
    try:
        state = path.stat()
        stamp = (state.st_ino, state.st_size, state.st_mtime_ns)
    except (OSError, ValueError):
        stamp = (0, 0, 0)
    return read_stamped(path, dataset, without_people, stamp)


@lru_cache(maxsize=4)
def read_stamped(
    path: Path, name: str | None, without_people: bool, stamp: tuple[int, int, int]
) -> Annotations:
    """The content of a file as its stamp has it; the last few are kept."""
    dataset = None if name is None else DATASETS[name]
    released = path.suffix == ".mat"
    if released and dataset is not None and dataset.file_form != "HRNet":
        raise ReproError(f"`{path}` is not an annotation file of {dataset.name}.", OFFICIAL)
    text = content(path, "annotation file")
    sha256 = hashlib.sha256(text).hexdigest()
    place = annotation_cache.place(len(text), sha256, name, without_people)
    kept = annotation_cache.load(place, sha256) if place else None
    if kept is not None:
        return _frozen(kept)
    with uncollected():
        if released:
            annotations = mpii.release(path, text, sha256)
        else:
            document = excerpt(text, path, "annotation file", WANTED)
            del text  # before as much memory is taken for the arrays
            annotations = _annotations(path, document, sha256, dataset, without_people)
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
    path: Path, document: object, sha256: str, dataset: Dataset | None, without_people: bool
) -> Annotations:
    if not isinstance(document, dict):
        raise _other(path, document)
    if dataset is not None:
        _check_origin(path, dataset, document)
    images = _images(Rows(path, "images", _list(path, document, "images")))
    if without_people and "annotations" not in document:
        document = {**document, "annotations": []}
    rows = Rows(path, "annotations", _list(path, document, "annotations"))
    person = _person(path, document)
    of_people = np.flatnonzero(rows.whole("category_id", otherwise=person) == person).tolist()
    if len(of_people) < len(rows):
        rows = rows.chosen(of_people)
    if not len(rows) and not without_people:
        raise ReproError(f"`{path}` has no persons.", OFFICIAL)
    kind = _kind(path, document, rows, dataset)
    if kind.crowding:
        crowding = Rows(path, "images", _list(path, document, "images")).numbers("crowdIndex")
        images = Images(images.ids, images.files, images.sizes, crowding)
    return Annotations(kind.name, images, _people(rows, images, kind), sha256)


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


def _person(path: Path, document: Mapping[str, object]) -> int:
    """The id of the category `person`; 1 where the file names no categories."""
    categories = document.get("categories")
    if not isinstance(categories, list) or not categories:
        return 1
    rows = Rows(path, "categories", categories)
    for name, number in zip(rows.words("name"), rows.whole("id"), strict=True):
        if name == "person":
            return int(number)
    raise ReproError(f"`{path}` has no category `person`.", OFFICIAL)


def _kind(
    path: Path, document: Mapping[str, object], rows: Rows, dataset: Dataset | None
) -> Dataset:
    """The real data set whose joints the file has: by their names, else by their number."""
    wanted = DATASETS[dataset.kind] if dataset else None
    known = [DATASETS[name] for name in REAL if DATASETS[name].file_form == "COCO"]
    names = _joint_names(document)
    if names is None:
        points = _first(list(rows.rows)).get("keypoints", ())
        joints = len(points) // 3 if isinstance(points, list) else 0
        if len(rows) and not joints:
            hint = "Give the keypoint file (person_keypoints_*.json for COCO)."
            raise ReproError(f"`{path}` has no `keypoints`; it may be for detection.", hint)
        fits = [entry for entry in known if len(entry.skeleton.joints) == joints]
        if wanted is None and len(rows) and not fits:
            raise ReproError(f"`{path}` has {joints} joints a person.", joint_counts(known))
        fits = fits or [wanted or known[0]]
    else:
        fits = [entry for entry in known if entry.skeleton.joints == names]
        if not fits:
            whose = " or ".join(f"{entry.title}'s" for entry in known)
            hint = f"The joints must be {whose}, in the official order."
            raise ReproError(f"`{path}` has other joints ({', '.join(names[:4])}, ...).", hint)
    if wanted is None or wanted in fits:
        return wanted or fits[0]
    hint = "Give the file of that data set, or name the right data set."
    raise ReproError(f"`{path}` has the joints of {fits[0].name}, not of {wanted.name}.", hint)


def _joint_names(document: Mapping[str, object]) -> tuple[str, ...] | None:
    categories = document.get("categories")
    for category in categories if isinstance(categories, list) else ():
        if (
            isinstance(category, dict)
            and category.get("name") == "person"
            and category.get("keypoints")
        ):
            words = [str(name).replace("_", " ") for name in category["keypoints"]]
            return tuple("head top" if word in ("head", "top head") else word for word in words)
    return None


def _images(rows: Rows) -> Images:
    if not len(rows):
        raise ReproError(f"`{rows.path}` has no images.", OFFICIAL)
    ids = rows.whole("id")
    _check_unique(rows, ids.tolist(), "images")
    height, width = rows.whole("height"), rows.whole("width")
    for field, sizes in (("height", height), ("width", width)):
        if (sizes <= 0).any():
            rows.refuse(field, int(np.flatnonzero(sizes <= 0)[0]), "above 0")
    return Images(ids, rows.words("file_name"), np.stack([height, width], axis=1))


def _people(rows: Rows, images: Images, kind: Dataset) -> People:
    joints = len(kind.skeleton.joints)
    ids = rows.whole("id")
    _check_unique(rows, ids.tolist(), "annotations")
    position = {int(one): place for place, one in enumerate(images.ids)}
    image_ids = rows.whole("image_id").tolist()
    for place, image_id in enumerate(image_ids):
        if image_id not in position:
            message = f"`{rows.path}` has no image {image_id}, which {rows.place(place)} is on."
            raise ReproError(message, "Add the image or leave the annotation out.")
    boxes = rows.numbers("bbox", 4)
    sides = np.minimum(boxes[:, 2], boxes[:, 3])
    _check_least(rows, "bbox", sides, "a box of no negative size")
    keypoints = rows.numbers("keypoints", 3 * joints).reshape(-1, joints, 3)
    strange = np.flatnonzero(~np.isin(keypoints[..., 2], (0, 1, 2)).all(axis=1))
    if strange.size:
        rows.refuse("keypoints", int(strange[0]), "x, y and 0, 1 or 2 a joint")
    areas = _areas(rows, boxes, kind)
    labelled = rows.whole("num_keypoints")
    crowd = rows.whole("iscrowd", otherwise=0) > 0
    image = np.array([position[one] for one in image_ids], np.int64)
    return People(ids, image, boxes, keypoints, areas, labelled, crowd)


def _areas(rows: Rows, boxes: Floats, kind: Dataset) -> Floats:
    if not kind.segments:
        return boxes[:, 2] * boxes[:, 3] * BOX_SHARE
    areas = rows.numbers("area")
    _check_least(rows, "area", areas, "0 or more")
    return areas


def _check_least(rows: Rows, field: str, least: Floats, wanted: str) -> None:
    low = np.flatnonzero(least < 0)
    if low.size:
        rows.refuse(field, int(low[0]), wanted)


def _check_unique(rows: Rows, ids: Iterable[int], what: str) -> None:
    seen: set[int] = set()
    for number in ids:
        if number in seen:
            raise ReproError(f"`{rows.path}` has two {what} with the id {number}.", OFFICIAL)
        seen.add(number)


def _frozen(annotations: Annotations) -> Annotations:
    """The same arrays, which several callers share and none may change."""
    for part in (annotations.images, annotations.people):
        for value in vars(part).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
    return annotations


def is_official(
    dataset: str, split: str, annotations: Annotations, boxes: int | None = None
) -> bool:
    """Whether images, persons and a detector's boxes are as many as in the official files."""
    facts = DATASETS[dataset].facts(split)
    seen = {
        "images": len(annotations.images),
        "people": len(annotations.people),
        "labelled": int((annotations.people.labelled > 0).sum()),
        "boxes": boxes,
        "sha256": annotations.sha256,
    }
    return facts is not None and not facts.differing(seen)
