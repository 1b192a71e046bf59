"""A made-up annotation file of the size and make-up of COCO's person_keypoints_train2017.json.

Shares, lengths and sizes are those of the official rows: 57 % of the persons have labelled joints,
4 % are crowds, their outlines have 40, 22 and some 1,000 numbers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

from repro.papers.skeletons import COCO

IMAGES, WITH_PERSONS, PERSONS = 118_287, 64_115, 262_465
"""of train2017: images, those with persons, their persons"""
LABELLED, CROWD = 0.57, 0.04
"""shares of the persons"""
HEIGHT, WIDTH = 480, 640
BLOCK = 4096
"""rows drawn and written at a time"""

Array = NDArray[np.float64]
Row = dict[str, object]


def write(path: Path, persons: int = PERSONS, seed: int = 0) -> None:
    """Write the file, with images in proportion; the same for the same number and seed."""
    random = np.random.default_rng(seed)
    images = -(-IMAGES * persons // PERSONS)
    shown = -(-WITH_PERSONS * persons // PERSONS)
    names = [joint.replace(" ", "_") for joint in COCO.joints]
    category = {"supercategory": "person", "id": 1, "name": "person", "keypoints": names}
    with path.open("wb") as file:
        file.write(b'{"info": {"description": "made up"},"licenses": [],"images": [')
        _write(file, _images(random, images))
        file.write(b'],"annotations": [')
        _write(file, _persons(random, persons, shown))
        file.write(b'],"categories": ' + orjson.dumps([category]) + b"}")


def _write(file: BinaryIO, blocks: Iterator[list[Row]]) -> None:
    """The rows of a list, separated as in the official files."""
    for number, rows in enumerate(blocks):
        file.write(b"," * (number > 0) + b",".join(map(orjson.dumps, rows)))


def _blocks(count: int) -> Iterator[range]:
    for first in range(0, count, BLOCK):
        yield range(first, min(first + BLOCK, count))


def _images(random: np.random.Generator, count: int) -> Iterator[list[Row]]:
    for block in _blocks(count):
        secrets = random.integers(2**40, size=len(block)).tolist()
        yield [
            {
                "license": 1 + number % 8,
                "file_name": f"{number:012d}.jpg",
                "coco_url": f"http://images.example/train2017/{number:012d}.jpg",
                "height": HEIGHT,
                "width": WIDTH,
                "date_captured": "2013-11-14 17:02:52",
                "flickr_url": f"http://pictures.example/{number % 9999}/{number}_{secret:x}_z.jpg",
                "id": number,
            }
            for number, secret in zip(block, secrets, strict=True)
        ]


def _persons(random: np.random.Generator, count: int, images: int) -> Iterator[list[Row]]:
    for block in _blocks(count):
        yield [_person(random, 1 + number, int(random.integers(images))) for number in block]


def _person(random: np.random.Generator, number: int, image: int) -> Row:
    kind = random.random()
    crowd, labelled = kind < CROWD, kind > 1 - LABELLED
    side = float(random.lognormal(5.4, 0.6) if labelled or crowd else random.lognormal(3.3, 0.4))
    width, height = min(0.6 * side, WIDTH - 2), min(1.4 * side, HEIGHT - 2)
    left, top = random.random() * (WIDTH - width - 1), random.random() * (HEIGHT - height - 1)
    visible = np.zeros(len(COCO.joints), np.int64)
    if labelled:
        visible = random.choice(3, len(COCO.joints), p=(0.35, 0.1, 0.55))
        visible[0] = 2
    places = random.random((len(COCO.joints), 2)) * (width, height) + (left, top)
    joints = np.column_stack([places.astype(np.int64) * (visible > 0)[:, None], visible])
    segments = _runs(random) if crowd else _outlines(random, (left, top), (width, height), labelled)
    return {
        "segmentation": segments,
        "num_keypoints": int((visible > 0).sum()),
        "area": round(0.5 * width * height, 5),
        "iscrowd": int(crowd),
        "keypoints": joints.ravel().tolist(),
        "image_id": image,
        "bbox": [round(value, 2) for value in (left, top, width, height)],
        "category_id": 1,
        "id": number,
    }


def _outlines(
    random: np.random.Generator,
    corner: tuple[float, float],
    size: tuple[float, float],
    labelled: bool,
) -> list[list[float]]:
    """One polygon, and a second one for every eighth person."""
    found = []
    for _ in range(1 + int(random.random() < 0.125)):
        points = 4 + int(random.gamma(2.5, 15.3 if labelled else 8))
        angles = np.sort(random.random(points)) * 2 * np.pi
        radii = 0.25 + 0.25 * random.random(points)
        turned = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
        found.append(np.round((turned + 0.5) * size + corner, 2).ravel().tolist())
    return found


def _runs(random: np.random.Generator) -> Row:
    """Uncompressed run lengths, column by column, that fill the image."""
    runs = random.integers(1, HEIGHT // 2, 2 * int(random.gamma(1.2, 400)) + 1)
    ends = np.minimum(np.cumsum(runs), HEIGHT * WIDTH)
    ends = ends[: int(np.searchsorted(ends, HEIGHT * WIDTH)) + 1]
    ends[-1] = HEIGHT * WIDTH
    return {"counts": np.diff(ends, prepend=0).tolist(), "size": [HEIGHT, WIDTH]}
