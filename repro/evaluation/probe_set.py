"""The small data set of a probe: persons of one template on images of noise, in every form.

Nothing here draws, and no random numbers come from a library's distributions, whose values may
change with its version: what a probe gives follows from the code that it probes. All coordinates
are halves of pixels, and images are PNG, so that files hold them exactly.
"""

import json
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from repro.data.layout import Source
from repro.data.mpii import LOWER_PER_SCALE, PIXELS_PER_SCALE
from repro.data.people import Floats
from repro.papers.datasets import DatasetChoice, find_dataset
from repro.papers.skeletons import MPII, Skeleton

Row = dict[str, object]


class Image(NamedTuple):
    """One image; ids are in no order."""

    id: int
    height: int
    width: int
    crowding: float


class Person(NamedTuple):
    """A person who stands upright, before the joints are moved."""

    image: int
    """position in IMAGES"""
    x: int
    """of the middle"""
    top: int
    height: int
    crowd: bool = False
    labelled: bool = True
    boxed: float = 1.0
    """the share of the height that the box shows"""


IMAGES = (
    Image(31, 120, 160, 0.1),
    Image(7, 160, 120, 0.5),
    Image(18, 150, 220, 0.9),
    Image(5, 128, 128, 0.3),
    Image(44, 240, 180, 0.05),
    Image(2, 110, 200, 0.85),
    Image(60, 100, 100, 0.0),  # nobody is on it
)
PEOPLE = (
    Person(5, 192, 10, 95),
    Person(0, 50, 8, 100),
    Person(0, 78, 14, 95),
    Person(0, 135, 30, 60, boxed=0.6),
    Person(1, 60, 10, 140),
    Person(1, 6, 40, 100),
    Person(2, 40, 30, 90),
    Person(2, 62, 34, 90),
    Person(2, 90, 28, 95),
    Person(2, 160, 60, 120),
    Person(2, 205, 4, 40, crowd=True, labelled=False),
    Person(3, 64, 5, 118),
    Person(3, 110, 90, 20, labelled=False),
    Person(3, 20, 100, 0),
    Person(4, 80, 8, 225),
    Person(4, 150, 90, 140),
    Person(5, 30, 12, 80),
    Person(5, 50, 15, 80),
    Person(5, 120, 6, 100),
)
"""some stand before others or are cut by the border; one is a point, one's feet are not boxed"""
MIDDLE = {
    "head top": 0.0,
    "nose": 0.08,
    "upper neck": 0.14,
    "neck": 0.17,
    "thorax": 0.2,
    "pelvis": 0.52,
}
"""down from the top, in heights"""
SIDES = {
    "eye": (0.02, 0.06),
    "ear": (0.04, 0.07),
    "shoulder": (0.11, 0.19),
    "elbow": (0.15, 0.34),
    "wrist": (0.16, 0.48),
    "hip": (0.07, 0.52),
    "knee": (0.08, 0.75),
    "ankle": (0.08, 0.97),
}
"""to each side and down; a person's left is on the right"""
WIDTH = 0.4
"""of a box, in heights"""
GRAIN = 10
"""pixels"""
RESTLESS = 0.08
"""how far joints are moved, in heights, from one end to the other"""


def draws(shape: Sequence[int], *seeds: int) -> Floats:
    """Numbers from 0 to 1, the same under every version of NumPy: a bit generator's own stream."""
    drawn = np.random.PCG64(seeds).random_raw(prod(shape)) >> np.uint64(11)
    return np.asarray(drawn * 2.0**-53, np.float64).reshape(tuple(shape))


def write(folder: Path, dataset: DatasetChoice) -> Source:
    """Write the set in a data set's form, with its images, and say where everything is.

    COCO's and CrowdPose's come with the boxes of a detector, MPII's with its head boxes.
    """
    entry = find_dataset(dataset)
    for place, image in enumerate(IMAGES):
        pixels = _pixels(place, image)
        (folder / f"{image.id}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    path = folder / "annotations.json"
    if entry.measure == "PCKh":
        truth = _mpii(path)
        return Source(entry.name, "", path, folder, truth=truth)
    path.write_text(json.dumps(_document(entry.skeleton)))
    boxes = folder / "boxes.json"
    boxes.write_text(json.dumps(_detected()))
    return Source(entry.name, "", path, folder, boxes)


def _pixels(place: int, image: Image) -> NDArray[np.uint8]:
    """Noise of two grains."""
    height, width = image.height, image.width
    coarse = draws((height // GRAIN + 1, width // GRAIN + 1, 3), 1, place, 0)
    wide = coarse.repeat(GRAIN, axis=0).repeat(GRAIN, axis=1)[:height, :width]
    fine = draws((height, width, 3), 1, place, 1)
    return np.floor(wide * 192 + fine * 64).astype(np.uint8)


def _joints(place: int, skeleton: Skeleton) -> Floats:
    """The joints (K, 3) of a person; those outside the image are not labelled."""
    person = PEOPLE[place]
    image = IMAGES[person.image]
    points = np.zeros((len(skeleton.joints), 3))
    for row, joint in enumerate(skeleton.joints):
        side, _, name = joint.partition(" ")
        across, down = (
            (SIDES[name][0] * (1 if side == "left" else -1), SIDES[name][1])
            if name in SIDES
            else (0.0, MIDDLE.get(joint, row / len(skeleton.joints)))
        )
        dx, dy, seen = draws((3,), 2, place, row).tolist()
        x = person.x + person.height * (across + RESTLESS * (dx - 0.5))
        y = person.top + person.height * (down + RESTLESS * (dy - 0.5))
        x, y = np.floor(2 * x) / 2, np.floor(2 * y) / 2
        inside = 0 <= x < image.width and 0 <= y < image.height
        visibility = 2 if seen > 0.25 else 1 if seen > 0.1 else 0
        if person.labelled and inside and visibility:
            points[row] = x, y, visibility
    return points


def _box(person: Person) -> list[float]:
    """Left, top, width, height; it may leave the image."""
    wide = np.floor(2 * WIDTH * person.height) / 2
    return [person.x - wide / 2, float(person.top), wide, person.boxed * person.height]


def _document(skeleton: Skeleton) -> Row:
    """COCO's or CrowdPose's annotation file."""
    people: list[Row] = []
    for place, person in enumerate(PEOPLE):
        joints = _joints(place, skeleton)
        box = _box(person)
        row: Row = {
            "id": 100 - place,
            "image_id": IMAGES[person.image].id,
            "category_id": 1,
            "bbox": box,
            "area": np.floor(box[2] * box[3] * 0.6),
            "keypoints": joints.reshape(-1).tolist(),
            "num_keypoints": int((joints[:, 2] > 0).sum()),
            "iscrowd": int(person.crowd),
        }
        people.append(row)
    images = [
        {
            "id": image.id,
            "file_name": f"{image.id}.png",
            "height": image.height,
            "width": image.width,
            "crowdIndex": image.crowding,
        }
        for image in IMAGES
    ]
    return {"images": images, "annotations": people}


def _detected() -> list[Row]:
    """Boxes of a detector: shaken, most of them twice, on each image one where nobody is.

    Two have the same score; the last two are on an unknown image and of no person.
    """
    detections: list[tuple[int, list[float], float]] = []
    for turn in (1, 2):
        for place, person in enumerate(PEOPLE):
            score, *shaken = draws((5,), 3, turn, place).tolist()
            if turn == 1 or score > 0.3:
                apart = 0.04 * turn * person.height
                moved = [np.floor(4 * apart * (share - 0.5)) / 4 for share in shaken]
                box = [side + by for side, by in zip(_box(person), moved, strict=True)]
                detections.append((IMAGES[person.image].id, box, (1 + score) / (2 * turn)))
    for place, image in enumerate(IMAGES):
        x, y, score = draws((3,), 4, place).tolist()
        left, top = np.floor(x * image.width * 0.6), np.floor(y * image.height * 0.5)
        detections.append((image.id, [left, top, image.width / 4, image.height / 2], score / 2))
    detections[1] = (*detections[1][:2], detections[0][2])
    rows: list[Row] = [
        {"image_id": image, "category_id": 1, "bbox": box, "score": score}
        for image, box, score in detections
    ]
    return [*rows, {**rows[0], "image_id": 1}, {**rows[1], "category_id": 2}]


def _mpii(path: Path) -> Path:
    """HRNet's list of persons, and beside it their joints and head boxes; all count from 1."""
    from scipy.io import savemat

    rows, joints, heads = [], [], []
    for place, person in enumerate(PEOPLE):
        if not (person.labelled and person.height):
            continue
        points = _joints(place, MPII)
        scale = person.height / PIXELS_PER_SCALE
        middle = person.top + person.height / 2 - LOWER_PER_SCALE * scale
        rows.append(
            {
                "image": f"{IMAGES[person.image].id}.png",
                "joints": (points[:, :2] + 1).tolist(),
                "joints_vis": (points[:, 2] > 0).astype(int).tolist(),
                "center": [person.x + 1.0, middle + 1],
                "scale": scale,
            }
        )
        joints.append(points)
        high, wide = np.floor(0.16 * person.height), np.floor(0.12 * person.height)
        left, top = person.x - wide / 2 + 1, person.top + 1
        heads.append([[left, top], [left + wide, top + high]])
    path.write_text(json.dumps(rows))
    points = np.stack(joints)
    truth = path.with_name("mpii_gt_valid.mat")
    contents = {
        "jnt_missing": (points[..., 2] == 0).astype(np.float64).T,
        "pos_gt_src": points[..., :2].transpose(1, 2, 0) + 1,
        "headboxes_src": np.array(heads).transpose(1, 2, 0),
    }
    savemat(truth, contents)
    return truth
