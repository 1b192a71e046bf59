"""Annotations and poses with errors of known kind, planted joint by joint.

People stand in cells of their own, arms and legs spread, so that no joint is near another by
accident; the distances of the planted errors are computed here, by themselves.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from repro.papers.skeletons import COCO

Array = NDArray[np.float64]
Entry = dict[str, object]
WIDTH, CELL = 960, 320
"""pixels of an image's side, nine cells in it"""
SCALE = 100.0
"""pixels: the root of a person's area"""
CHANCES = {"good": 0.70, "jitter": 0.12, "inversion": 0.05, "swap": 0.05, "miss": 0.08}
LABELLED, DROPPED, TWICE, ILL_SCORED = 0.8, 0.1, 0.3, 0.4
"""chances: of a joint; of a person without a pose, with two, and of two the wrong way round"""
STRANGERS = 0.5
"""poses at nobody, of an image"""
PEOPLE = (1, 2, 3)
"""of an image, equally often"""
MIRRORED = np.array(COCO.mirrored)
REACH = SCALE * 2 * np.array(COCO.sigmas)
"""(K,) pixels at which the similarity of a joint is exp(-1/2)"""
_HALF = (
    (0, -85),
    (10, -95),
    (20, -90),
    (45, -60),
    (70, -30),
    (90, 0),
    (35, 10),
    (50, 55),
    (60, 95),
)
"""right of the middle and below it: nose, and the left one of each pair"""


def _body() -> Array:
    nose, *left = _HALF
    pairs = [point for x, y in left for point in ((x, y), (-x, y))]
    return np.array([nose, *pairs], np.float64)


BODY = _body()


@dataclass
class PlantedSet:
    """What was planted."""

    images: list[Entry] = field(default_factory=list)
    people: list[Entry] = field(default_factory=list)
    poses: list[Entry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """kind -> how many; `joints`, `persons`, `found` and `poses` -> of how many"""

    @property
    def document(self) -> Entry:
        """The annotation file."""
        categories = [{"id": 1, "name": "person"}]
        return {"images": self.images, "annotations": self.people, "categories": categories}

    def share(self, kind: str, of: str) -> float:
        """Per cent that were planted."""
        return 100 * self.counts[kind] / self.counts[of]


def planted(seed: int, images: int = 200) -> PlantedSet:
    """A set with errors; the same for the same seed."""
    random = np.random.default_rng(seed)
    made = PlantedSet()
    for image in range(1, images + 1):
        size = {"height": WIDTH, "width": WIDTH}
        made.images.append({"id": image, "file_name": f"{image}.jpg", **size})
        _image(random, made, image)
    return made


def _image(random: np.random.Generator, made: PlantedSet, image: int) -> None:
    cells = random.permutation(9)
    number = int(random.choice(PEOPLE))
    bodies = [_placed(random, int(cell)) for cell in cells[:number]]
    known = random.random((number, len(BODY))) < LABELLED
    known[:, :2] = True  # nobody is without joints
    for place, (body, labelled) in enumerate(zip(bodies, known, strict=True)):
        made.people.append(_annotation(made, image, body, labelled))
        made.counts["persons"] += 1
        if random.random() < DROPPED:
            made.counts["false_negative"] += 1
            continue
        others = [
            np.where(known[other, :, None], bodies[other], np.nan)
            for other in range(number)
            if other != place
        ]
        _found(random, made, image, body, labelled, others)
    for cell in cells[number : number + int(random.poisson(STRANGERS))]:
        made.poses.append(_pose(image, _placed(random, int(cell)), float(random.random())))
        made.counts["false_positive"] += 1
        made.counts["poses"] += 1


def _placed(random: np.random.Generator, cell: int) -> Array:
    middle = np.array([cell % 3, cell // 3]) * CELL + CELL / 2
    return BODY + middle + random.uniform(-3, 3, BODY.shape) + random.uniform(-20, 20, 2)


def _annotation(made: PlantedSet, image: int, body: Array, labelled: Array) -> Entry:
    points = np.where(labelled[:, None], body, 0)
    low, size = body.min(axis=0), np.ptp(body, axis=0)
    return {
        "id": len(made.people) + 1,
        "image_id": image,
        "category_id": 1,
        "bbox": [*low.tolist(), *size.tolist()],
        "area": SCALE**2,
        "keypoints": np.column_stack([points, 2 * labelled]).ravel().tolist(),
        "num_keypoints": int(labelled.sum()),
        "iscrowd": 0,
    }


def _found(
    random: np.random.Generator,
    made: PlantedSet,
    image: int,
    body: Array,
    labelled: Array,
    others: list[Array],
) -> None:
    """The pose of a person, with errors, and maybe a second one that is worse."""
    kinds = random.choice(list(CHANCES), len(body), p=list(CHANCES.values()))
    own = np.where(labelled[:, None], body, np.nan)
    own[np.arange(len(body)) == MIRRORED] = np.nan
    kinds[(kinds == "inversion") & np.isnan(own[MIRRORED, 0])] = "good"
    places = [_places(others, joint) for joint in range(len(body))]
    kinds[(kinds == "swap") & (np.array(list(map(len, places))) == 0)] = "good"
    points = np.array([_joint(random, kinds[k], k, body, places[k]) for k in range(len(body))])
    made.counts.update(kinds[labelled].tolist())
    made.counts["joints"] += int(labelled.sum())
    made.counts["found"] += 1
    score = float(random.uniform(0.3, 0.7))
    made.poses.append(_pose(image, points, score))
    made.counts["poses"] += 1
    if random.random() < TWICE:
        worse = np.array([_away(random, body[k], k, (0.3, 0.5)) for k in range(len(body))])
        if _oks(worse, body, labelled) < _oks(points, body, labelled) - 0.02:
            wrong = random.random() < ILL_SCORED
            made.counts["scoring"] += int(wrong)
            made.poses.append(_pose(image, worse, score + (0.2 if wrong else -0.2)))
            made.counts["poses"] += 1


def _places(others: list[Array], joint: int) -> list[Array]:
    """Where other persons have a labelled joint of that name, or its mirrored one."""
    places = [other[one] for other in others for one in {joint, int(MIRRORED[joint])}]
    return [place for place in places if np.isfinite(place).all()]


def _joint(
    random: np.random.Generator, kind: str, joint: int, body: Array, places: list[Array]
) -> Array:
    """Where a joint is found that is in error so."""
    if kind == "good":
        return _away(random, body[joint], joint, (0.87, 1.0))
    if kind == "jitter":
        return _away(random, body[joint], joint, (0.52, 0.83))
    if kind == "inversion":
        return _away(random, body[MIRRORED[joint]], joint, (0.7, 1.0))
    if kind == "swap":
        return _away(random, places[int(random.integers(len(places)))], joint, (0.7, 1.0))
    while True:
        point = _away(random, body[joint], joint, (0.02, 0.4))
        if _similarity(point, body[MIRRORED[joint]], joint) < 0.45:
            return point


def _away(
    random: np.random.Generator, point: Array, joint: int, similarity: tuple[float, float]
) -> Array:
    """A point whose similarity with another is between two values, in any direction."""
    distance = REACH[joint] * np.sqrt(-2 * np.log(random.uniform(*similarity)))
    angle = random.uniform(0, 2 * np.pi)
    return np.asarray(point + distance * np.array([np.cos(angle), np.sin(angle)]))


def _similarity(point: Array, other: Array, joint: int) -> float:
    return float(np.exp(-((point - other) ** 2).sum() / (2 * REACH[joint] ** 2)))


def _oks(points: Array, body: Array, labelled: Array) -> float:
    squares = ((points - body) ** 2).sum(axis=1) / (2 * REACH**2)
    return float(np.exp(-squares)[labelled].mean())


def _pose(image: int, points: Array, score: float) -> Entry:
    keypoints = np.column_stack([points, np.ones(len(points))]).ravel().tolist()
    return {"image_id": image, "category_id": 1, "keypoints": keypoints, "score": score}
