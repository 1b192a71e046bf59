"""What a user takes away from pictures: overlays, and the poses in COCO's format."""

from collections.abc import Sequence
from pathlib import Path

import cv2

from repro.data.pictures import decoded
from repro.errors import ReproError, StoreError
from repro.evaluation import overlay
from repro.evaluation.predict import PosedPicture
from repro.files import write_whole
from repro.papers.skeletons import Skeleton


def write(
    pictures: Sequence[PosedPicture], skeleton: Skeleton, folder: Path, least: float
) -> list[Path]:
    """Write NAME.poses.png of each picture and poses.json with all, into a folder."""
    written = []
    for picture in pictures:
        image = decoded(picture.path, upright=True)
        people = picture.poses.keypoints
        canvas = overlay.drawn(image, people, skeleton, picture.boxes, least)
        done, content = cv2.imencode(".png", canvas)
        if not done:
            raise ReproError(f"The overlay of `{picture.path}` cannot be encoded.")
        written.append(_written(folder / f"{picture.path.stem}.poses.png", content.tobytes()))
    written.append(_written(folder / "poses.json", _json(pictures, skeleton)))
    return written


def _json(pictures: Sequence[PosedPicture], skeleton: Skeleton) -> bytes:
    import orjson

    images = [{"id": place, "file_name": one.path.name} for place, one in enumerate(pictures)]
    rows: list[dict[str, object]] = []
    for place, one in enumerate(pictures):
        boxes = None if one.boxes is None else one.boxes.tolist()
        for person, (keypoints, score) in enumerate(
            zip(one.poses.keypoints, one.poses.scores, strict=True)
        ):
            row = {
                "id": len(rows),
                "image_id": place,
                "category_id": 1,
                "keypoints": keypoints.ravel().round(3).tolist(),
                "score": float(score),
            }
            rows.append(row if boxes is None else {**row, "bbox": boxes[person]})
    category = {
        "id": 1,
        "name": "person",
        "keypoints": skeleton.joints,
        "skeleton": [[one + 1, other + 1] for one, other in skeleton.limbs],
    }
    return orjson.dumps({"images": images, "annotations": rows, "categories": [category]})


def _written(path: Path, content: bytes) -> Path:
    try:
        write_whole(path, content)
    except OSError as error:
        raise StoreError(
            f"`{path}` cannot be written: {error.strerror}.", "Choose a folder with --output."
        ) from error
    return path
