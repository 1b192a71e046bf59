"""Read MPII: the lists of the HRNet repository, the official release, the truth for PCKh.

MATLAB counts pixels from 1: all coordinates here are moved to count from 0. A person is given by a
centre and a scale; HRNet lib/dataset/mpii.py moves the centre down by 15 scales and takes a square
of 200 scales about it, which is the person's box here; padded by 1.25 it becomes the input.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data.coco_people import FARTHEST, check_far
from repro.data.json_rows import Rows, content
from repro.data.matlab import Struct, Value, arrays, structs
from repro.data.people import Annotations, Bools, Floats, Images, Ints, People
from repro.errors import ReproError
from repro.papers.skeletons import MPII

JOINTS = len(MPII.joints)
AGAIN = "Fetch it again."
PIXELS_PER_SCALE = 200
LOWER_PER_SCALE = 15
SAME = 1.5
"""pixels between the joints of two files of one person, of which one may be cut to whole pixels"""
UNKNOWN_SIZE = (0, 0)
"""MPII's files do not say how large an image is"""


@dataclass(frozen=True, eq=False)
class Truth:
    """What PCKh compares with, in the order of the valid list."""

    points: Floats
    """(N, 16, 2) x, y in pixels counted from 0"""
    annotated: Bools
    """(N, 16)"""
    heads: Floats
    """(N, 2, 2) two opposite corners of the head box, counted from 0"""
    sha256: str


def listed(rows: Rows, sha256: str) -> Annotations:
    """A list of {image, joints, joints_vis, center, scale}: HRNet's train.json and valid.json."""
    if not len(rows):
        raise ReproError(f"`{rows.path}` has no persons.", "Give HRNet's train.json or valid.json.")
    points = rows.numbers("joints", JOINTS, 2)
    annotated = rows.numbers("joints_vis", JOINTS) > 0
    centres, scales = rows.numbers("center", 2), rows.numbers("scale")
    if (scales <= 0).any():
        rows.refuse("scale", int(np.flatnonzero(scales <= 0)[0]), "above 0")
    for name, numbers in (("joints", points), ("center", centres)):
        check_far(rows, name, numbers)
    check_far(rows, "scale", PIXELS_PER_SCALE * scales)
    visible = np.where(annotated, 2.0, 0.0)
    return _annotations(rows.words("image"), points, visible, centres, scales, sha256)


def release(path: Path, text: bytes, sha256: str) -> Annotations:
    """The training persons of mpii_human_pose_v1_u12_1.mat that have joints, a centre and a scale.

    The release knows no validation split and keeps the joints of its test images back.
    """
    try:
        releases = structs(text, "RELEASE")
    except ValueError as error:
        message = f"The annotation file `{path}` cannot be read as MATLAB's: {error}."
        raise ReproError(message, AGAIN) from error
    if not releases:
        hint = "Give the data set's valid.json; mpii_gt_valid.mat has no image names."
        raise ReproError(f"`{path}` is not the official release of MPII.", hint)
    try:
        persons = list(_persons(releases[0]))
    except (IndexError, OverflowError, TypeError, ValueError) as error:
        raise ReproError(f"`{path}` is not as released: {error}.", AGAIN) from error
    if not persons:
        raise ReproError(f"`{path}` has no persons with joints.", AGAIN)
    names, points, visible, regions = zip(*persons, strict=True)
    *centres, scales = np.array(regions, np.float64).T
    placed, seen, centre = np.stack(points), np.stack(visible), np.stack(centres, axis=1)
    places = (placed, centre, PIXELS_PER_SCALE * scales)
    if not all((np.abs(numbers) <= FARTHEST).all() for numbers in places):
        raise ReproError(f"`{path}` has a joint, a centre or a scale that is in no picture.", AGAIN)
    return _annotations(names, placed, seen, centre, scales, sha256)


def _persons(release: Struct) -> Iterator[tuple[str, Floats, Floats, list[float]]]:
    """Image, joints, visibility, and x, y and scale of the training persons that have them."""
    training = np.ravel(np.asarray(_field(release, "img_train")))
    for image, trained in zip(_structs(release, "annolist"), training, strict=True):
        for person in _structs(image, "annorect") if trained else ():
            joints = _structs(person, "annopoints", "point")
            if joints and _field(person, "objpos", "x") is not None:
                region = (("objpos", "x"), ("objpos", "y"), ("scale",))
                numbers = [_number(_field(person, *where)) for where in region]
                yield str(_field(image, "image", "name")), *_placed(joints), numbers


def truth(path: Path) -> Truth:
    """The joints and head boxes of mpii_gt_valid.mat (gt_valid.mat of the HRNet repository)."""
    text = content(path, "annotation file")
    shapes = {"pos_gt_src": (JOINTS, 2), "jnt_missing": (JOINTS,), "headboxes_src": (2, 2)}
    try:
        contents = arrays(text, shapes)
    except ValueError as error:
        raise ReproError(f"`{path}` cannot be read as MATLAB's: {error}.", AGAIN) from (error)
    people = np.asarray(contents.get("pos_gt_src", ())).shape[-1:]
    parts = []
    for name, shape in shapes.items():
        array = np.asarray(contents.get(name, ()))
        if array.shape != (*shape, *people) or array.dtype.kind not in "iufb":
            wanted = " x ".join(str(size) for size in (*shape, "persons"))
            raise ReproError(f"`{path}` has no `{name}` of {wanted}.", "Give HRNet's gt_valid.mat.")
        if not np.isfinite(array).all():
            raise ReproError(f"`{path}` has numbers in `{name}` that are not finite.", "Fetch it.")
        parts.append(np.moveaxis(array, -1, 0).astype(np.float64))
    points, missing, heads = parts
    return Truth(points - 1, missing == 0, heads - 1, hashlib.sha256(text).hexdigest())


def matching(truth: Truth, annotations: Annotations) -> Truth:
    """The truth of just the persons of a list, in its order; found by their joints.

    The list may hold some of the valid list's persons, its joints may be cut to whole pixels.
    """
    joints, annotated = annotations.people.keypoints, annotations.people.keypoints[..., 2] > 0
    rows = np.arange(len(joints))
    alike = min(len(joints), len(truth.points))  # as a rule the list is the valid list itself
    placed = _same(
        truth.points[:alike], truth.annotated[:alike], joints[:alike, :, :2], annotated[:alike]
    )
    for person in (*np.flatnonzero(~placed), *range(alike, len(joints))):
        fits = np.flatnonzero(
            _same(truth.points, truth.annotated, joints[person, :, :2], annotated[person])
        )
        if len(fits) == 0:
            raise ReproError(
                f"Person {person} of the annotations is not among the {len(truth.points):,} whose "
                "head boxes are known.",
                "PCKh is measured on MPII's validation persons.",
            )
        rows[person] = fits[0]
    return Truth(truth.points[rows], truth.annotated[rows], truth.heads[rows], truth.sha256)


def _same(points: Floats, annotated: Bools, other: Floats, also: Bools) -> Bools:
    """(N,) whether persons agree in every joint that both have, and share one."""
    both = annotated & also
    near = np.abs(points - other).max(axis=2) <= SAME
    same: Bools = (near | ~both).all(axis=1) & both.any(axis=1)
    return same


def _annotations(
    names: Sequence[str],
    points: Floats,
    visible: Floats,
    centres: Floats,
    scales: Floats,
    sha256: str,
) -> Annotations:
    """Coordinates still count from 1."""
    position = {name: place for place, name in enumerate(dict.fromkeys(names))}
    image: Ints = np.array([position[name] for name in names], np.int64)
    points = np.where(visible[..., None] > 0, points - 1, 0)
    sides = PIXELS_PER_SCALE * scales
    lower = np.stack([np.zeros_like(scales), LOWER_PER_SCALE * scales], axis=1)
    corners = centres + lower - 1 - sides[:, None] / 2
    people = People(
        np.arange(len(names)),
        image,
        np.concatenate([corners, sides[:, None], sides[:, None]], axis=1),
        np.concatenate([points, visible[..., None]], axis=2),
        sides**2,
        (visible > 0).sum(axis=1),
        np.zeros(len(names), np.bool_),
    )
    sizes = np.tile(np.array(UNKNOWN_SIZE, np.int64), (len(position), 1))
    return Annotations(
        MPII.name, Images(np.arange(len(position)), tuple(position), sizes), people, sha256
    )


def _field(struct: Struct, *names: str) -> Value:
    """A field of a field of a MATLAB struct; None where it is absent or empty."""
    *outer, last = names
    for name in outer:
        inner = struct.get(name)
        struct = inner[0] if isinstance(inner, list) and len(inner) == 1 else {}
    value = struct.get(last)
    return None if value is None or not len(value) else value


def _structs(struct: Struct, *names: str) -> list[Struct]:
    """The elements of a field that is a struct itself."""
    value = _field(struct, *names)
    return value if isinstance(value, list) else []


def _number(value: Value) -> float:
    return float(np.asarray(value).astype(np.float64).item())


def _placed(joints: Iterable[Struct]) -> tuple[Floats, Floats]:
    """x, y (16, 2) and visibility (16,): 0 not labelled, 1 hidden or not said, 2 visible."""
    points, visible = np.zeros((JOINTS, 2)), np.zeros(JOINTS)
    for joint in joints:
        place = int(_number(_field(joint, "id")))
        points[place] = _number(_field(joint, "x")), _number(_field(joint, "y"))
        seen = _field(joint, "is_visible")
        visible[place] = 2 if seen is not None and _number(seen) else 1
    return points, visible
