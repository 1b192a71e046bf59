"""Images and persons of a COCO-format file; what it does not say is derived and remarked on.

Official evaluators and tools of annotation differ in what they ask for and write. Here a field is
asked for where a figure hangs on it, and what stands in its place is counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from repro.data.json_rows import Rows
from repro.data.people import Bools, Floats, Images, Ints, People
from repro.errors import ReproError
from repro.papers.datasets import Dataset
from repro.records.remarks import Remark, counted

BOX_SHARE = 0.53
"""the share of the box that CrowdPose's evaluation takes as the area, as it has no segments"""
OFFICIAL = "Give the data set's own annotation file."
ID_0 = "The annotation with id 0 counts as never found: official evaluators take 0 for no match."
FARTHEST = 1e7
"""pixels from an image's first that anything in it can be; no image that is read is as wide"""
LEAST_SIDE = 1e-6
"""pixels of a box that is not empty; the region about a smaller one cannot be cut out"""
WHAT = "annotations"
"""what remarks are about"""


@dataclass
class Told:
    """What was derived or left out of a file so far."""

    remarks: list[Remark] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    """the fields of persons that are not everywhere as the file has them"""

    def say(self, count: int, total: int, what: str, impossible: bool = False) -> None:
        """Remark on so many of all, if any."""
        if count:
            self.remarks.append(counted(WHAT, count, total, what, impossible))

    def fill(self, name: str, count: int, total: int, what: str) -> None:
        """The same of a field whose values are put in the place of the file's."""
        if count:
            self.filled.add(name)
            self.say(count, total, what)


def images(rows: Rows, told: Told) -> Images:
    """The images in the order of the file; a row that repeats another goes."""
    if not len(rows):
        raise ReproError(f"`{rows.path}` has no images.", OFFICIAL)
    rows = _unrepeated(rows, told)
    words = _words(rows, "id")
    if words:
        named = sorted(words)
        places = {word: place for place, word in enumerate(named)}
        ids = np.array([places[word] for word in words], np.int64)
        check_unique(rows, words, "images")
    else:
        ids = rows.whole("id")
        check_unique(rows, ids.tolist(), "images")
    return Images(ids, _files(rows, told), _sizes(rows, told), None, words)


def crowding(rows: Rows) -> Floats:
    """(I,) CrowdPose's crowdIndex."""
    return _unrepeated(rows, Told()).numbers("crowdIndex")


def _unrepeated(rows: Rows, told: Told) -> Rows:
    """Tools that list an image once a person repeat its row word by word."""
    first: dict[object, int] = {}
    kept = [
        place
        for place, row in enumerate(rows.rows)
        if not isinstance(row, dict)
        or not isinstance(row.get("id"), int | float | str)
        or first.setdefault(row["id"], place) == place
        or row != rows.rows[first[row["id"]]]
    ]
    told.say(len(rows) - len(kept), len(rows), "image rows repeat another one and are left out")
    return rows if len(kept) == len(rows) else rows.chosen(kept)


def _words(rows: Rows, name: str) -> tuple[str, ...]:
    """The ids of rows that are all words; nothing if the first is none."""
    first = rows.rows[0] if len(rows) else None
    if not isinstance(first, dict) or not isinstance(first.get(name), str):
        return ()
    return rows.words(name)


def _files(rows: Rows, told: Told) -> tuple[str, ...]:
    nameless = sum(isinstance(row, dict) and "file_name" not in row for row in rows.rows)
    told.say(nameless, len(rows), "images have no `file_name`, so that no picture can be found")
    return _replaced(rows, "file_name", lambda row: row.get("file_name", "?")).words("file_name")


def _sizes(rows: Rows, told: Told) -> Ints:
    """(I, 2) height, width; 0 where a row does not say, or where all rows have 0."""

    def absent(row: dict[str, object]) -> bool:
        return row.get("height") is None or row.get("width") is None

    plain = [row for row in rows.rows if isinstance(row, dict)]
    unknown = np.array([absent(row) for row in plain], np.bool_)
    if not unknown.any() and all(row["height"] == row["width"] == 0 for row in plain):
        unknown[:] = True
    told.say(int(unknown.sum()), len(rows), "images have no size in the file")
    if unknown.all():
        return np.zeros((len(rows), 2), np.int64)
    known = np.flatnonzero(~unknown).tolist()
    some = rows if len(known) == len(rows) else rows.chosen(known)
    sizes = np.zeros((len(rows), 2), np.int64)
    for column, name in enumerate(("height", "width")):
        values = some.whole(name)
        if (values <= 0).any():
            some.refuse(name, int(np.flatnonzero(values <= 0)[0]), "above 0")
        sizes[known, column] = values
    return sizes


def people(rows: Rows, of: Images, kind: Dataset, told: Told) -> People:
    """The persons in the order of the file."""
    joints = len(kind.skeleton.joints)
    ids = _ids(rows, told)
    image = _positions(rows, of)
    boxes = box_numbers(rows)
    keypoints = _keypoints(rows, joints, told)
    labelled = _labelled(rows, keypoints, told)
    crowd = _crowd(rows, told)
    areas = _areas(rows, boxes, kind, labelled > 0, told)
    return People(ids, image, boxes, keypoints, areas, labelled, crowd)


def _ids(rows: Rows, told: Told) -> Ints:
    """The ids as they are; if some are absent or words, numbers from 1 in the order of the file."""
    values = [row.get("id") if isinstance(row, dict) else 0 for row in rows.rows]
    unusable = sum(value is None or isinstance(value, str) for value in values)
    if unusable:
        what = "annotations have no number as `id`; they are numbered in the order of the file"
        told.fill("id", unusable, len(rows), what)
        return np.arange(1, len(rows) + 1)
    ids = rows.whole("id")
    check_unique(rows, ids.tolist(), "annotations")
    if (ids == 0).any():
        told.remarks.append(Remark(WHAT, ID_0, 1, len(rows)))
    return ids


def image_ids(rows: Rows, of: Images) -> tuple[Ints, Bools]:
    """(N,) the ids of the images that rows of another file are on, and whether they are there.

    They are compared with those of the annotation file, be they numbers or words.
    """
    if of.words:
        number = dict(zip(of.words, of.ids.tolist(), strict=True))
        words = rows.words("image_id")
        known = np.array([word in number for word in words], np.bool_)
        return np.array([number.get(word, -1) for word in words], np.int64), known
    ids = rows.whole("image_id")
    return ids, np.isin(ids, of.ids)


def _positions(rows: Rows, of: Images) -> Ints:
    """(P,) the position of the image that each row is on."""
    if of.words:
        position: dict[object, int] = {word: place for place, word in enumerate(of.words)}
        given: Sequence[object] = (
            rows.words("image_id")
            if _words(rows, "image_id")
            else (rows.whole("image_id").tolist())
        )
    else:
        position = {number: place for place, number in enumerate(of.ids.tolist())}
        given = _words(rows, "image_id") or rows.whole("image_id").tolist()
    for place, image_id in enumerate(given):
        if image_id not in position:
            message = (
                f"`{rows.path}` has no image {str(image_id)[:60]}, which {rows.place(place)} is on."
            )
            kinds = isinstance(image_id, str) != bool(of.words)
            cure = "Add the image or leave the annotation out."
            other = (
                "Ids of images are words in one list and numbers in the other; write both alike."
            )
            raise ReproError(message, other if kinds else cure)
    return np.array([position[image_id] for image_id in given], np.int64)


def box_numbers(rows: Rows) -> Floats:
    """(N, 4) left, top, width, height of rows; the first that no image can have is refused."""
    boxes = rows.numbers("bbox", 4)
    check_least(rows, "bbox", np.minimum(boxes[:, 2], boxes[:, 3]), "a box of no negative size")
    check_far(rows, "bbox", boxes)
    largest = boxes[:, 2:].max(axis=1, initial=0)
    tiny = np.flatnonzero((largest > 0) & (largest < LEAST_SIDE))
    if tiny.size:
        rows.refuse("bbox", int(tiny[0]), f"a box with no side, or one of {LEAST_SIDE:g} pixels")
    return boxes


def check_far(rows: Rows, name: str, numbers: Floats) -> None:
    """Refuse the first row with a place (N, ...) that is in no image."""
    axes = tuple(range(1, numbers.ndim))
    far = np.abs(numbers).max(axis=axes, initial=0) > FARTHEST
    if far.any():
        rows.refuse(name, int(np.flatnonzero(far)[0]), f"within {FARTHEST:,.0f} pixels")


def _keypoints(rows: Rows, joints: int, told: Told) -> Floats:
    """(P, K, 3); a person without joints, and a joint that is null, has none labelled."""
    lists = [row.get("keypoints") if isinstance(row, dict) else None for row in rows.rows]
    absent = sum(not points for points in lists)
    what = "annotations have no `keypoints`, and count as persons without labelled joints"
    told.fill("keypoints", absent, len(rows), what)
    try:
        numbers = rows.numbers("keypoints", 3 * joints)
    except ReproError:
        holes = sum(isinstance(points, list) and None in points for points in lists)
        what = "annotations have joints that are null, not labelled"
        told.fill("keypoints", holes, len(rows), what)
        rows = _replaced(rows, "keypoints", lambda row: _filled(row.get("keypoints"), joints))
        numbers = rows.numbers("keypoints", 3 * joints)
    keypoints = numbers.reshape(-1, joints, 3)
    check_far(rows, "keypoints", keypoints[..., :2])
    visibility = keypoints[..., 2]
    strange = np.flatnonzero((visibility > 2).any(axis=1))
    if strange.size:
        rows.refuse("keypoints", int(strange[0]), "x, y and 0, 1 or 2 a joint")
    odd = int((~np.isin(visibility, (0, 1, 2)).all(axis=1)).sum())
    told.say(
        odd,
        len(rows),
        "annotations have a visibility other than 0, 1 and 2; a joint with one above 0 is labelled",
    )
    return keypoints


def _filled(points: object, joints: int) -> object:
    """Points with zeros in the place of a joint that is null."""
    if not points:
        return [0] * (3 * joints)
    if not isinstance(points, list) or None not in points:
        return points
    parts = [points[start : start + 3] for start in range(0, len(points), 3)]
    return [value for part in parts for value in ([0] * len(part) if None in part else part)]


def _labelled(rows: Rows, keypoints: Floats, told: Told) -> Ints:
    absent = _absent(rows, "num_keypoints")
    own = np.count_nonzero(keypoints[..., 2] > 0, axis=1)
    if absent.any():
        what = "annotations have no `num_keypoints`; it is counted by the visibilities"
        told.fill("num_keypoints", int(absent.sum()), len(rows), what)
        rows = _replaced(rows, "num_keypoints", lambda row: row.get("num_keypoints") or 0)
    return np.where(absent, own, rows.whole("num_keypoints")).astype(np.int64)


def _crowd(rows: Rows, told: Told) -> Bools:
    absent = int(_absent(rows, "iscrowd").sum())
    told.fill("iscrowd", absent, len(rows), "annotations have no `iscrowd`; they are no crowds")
    if absent:
        rows = _replaced(rows, "iscrowd", lambda row: row.get("iscrowd") or 0)
    return np.asarray(rows.whole("iscrowd") > 0)


def _areas(rows: Rows, boxes: Floats, kind: Dataset, labelled: Bools, told: Told) -> Floats:
    """(P,) as the file has them; else of the outlines, else a share of the boxes.

    Where most labelled persons have an area of 0 though their boxes have some, the file knows none.
    """
    shares = boxes[:, 2] * boxes[:, 3] * BOX_SHARE
    if not kind.segments:
        return shares
    absent = _absent(rows, "area")
    if absent.any():
        rows = _replaced(rows, "area", lambda row: row.get("area") or 0)
    areas = rows.numbers("area")
    check_least(rows, "area", areas, "0 or more")
    nothing = ~absent & labelled & (areas == 0) & (shares > 0)
    if 2 * nothing.sum() > labelled.sum():
        absent |= (areas == 0) & (shares > 0)
    if not absent.any():
        return areas
    outlined = np.array([_outlined(row) for row in rows.rows])
    by_outline = absent & (outlined > 0)
    what = "annotations have no `area`; it is that of their outlines"
    told.fill("area", int(by_outline.sum()), len(rows), what)
    what = f"annotations have no `area`; it is {BOX_SHARE} of the box, as CrowdPose's evaluation"
    told.fill("area", int((absent & ~by_outline).sum()), len(rows), f"{what} has it")
    return np.where(absent, np.where(by_outline, outlined, shares), areas)


def _outlined(row: object) -> float:
    """The area of a row's outlines or run lengths; 0 where it has none that can be read."""
    outline = row.get("segmentation") if isinstance(row, dict) else None
    if isinstance(outline, dict):
        return _area_of_runs(outline)
    total = 0.0
    for part in outline if isinstance(outline, list) else []:
        try:
            x, y = np.array(part, np.float64).reshape(-1, 2).T
        except (ValueError, TypeError, OverflowError):
            return 0.0
        total += abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
    return total if np.isfinite(total) else 0.0


def _area_of_runs(runs: dict[str, object]) -> float:
    counts = runs.get("counts")
    try:
        if isinstance(counts, list):
            return float(np.array(counts, np.float64)[1::2].sum())
        from pycocotools import mask

        return float(mask.area(runs))
    except Exception:  # of the library, which has no base of its own
        return 0.0


def kept(row: object) -> object:
    """What is read of an annotation: its outline only where it has no area."""
    if not isinstance(row, dict):
        return row
    found = {name: row[name] for name in _FIELDS if name in row}
    if not row.get("area") and "segmentation" in row:
        found["segmentation"] = row["segmentation"]
    return found


_FIELDS = (
    *("id", "image_id", "category_id", "bbox", "area", "keypoints", "num_keypoints", "iscrowd"),
)


def _absent(rows: Rows, name: str) -> Bools:
    """(N,) where a field is absent or null."""
    values = [row.get(name) if isinstance(row, dict) else 0 for row in rows.rows]
    if None not in values:
        return np.zeros(len(values), np.bool_)
    return np.array([value is None for value in values], np.bool_)


def _replaced(rows: Rows, name: str, value: Callable[[dict[str, object]], object]) -> Rows:
    """The rows with another value of a field; what is no object stays."""
    changed = [{**row, name: value(row)} if isinstance(row, dict) else row for row in rows.rows]
    return replace(rows, rows=changed)


def check_least(rows: Rows, name: str, least: Floats, wanted: str) -> None:
    """Refuse the first row whose number is below 0."""
    low = np.flatnonzero(least < 0)
    if low.size:
        rows.refuse(name, int(low[0]), wanted)


def check_unique(rows: Rows, ids: Sequence[object], what: str) -> None:
    """Refuse the first id that was there before."""
    seen: set[object] = set()
    for number in ids:
        if number in seen:
            raise ReproError(f"`{rows.path}` has two {what} with the id {number}.", OFFICIAL)
        seen.add(number)
