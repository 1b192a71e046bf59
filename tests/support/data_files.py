"""Small annotation files, and what else lies in data folders."""

import json
from pathlib import Path

import numpy as np

from repro.data.pictures import Pixels
from repro.papers.protocol import Protocol
from repro.papers.skeletons import COCO, Skeleton

Document = dict[str, list[dict[str, object]]]


def person(
    number: int, image: int, skeleton: Skeleton = COCO, **fields: object
) -> dict[str, object]:
    """An annotation with its first three joints labelled."""
    points = [10 + number, 20, 2, 30, 40, 1, 50, 60, 2] + [0, 0, 0] * (len(skeleton.joints) - 3)
    row: dict[str, object] = {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "bbox": [10, 12, 60, 80],
        "keypoints": points,
        "num_keypoints": 3,
        "iscrowd": 0,
        "area": 2000.5,
    }
    return {**row, **fields}


def document(skeleton: Skeleton = COCO) -> Document:
    """Two images and three persons: one labelled, one a crowd, one without joints."""
    names = [name.replace(" ", "_").replace("head_top", "head") for name in skeleton.joints]
    none = {"keypoints": [0] * 3 * len(names), "num_keypoints": 0}
    return {
        "images": [
            {"id": 7, "file_name": "b.png", "height": 100, "width": 120, "crowdIndex": 0.3},
            {"id": 5, "file_name": "a.png", "height": 90, "width": 80, "crowdIndex": 0.0},
        ],
        "annotations": [
            person(1, 5, skeleton),
            person(2, 7, skeleton, iscrowd=1, **none),
            person(3, 7, skeleton, **none),
        ],
        "categories": [{"id": 1, "name": "person", "keypoints": names}],
    }


def saved(folder: Path, content: object, name: str = "annotations.json") -> Path:
    """Write JSON as Python does, NaN included."""
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def painted(height: int, width: int) -> Pixels:
    """A smooth picture: blue grows downwards, green to the right, red is 200."""
    blue, green = np.mgrid[0:height, 0:width]
    return np.stack([blue * 2, green, np.full_like(blue, 200)], axis=2).astype(np.uint8)


COCO_RULES = Protocol(
    dataset="coco",
    split="train2017",
    boxes="ground truth",
    colour="BGR",
    flip=True,
    shift=True,
    decode="argmax+quarter",
    evaluator="pycocotools",
    metric="AP",
    supply="",
    source="",
)


def box(image: int, *values: float, score: float = 0.5, category: int = 1) -> dict[str, object]:
    return {"image_id": image, "category_id": category, "bbox": values, "score": score}


def entry(image: str, /, **fields: object) -> dict[str, object]:
    row: dict[str, object] = {
        "image": image,
        "center": [101.0, 51.0],
        "scale": 1.0,
        "joints": [[11.0, 21.0]] * 15 + [[-1.0, -1.0]],
        "joints_vis": [1] * 15 + [0],
    }
    return {**row, **fields}


OWN_JOINTS = ("l_shoulder", "r_shoulder", "l_hand", "r_hand", "chin", "hip middle")


def own_document(pictures: int = 2) -> Document:
    """Pictures with two workers of 6 joints each, as a tool writes that says the least."""
    places = [(25, -20), (-25, -20), (45, 30), (-45, 30), (0, -40), (0, 20)]
    people: list[dict[str, object]] = []
    for picture in range(pictures):
        for x in (70, 170):
            joints = [[x + dx, 80 + dy + picture, 2] for dx, dy in places]
            person = {"id": len(people) + 1, "image_id": f"im{picture}", "category_id": 3}
            points = {"bbox": [x - 50, 30, 100, 100], "keypoints": np.ravel(joints).tolist()}
            people.append({**person, **points})
    return {
        "images": [{"id": f"im{one}", "file_name": f"{one}.png"} for one in range(pictures)],
        "annotations": people,
        "categories": [
            {
                **{"id": 3, "name": "Worker", "keypoints": list(OWN_JOINTS)},
                "skeleton": [[1, 2], [1, 3], [2, 4], [5, 6]],
            }
        ],
    }


def own_pictures(folder: Path, pictures: int = 2) -> Path:
    """The pictures of that document."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for one in range(pictures):
        cv2.imwrite(str(folder / f"{one}.png"), painted(160, 240))
    return folder
