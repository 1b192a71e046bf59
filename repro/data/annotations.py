"""Read the annotation files of COCO, CrowdPose, MPII and the generated data set."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from repro.data import annotation_cache, mpii
from repro.data.columns import Rows, content, uncollected
from repro.data.excerpt import excerpt, fields
from repro.data.people import Annotations, Floats, Images, People
from repro.errors import ReproError, unknown
from repro.papers.skeletons import COCO, CROWDPOSE, FORMS, SKELETONS, Skeleton

BOX_SHARE = 0.53
"""CrowdPose has no segments: its evaluation takes this share of the box as the area"""
GENERATED = "synth"
"""what the `info` of a generated file has as its `dataset`"""
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
    if dataset is not None and dataset not in FORMS:
        raise unknown("data set", dataset, FORMS)
    try:
        state = path.stat()
        stamp = (state.st_ino, state.st_size, state.st_mtime_ns)
    except (OSError, ValueError):
        stamp = (0, 0, 0)
    return _read(path, dataset, without_people, stamp)


@lru_cache(maxsize=4)
def _read(
    path: Path, dataset: str | None, without_people: bool, stamp: tuple[int, int, int]
) -> Annotations:
    if path.suffix == ".mat":
        if dataset not in (None, "mpii"):
            raise ReproError(f"`{path}` is not an annotation file of {dataset}.", OFFICIAL)
        return _frozen(mpii.release(path))
    text = content(path, "annotation file")
    sha256 = hashlib.sha256(text).hexdigest()
    place = annotation_cache.place(len(text), sha256, dataset, without_people)
    kept = annotation_cache.load(place, sha256) if place else None
    if kept is not None:
        return _frozen(kept)
    with uncollected():
        document = excerpt(text, path, "annotation file", WANTED)
        del text  # before as much memory is taken for the arrays
        annotations = _annotations(path, document, sha256, dataset, without_people)
        del document
    if place is not None:
        annotation_cache.save(place, annotations)
    return _frozen(annotations)


def _annotations(
    path: Path, document: object, sha256: str, dataset: str | None, without_people: bool
) -> Annotations:
    if isinstance(document, list):
        _check_list(path, dataset, document)
        return mpii.listed(Rows(path, "", document), sha256)
    if not isinstance(document, dict):
        raise ReproError(f"`{path}` holds no annotations.", OFFICIAL)
    if dataset == "mpii":
        raise ReproError(f"`{path}` is not an annotation file of mpii.", "Give HRNet's valid.json.")
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
    skeleton = _skeleton(path, document, rows, dataset)
    if skeleton is CROWDPOSE:
        crowding = Rows(path, "images", _list(path, document, "images")).numbers("crowdIndex")
        images = Images(images.ids, images.files, images.sizes, crowding)
    return Annotations(skeleton.name, images, _people(rows, images, skeleton), sha256)


def _check_list(path: Path, dataset: str | None, rows: list[object]) -> None:
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    kinds = {"keypoints": "results", "bbox": "boxes of a detector"}
    if "joints" not in first or dataset not in (None, "mpii"):
        what = next((kind for field, kind in kinds.items() if field in first), "a list")
        raise ReproError(f"`{path}` holds {what}, not the annotations of a data set.", OFFICIAL)


def _check_origin(path: Path, dataset: str, document: Mapping[str, object]) -> None:
    """Generated figures never pass for a real data set, nor the other way round."""
    info = document.get("info")
    generated = isinstance(info, dict) and info.get("dataset") == GENERATED
    if generated and not dataset.startswith(GENERATED):
        raise ReproError(
            f"`{path}` is generated, not {dataset}.",
            f"Say `{GENERATED}` or `{GENERATED}-crowdpose`.",
        )
    if dataset.startswith(GENERATED) and not generated:
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
    for name, one in zip(rows.words("name"), rows.whole("id"), strict=True):
        if name == "person":
            return int(one)
    raise ReproError(f"`{path}` has no category `person`.", OFFICIAL)


def _skeleton(
    path: Path, document: Mapping[str, object], rows: Rows, dataset: str | None
) -> Skeleton:
    """Whose joints the file has: by their names, else by their number."""
    wanted = SKELETONS[FORMS[dataset]] if dataset else None
    names = _joint_names(document)
    if names is None:
        first = rows.rows[0] if len(rows) else {}
        points = first.get("keypoints", ()) if isinstance(first, dict) else ()
        joints = len(points) // 3 if isinstance(points, list) else 0
        if len(rows) and not joints:
            hint = "Give the keypoint file (person_keypoints_*.json for COCO)."
            raise ReproError(f"`{path}` has no `keypoints`; it may be for detection.", hint)
        fits = [one for one in (COCO, CROWDPOSE) if len(one.joints) == joints]
        found = fits[0] if fits else wanted or COCO
        if wanted is None and len(rows) and not fits:
            hint = f"COCO has {len(COCO.joints)}, CrowdPose {len(CROWDPOSE.joints)}."
            raise ReproError(f"`{path}` has {joints} joints a person.", hint)
    else:
        fits = [one for one in (COCO, CROWDPOSE) if one.joints == names]
        if not fits:
            hint = "The joints must be COCO's or CrowdPose's, in the official order."
            listed = ", ".join(names[:4])
            raise ReproError(f"`{path}` has other joints ({listed}, ...).", hint)
        found = fits[0]
    if wanted is not None and found is not wanted:
        hint = "Give the file of that data set, or name the right data set."
        raise ReproError(f"`{path}` has the joints of {found.name}, not of {wanted.name}.", hint)
    return found


def _joint_names(document: Mapping[str, object]) -> tuple[str, ...] | None:
    categories = document.get("categories")
    for one in categories if isinstance(categories, list) else ():
        if isinstance(one, dict) and one.get("name") == "person" and one.get("keypoints"):
            words = [str(name).replace("_", " ") for name in one["keypoints"]]
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


def _people(rows: Rows, images: Images, skeleton: Skeleton) -> People:
    joints = len(skeleton.joints)
    ids = rows.whole("id")
    _check_unique(rows, ids.tolist(), "annotations")
    position = {int(one): place for place, one in enumerate(images.ids)}
    image_ids = rows.whole("image_id").tolist()
    for place, one in enumerate(image_ids):
        if one not in position:
            message = f"`{rows.path}` has no image {one}, which {rows.place(place)} is on."
            raise ReproError(message, "Add the image or leave the annotation out.")
    boxes = rows.numbers("bbox", 4)
    sides = np.minimum(boxes[:, 2], boxes[:, 3])
    _check_least(rows, "bbox", sides, "a box of no negative size")
    keypoints = rows.numbers("keypoints", 3 * joints).reshape(-1, joints, 3)
    strange = np.flatnonzero(~np.isin(keypoints[..., 2], (0, 1, 2)).all(axis=1))
    if strange.size:
        rows.refuse("keypoints", int(strange[0]), "x, y and 0, 1 or 2 a joint")
    areas = _areas(rows, boxes, skeleton)
    labelled = rows.whole("num_keypoints")
    crowd = rows.whole("iscrowd", otherwise=0) > 0
    image = np.array([position[one] for one in image_ids], np.int64)
    return People(ids, image, boxes, keypoints, areas, labelled, crowd)


def _areas(rows: Rows, boxes: Floats, skeleton: Skeleton) -> Floats:
    if skeleton is CROWDPOSE:
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
    for one in ids:
        if one in seen:
            raise ReproError(f"`{rows.path}` has two {what} with the id {one}.", OFFICIAL)
        seen.add(one)


def _frozen(annotations: Annotations) -> Annotations:
    """The same arrays, which several callers share and none may change."""
    for part in (annotations.images, annotations.people):
        for value in vars(part).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
    return annotations
