"""What a user takes away from pictures: poses drawn on them, and in COCO's format."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from repro.errors import ReproError, StoreError
from repro.evaluation.predict import FoundPoses
from repro.files import write_whole
from repro.papers.skeletons import Skeleton

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

LEFT, RIGHT, MIDDLE = (255, 160, 0), (0, 130, 255), (90, 220, 90)
"""colours, blue first: the person's own left, right, and what has no side"""
EDGE = (20, 20, 20)


class PosesFile:
    """Pictures and the poses on them, collected for one file in COCO's format."""

    def __init__(self, skeleton: Skeleton, category: str = "person", number: int = 1) -> None:
        self.skeleton = skeleton
        self.category = {"id": number, "name": category}
        """whose joints they are"""
        self.images: list[dict[str, object]] = []
        self.rows: list[dict[str, object]] = []

    def add(self, name: str, found: FoundPoses, frame: int | None = None, time: float = 0) -> None:
        """A picture by its name, or a frame of a video by its number and its time in seconds."""
        image = len(self.images)
        of_video = {} if frame is None else {"frame": frame, "time": round(time, 6)}
        self.images.append({"id": image, "file_name": name, **of_video})
        boxes = None if found.boxes is None else found.boxes.tolist()
        people = zip(found.poses.keypoints, found.poses.scores, strict=True)
        for person, (keypoints, score) in enumerate(people):
            row = {
                "id": len(self.rows),
                "image_id": image,
                "category_id": self.category["id"],
                "keypoints": keypoints.ravel().round(3).tolist(),
                "score": float(score),
            }
            self.rows.append(row if boxes is None else {**row, "bbox": boxes[person]})

    def write(self, path: Path) -> Path:
        """Write the file; a StoreError where that is refused."""
        import orjson

        category = {
            **self.category,
            "keypoints": self.skeleton.joints,
            "skeleton": [[start + 1, end + 1] for start, end in self.skeleton.limbs],
        }
        content = {"images": self.images, "annotations": self.rows, "categories": [category]}
        return _written(path, orjson.dumps(content))


def write(path: Path, pixels: Pixels, found: FoundPoses, skeleton: Skeleton, least: float) -> Path:
    """Write a picture, blue first, with the poses on it to a png file."""
    canvas = drawn(pixels, found.poses.keypoints, skeleton, found.boxes, least)
    done, content = cv2.imencode(".png", canvas)
    if not done:
        raise ReproError(f"`{path}` cannot be encoded.", "Is the picture extremely large?")
    return _written(path, content.tobytes())


def _written(path: Path, content: bytes) -> Path:
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose a folder with --output."
        ) from error
    return path


def drawn(
    image: Pixels,
    people: Floats,
    skeleton: Skeleton,
    boxes: Floats | None = None,
    least: float = 0.2,
) -> Pixels:
    """A copy of an image (H, W, 3), blue first, with people (M, K, 3) on it.

    Joints are x, y and score; those scored below `least` and their limbs are left out. Boxes
    (M, 4) are left, top, width, height.
    """
    canvas = image.copy()
    for index, person in enumerate(people):
        if boxes is not None:
            _box(canvas, boxes[index])
        _limbs(canvas, person, skeleton, _width(person, least), least)
    return canvas


def _width(person: Floats, least: float) -> int:
    """Of the lines, by how large the person is."""
    sure = person[person[:, 2] >= least, :2]
    span = float(np.ptp(sure, axis=0).max()) if len(sure) > 1 else 0.0
    return int(np.clip(span / 60, 1, 8))


def _box(canvas: Pixels, box: Floats) -> None:
    left, top, width, height = (round(float(value)) for value in box)
    cv2.rectangle(canvas, (left, top), (left + width, top + height), (255, 255, 255), 1)


def _limbs(canvas: Pixels, person: Floats, skeleton: Skeleton, width: int, least: float) -> None:
    sure = (person[:, 2] >= least) & np.isfinite(person).all(axis=1)
    limit = 4 * max(canvas.shape[:2])
    places = np.clip(np.nan_to_num(person[:, :2]), -limit, limit).round().astype(int).tolist()
    for border in (width + 2, width):
        for start, end in skeleton.limbs:
            if sure[start] and sure[end]:
                colour = EDGE if border > width else _colour(skeleton, start, end)
                cv2.line(canvas, places[start], places[end], colour, border, cv2.LINE_AA)
    for joint, place in enumerate(places):
        if sure[joint]:
            cv2.circle(canvas, place, width + 2, EDGE, -1, cv2.LINE_AA)
            cv2.circle(canvas, place, width + 1, _colour(skeleton, joint), -1, cv2.LINE_AA)


def _colour(skeleton: Skeleton, *joints: int) -> tuple[int, int, int]:
    sides = {skeleton.side(joint) for joint in joints}
    if sides == {"left"}:
        return LEFT
    return RIGHT if sides == {"right"} else MIDDLE
