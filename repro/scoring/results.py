"""Read result files: COCO's and CrowdPose's json, MPII's json or .mat."""

import json
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.coco_people import image_ids
from repro.data.json_rows import Rows, content, parsed, unpacked
from repro.data.matlab import arrays
from repro.data.people import Annotations, Bools, Floats, Ints, Poses
from repro.errors import ReproError
from repro.records.remarks import Remark, check, counted
from repro.scoring.result_rows import PlainRows, plain_rows

LIMIT = 2**31
"""bytes; COCO's test-dev with 100 poses an image has half of it"""
PERSON = 1
"""the category of persons in COCO and CrowdPose"""
JOINTS = 16
"""of MPII"""
WHAT = "results file"
LIST = "It is a list of {image_id, category_id, keypoints, score}."


@dataclass(frozen=True, eq=False)
class Results:
    """A result file of COCO or CrowdPose."""

    poses: Poses
    boxes: Floats | None
    """(N, 4) left, top, width, height, if the first entry has one"""
    remarks: tuple[Remark, ...] = ()
    """on what was left out of the file"""


def read(path: Path, joints: int) -> Results:
    """The poses of a json list of {image_id, category_id, keypoints, score}.

    A ReproError names the first entry that lacks a field, has another number of joints, a number
    that is not finite, or a category other than person. Boxes are read if the first entry has one,
    as in `COCO.loadRes`.
    """
    plain = plain_rows(path, LIMIT)
    if plain is not None and (plain.categories == PERSON).all():
        found = _plain_results(plain, joints)
        if found is not None:
            return found
    rows = Rows(path, "", _list(path))
    images = rows.whole("image_id")
    categories = rows.whole("category_id")
    if (categories != PERSON).any():
        other = int(np.flatnonzero(categories != PERSON)[0])
        rows.refuse("category_id", other, f"{PERSON}, a person")
    return _results(rows, images, joints, ())


def matched(path: Path, annotations: Annotations) -> Results:
    """The same of the persons on the images of annotations, by the ids of their file.

    Poses of other categories and on other images are left out and remarked on; a ReproError where
    most of a file is so, as it then belongs to other annotations.
    """
    joints = len(annotations.entry.skeleton.joints)
    plain = None if annotations.images.words else plain_rows(path, LIMIT)
    if plain is not None and _all_ours(plain, annotations):
        found = _plain_results(plain, joints)
        if found is not None:
            return found
    rows, remarks = ours(Rows(path, "", _list(path)), annotations)
    images, _ = image_ids(rows, annotations.images)
    return _results(rows, images, joints, remarks)


def _all_ours(plain: PlainRows, annotations: Annotations) -> bool:
    of_persons = plain.categories == annotations.category
    return bool(of_persons.all() and np.isin(plain.images, annotations.images.ids).all())


def _plain_results(plain: PlainRows, joints: int) -> Results | None:
    """Rows of which there is nothing to tell; None where the joints are not so many."""
    if plain.keypoints.shape[1] != 3 * joints:
        return None
    keypoints = plain.keypoints.reshape(-1, joints, 3)
    return Results(Poses(plain.images, keypoints, plain.scores), plain.boxes)


def ours(rows: Rows, annotations: Annotations) -> tuple[Rows, tuple[Remark, ...]]:
    """The rows that are of the annotated category and on an image of the annotations."""
    categories = rows.whole("category_id")
    person = categories == annotations.category
    foreign = ~person & ~np.isin(categories, annotations.categories)
    _, inside = image_ids(rows, annotations.images)
    unknown = person & ~inside
    remarks = [
        _remark(~person & ~foreign, "poses are of other categories than the persons"),
        _remark(
            foreign,
            f"poses are of categories that the annotations lack; their persons are "
            f"{annotations.category}",
            impossible=True,
        ),
        _remark(
            unknown,
            "poses are on images that the annotations lack" + _named(rows, unknown),
            impossible=True,
        ),
    ]
    told = tuple(remark for remark in remarks if remark is not None)
    check(told, "Score them against the annotations of their own split.")
    if len(rows) and not person.any():
        raise ReproError(
            f"`{rows.path}` has no pose of the category {annotations.category}.",
            "The category of a pose is that of the annotations' persons.",
        )
    kept = person & inside
    return (rows if kept.all() else rows.chosen(np.flatnonzero(kept).tolist())), told


def _remark(chosen: Bools, what: str, impossible: bool = False) -> Remark | None:
    if not chosen.any():
        return None
    return counted("results", int(chosen.sum()), len(chosen), what, impossible)


def _named(rows: Rows, chosen: Bools) -> str:
    """` (5000, 5001, …)` of the images of some rows."""
    ids = [row["image_id"] for row, of in zip(rows.rows, chosen, strict=True) if of]  # type: ignore[index]
    names = [str(one)[:40] for one in dict.fromkeys(ids)]
    more = ", …" if len(names) > 3 else ""
    return f" ({', '.join(names[:3])}{more})" if names else ""


def _results(rows: Rows, images: Ints, joints: int, remarks: tuple[Remark, ...]) -> Results:
    keypoints = _keypoints(rows, joints)
    scores = rows.numbers("score")
    first = rows.rows[0] if len(rows) else None
    boxed = isinstance(first, dict) and bool(first.get("bbox"))
    boxes = rows.numbers("bbox", 4) if boxed else None
    _check_finite(rows, "keypoints", keypoints)
    _check_finite(rows, "score", scores)
    if boxes is not None:
        _check_finite(rows, "bbox", boxes)
    return Results(Poses(images, keypoints, scores), boxes, remarks)


def points(path: Path) -> Floats:
    """(N, 16, 2) joints of MPII's valid list, as in the file.

    Either a json list of N poses, or a .mat with `pos_pred_src` (16, 2, N), as the official
    evaluation has it, or with `preds` (N, 16, 2), as HRNet writes it.
    """
    if path.suffix == ".mat":
        return _of_matlab(path)
    poses = _list(path)
    numbers = _numbers(poses)
    if (
        numbers is None
        or numbers.shape != (len(poses), JOINTS, 2)
        or not np.isfinite(numbers).all()
    ):
        for place, pose in enumerate(poses):
            joints = _numbers(pose)
            if joints is None or joints.shape != (JOINTS, 2) or not np.isfinite(joints).all():
                message = (
                    f"The {WHAT} `{path}` has no {JOINTS} x 2 finite numbers in entry {place}."
                )
                raise ReproError(message, "It is a list of poses in the order of the valid list.")
    return np.zeros((0, JOINTS, 2)) if numbers is None or not len(poses) else numbers


def _list(path: Path) -> list[object]:
    text = unpacked(content(path, WHAT, LIMIT), path, WHAT, LIMIT)
    try:
        value = parsed(text, path, WHAT)
    except ReproError as error:
        value = _not_finite(text, str(error))
        if value is None:
            raise
    if not isinstance(value, list):
        raise ReproError(f"The {WHAT} `{path}` does not hold a list.", LIST)
    return value


def _not_finite(text: bytes, message: str) -> object:
    """What would be JSON but for NaN or infinity, so that they can be named."""
    try:
        if b"NaN" in text or b"Infinity" in text or "infinity" in message:
            return json.loads(text)
    except (ValueError, RecursionError):
        pass
    return None


def _keypoints(rows: Rows, joints: int) -> Floats:
    """(N, K, 3), quickly if all is well."""
    width = 3 * joints
    numbers = array("d")
    try:
        lists = [row["keypoints"] for row in rows.rows]  # type: ignore[index]
        for values in lists:
            numbers.extend(values)
        plain = {len(values) for values in lists} <= {width}
    except (KeyError, TypeError, OverflowError):
        plain = False
    if plain:
        keypoints = np.frombuffer(numbers, np.float64)
    else:
        _check_lengths(rows, joints)
        keypoints = rows.numbers("keypoints", width)
    return keypoints.reshape(-1, joints, 3)


def _check_finite(rows: Rows, field: str, numbers: Floats) -> None:
    if np.isfinite(numbers).all():
        return
    entries = numbers.reshape(len(numbers), -1)
    place, column = np.argwhere(~np.isfinite(entries))[0].tolist()
    where = f"`{field}` of {rows.place(place)}"
    message = f"`{rows.path}` has {entries[place, column]} in {where}."
    raise ReproError(message, "Every number must be finite.")


def _check_lengths(rows: Rows, joints: int) -> None:
    for place, row in enumerate(rows.rows):
        keypoints = row.get("keypoints") if isinstance(row, dict) else None
        if isinstance(keypoints, list | array) and len(keypoints) != 3 * joints:
            message = (
                f"`{rows.path}` has {len(keypoints)} numbers as `keypoints` in {rows.place(place)}"
            )
            hint = f"{joints} joints are {3 * joints} numbers: x, y and score of each."
            raise ReproError(f"{message}.", hint)


def _numbers(value: object) -> Floats | None:
    try:
        numbers = np.array(value)
    except (ValueError, OverflowError):
        return None
    return numbers.astype(np.float64) if numbers.dtype.kind in "iuf" else None


def _of_matlab(path: Path) -> Floats:
    try:
        contents = arrays(content(path, WHAT, LIMIT), ("pos_pred_src", "preds"))
    except ValueError as error:
        message = f"The {WHAT} `{path}` cannot be read as MATLAB's: {error}."
        raise ReproError(message, "Write it again.") from error
    poses = contents.get("preds")
    if "pos_pred_src" in contents:
        poses = np.moveaxis(contents["pos_pred_src"], -1, 0)
    if poses is None or poses.shape[1:] != (JOINTS, 2):
        hint = f"It needs `pos_pred_src` ({JOINTS}, 2, N) or `preds` (N, {JOINTS}, 2)."
        raise ReproError(f"The {WHAT} `{path}` has no poses.", hint)
    numbers = poses.astype(np.float64)
    if not np.isfinite(numbers).all():
        place = int(np.flatnonzero(~np.isfinite(numbers).all(axis=(1, 2)))[0])
        message = f"The {WHAT} `{path}` has a number that is not finite in entry {place}."
        raise ReproError(message, "Write it again.")
    return numbers
