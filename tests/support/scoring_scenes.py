"""Small random annotation and result files with everything that makes scoring hard."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from repro.data import annotations
from repro.data.people import Annotations, Floats, Poses
from repro.papers.datasets import DATASETS
from repro.papers.skeletons import Skeleton
from repro.scoring import official_evaluators, oks, results
from repro.scoring.official_evaluators import Tool

Entry = dict[str, object]
TOOLS: list[tuple[str, Tool]] = [
    ("coco", "pycocotools"),
    ("coco", "hotcoco"),
    ("crowdpose", "faster-coco-eval"),
]
TOLERANCE = {"pycocotools": 0.0, "faster-coco-eval": 1e-12, "hotcoco": 0.0}


@dataclass(frozen=True)
class Scene:
    """An annotation file and a result file."""

    truth: Path
    found: Path

    def annotations(self) -> Annotations:
        return annotations.read(self.truth)

    def results(self) -> results.Results:
        joints = len(DATASETS[self.annotations().dataset].skeleton.joints)
        return results.read(self.found, joints)

    @property
    def poses(self) -> Poses:
        return self.results().poses


def scene(
    folder: Path,
    seed: int,
    dataset: str = "coco",
    images: int = 12,
    ties: bool = True,
    boxes: bool = False,
    noise: float = 0.12,
) -> Scene:
    """Crowds, unlabelled and tiny persons, equal scores and poses, images without either.

    The images come in no order; detections are the persons displaced, and some anywhere.
    """
    rng = np.random.default_rng(seed)
    skeleton = DATASETS[dataset].skeleton
    ids = (rng.permutation(900)[:images] + 1).tolist()
    crowding = rng.choice([0.0, 0.1, 0.2, 0.5, 0.8, 1.3], images)
    truth: list[Entry] = []
    found: list[Entry] = []
    for image in ids:
        persons = int(rng.choice([0, 1, 2, 3, 7]))
        for _ in range(persons):
            person = _person(rng, skeleton, image, len(truth) + 1)
            truth.append(person)
            if rng.random() < 0.15:  # one who stands twice in the file
                truth.append({**person, "id": len(truth) + 1})
            found += [
                _seen(rng, person, ties, noise) for _ in range(int(rng.choice([0, 1, 1, 2, 5])))
            ]
        strangers = int(rng.choice([0, 0, 2, 23]))
        found += [
            _seen(rng, _person(rng, skeleton, image, 0), ties, noise) for _ in range(strangers)
        ]
    order = rng.permutation(len(found))
    found = [found[place] for place in order]
    if not boxes:
        for one in found:
            del one["bbox"]
    document = {
        "images": [
            {"id": one, "file_name": f"{one}.jpg", "height": 480, "width": 640, "crowdIndex": index}
            for one, index in zip(ids, crowding.tolist(), strict=True)
        ],
        "annotations": truth,
        "categories": [{"id": 1, "name": "person"}],
    }
    return written(folder, f"{dataset}-{seed}", document, found)


def written(folder: Path, name: str, truth: object, found: object) -> Scene:
    paths = folder / f"{name}-truth.json", folder / f"{name}-found.json"
    for path, value in zip(paths, (truth, found), strict=True):
        path.write_text(json.dumps(value))
    return Scene(*paths)


def _person(rng: np.random.Generator, skeleton: Skeleton, image: int, number: int) -> Entry:
    joints = len(skeleton.joints)
    size = float(rng.choice([20.0, 32.0, 60.0, 96.0, 200.0]))
    corner = rng.uniform(0, 400, 2)
    points = np.round(corner + rng.uniform(0, size, (joints, 2)), 1)
    visible = rng.integers(0, 3, joints) * (rng.random() > 0.25)
    points[visible == 0] = 0
    entry: Entry = {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "bbox": [*np.round(corner, 2).tolist(), size, size],
        "keypoints": np.column_stack([points, visible]).ravel().tolist(),
        "num_keypoints": int(np.count_nonzero(visible[:12])),
        "iscrowd": int(rng.random() < 0.15),
    }
    if skeleton.name == "coco":
        entry["num_keypoints"] = int(np.count_nonzero(visible))
        entry["area"] = size**2 * float(rng.choice([1.0, 1.0, 0.6]))
    return entry


def _seen(rng: np.random.Generator, person: Entry, ties: bool, noise: float) -> Entry:
    keypoints: Floats = np.array(person["keypoints"]).reshape(-1, 3)
    box = person["bbox"]
    assert isinstance(box, list)
    spread = box[2] * rng.choice([0.0, 0.3, 1.0, 3.0]) * noise
    keypoints = keypoints + spread * rng.standard_normal(keypoints.shape)
    score = rng.choice([0.1, 0.5, 0.7]) if ties and rng.random() < 0.7 else rng.random()
    return {
        "image_id": person["image_id"],
        "category_id": 1,
        "keypoints": np.round(keypoints, 2).ravel().tolist(),
        "score": float(score),
        "bbox": box,
    }


def figures(one: Scene, tool: Tool, images: list[int] | None = None) -> dict[str, float | None]:
    """Ours, after they were found equal to the official ones."""
    annotations, given = one.annotations(), one.results()
    chosen = None if images is None else np.array(images, np.int64)
    ours = oks.evaluate(annotations, given.poses, given.boxes, chosen)
    verdict = official_evaluators.evaluate(
        one.truth, annotations, given.poses, given.boxes, chosen, tool
    )
    official_evaluators.agree(ours.metrics(), verdict.metrics, TOLERANCE[tool])
    nothing = {name for name, value in ours.metrics().items() if value is None}
    assert set(ours.absent()) == nothing
    return ours.metrics()


def contents(one: Scene) -> tuple[dict[str, list[Entry]], list[Entry]]:
    return json.loads(one.truth.read_text()), json.loads(one.found.read_text())


def pose(keypoints: object, score: float, image: int = 1) -> Entry:
    return {"image_id": image, "category_id": 1, "keypoints": keypoints, "score": score}


def person(number: int, x: float, **changes: object) -> Entry:
    """Somebody 100 pixels large, all joints of whom are at x, 50."""
    return {
        "id": number,
        "image_id": 1,
        "category_id": 1,
        "bbox": [x - 50, 0, 100, 100],
        "area": 1e4,
        "keypoints": [x, 50, 2] * 17,
        "num_keypoints": 17,
        "iscrowd": 0,
        **changes,
    }


def alone(*people: Entry) -> dict[str, object]:
    """An annotation file of one image."""
    return {
        "images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 900}],
        "annotations": list(people),
        "categories": [{"id": 1, "name": "person"}],
    }
