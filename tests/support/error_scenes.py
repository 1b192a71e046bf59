"""A person with arms and legs spread, and poses with errors that are known."""

import json
from pathlib import Path

import numpy as np

from repro.data.people import Floats
from repro.diagnosis import diagnose
from repro.diagnosis.diagnose import Diagnosis, ExpectedPersons
from repro.diagnosis.kinds import STATES
from repro.papers.skeletons import COCO
from repro.records.store import Store
from support.scoring_scenes import Entry, alone, pose

SCALE = 100.0
"""pixels: the root of a person's area"""
REACH = SCALE * 2 * np.array(COCO.sigmas)
MIRRORED = np.array(COCO.mirrored)
NAMES = COCO.joints


def body(x: float, y: float = 200) -> Floats:
    """The 17 joints of somebody who stands at x, y, no two of them near each other."""
    left = ((10, -95), (20, -90), (45, -60), (70, -30), (90, 0), (35, 10), (50, 55), (60, 95))
    pairs = [place for right, down in left for place in ((right, down), (-right, down))]
    return np.array([(0, -85), *pairs], np.float64) + np.array([x, y])


def annotated(number: int, points: Floats, **changes: object) -> Entry:
    """Somebody with all joints labelled, on image 1."""
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "bbox": [*low.tolist(), *size.tolist()],
        "area": SCALE**2,
        "keypoints": np.column_stack([points, np.full(17, 2)]).ravel().tolist(),
        "num_keypoints": 17,
        "iscrowd": 0,
        **changes,
    }


def found(points: Floats, score: float = 0.5, image: int = 1) -> Entry:
    """A pose."""
    return pose(np.column_stack([points, np.ones(17)]).ravel().tolist(), score, image)


def moved(points: Floats, joint: int, similarity: float) -> Floats:
    """The same with one joint downwards by what gives it that similarity."""
    changed = points.copy()
    changed[joint, 1] += REACH[joint] * np.sqrt(-2 * np.log(similarity))
    return changed


def expected(folder: Path, people: list[Entry], images: int = 1) -> ExpectedPersons:
    """The annotations as they are read."""
    document = alone(*people)
    document["images"] = [
        {"id": one, "file_name": f"{one}.jpg", "height": 400, "width": 900}
        for one in range(1, images + 1)
    ]
    path = folder / "truth.json"
    path.write_text(json.dumps(document))
    return diagnose.expected(path, "coco")


def diagnosed(folder: Path, people: list[Entry], poses: list[Entry], images: int = 1) -> Diagnosis:
    """The diagnosis of poses."""
    path = folder / "found.json"
    path.write_text(json.dumps(poses))
    return diagnose.diagnose(str(path), Store(folder), expected(folder, people, images))


def state(one: Diagnosis, person: int, joint: int) -> str:
    """What became of a joint."""
    place = int(one.joints.state[person, joint])
    return STATES[place] if place >= 0 else ""
