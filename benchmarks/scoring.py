"""Scoring a result of the size of val2017: repro.scoring beside pycocotools and faster-coco-eval.

    python benchmarks/scoring.py [--images 5000] [--rounds 5] [--json]

From JSON to the ten figures, on one thread: both sides read the annotation file and the result file
anew in every round. The problem is generated: crowds, persons without labels, equal scores, about
twenty poses an image as a detector at threshold 0 gives them, coordinates as float32 writes them.
"""

import argparse
import contextlib
import gc
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sidebyside import compare, one_thread

from repro.data import annotations
from repro.scoring import oks, results
from repro.scoring.oks_rules import rules

BARS = {"pycocotools": 5.0, "faster-coco-eval": 1.0}
"""how many times faster we have to be"""
SAME = 1e-9
JOINTS = 17
FIGURES = [figure.name for figure in rules("coco").figures]

Array = NDArray[np.float64]
Entry = dict[str, object]


def problem(images: int) -> tuple[dict[str, object], list[Entry]]:
    """Annotations and results; the same for the same number of images."""
    random = np.random.default_rng(17)
    people: list[Entry] = []
    poses: list[Entry] = []
    for image in range(1, images + 1):
        for _ in range(min(14, int(random.geometric(0.33)) - 1)):
            person = _person(random, image, len(people) + 1)
            people.append(person)
            points = np.array(person["keypoints"]).reshape(JOINTS, 3)
            near = _blurred(random, points, float(np.sqrt(person["area"])))  # type: ignore[arg-type]
            poses += [_pose(random, image, one, low=0.2) for one in near]
        for _ in range(int(random.poisson(17))):
            corner, size = random.uniform(0, 400, 2), random.uniform(10, 240)
            points = corner + random.uniform(0, size, (JOINTS, 2))
            poses.append(_pose(random, image, points, high=0.5))
    document = {
        "images": [
            {"id": one, "file_name": f"{one:012d}.jpg", "height": 480, "width": 640}
            for one in range(1, images + 1)
        ],
        "annotations": people,
        "categories": [{"id": 1, "name": "person"}],
    }
    return document, [poses[place] for place in random.permutation(len(poses))]


def _person(random: np.random.Generator, image: int, number: int) -> Entry:
    corner, size = random.uniform(0, 380, 2), np.exp(random.uniform(np.log(12), np.log(260), 2))
    outline = np.round(corner + size * random.uniform(0, 1, (18, 2)), 2)
    visible = random.choice([0, 1, 2], JOINTS, p=[0.3, 0.15, 0.55]) * (random.random() < 0.55)
    points = np.round(corner + size * random.uniform(0, 1, (JOINTS, 2))) * (visible[:, None] > 0)
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "segmentation": [outline.ravel().tolist()],
        "bbox": np.round([*corner, *size], 2).tolist(),
        "area": float(0.6 * size.prod()),
        "keypoints": np.column_stack([points, visible]).astype(int).ravel().tolist(),
        "num_keypoints": int(np.count_nonzero(visible)),
        "iscrowd": int(random.random() < 0.02),
    }


def _blurred(random: np.random.Generator, points: Array, size: float) -> Iterator[Array]:
    """The pose as found once or more often, well or badly."""
    for _ in range(int(random.integers(1, 4))):
        spread = size * random.choice([0.02, 0.06, 0.2])
        yield points[:, :2] + spread * random.standard_normal((JOINTS, 2))


def _pose(
    random: np.random.Generator, image: int, points: Array, low: float = 0.0, high: float = 1.0
) -> Entry:
    row = np.column_stack([points, random.random(JOINTS)]).astype(np.float32)
    score = random.uniform(low, high)
    return {
        "image_id": image,
        "category_id": 1,
        "keypoints": row.astype(np.float64).ravel().tolist(),
        "score": round(score, 2) if random.random() < 0.1 else score,
    }


def pycocotools(truth: Path, found: Path) -> Array:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        expected = COCO(str(truth))
        evaluation = COCOeval(expected, expected.loadRes(str(found)), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return np.array(evaluation.stats)


def faster_coco_eval(truth: Path, found: Path) -> Array:
    from faster_coco_eval import COCO, COCOeval_faster

    expected = COCO(str(truth))
    evaluation = COCOeval_faster(expected, expected.loadRes(str(found)), iouType="keypoints")
    evaluation.run()
    return np.array(evaluation.stats)


def ours(truth: Path, found: Path) -> Array:
    truth.touch()  # or the annotations would still be known from the last round
    given = results.read(found, JOINTS)
    figures = oks.evaluate(annotations.read(truth), given.poses, given.boxes).metrics()
    return np.array([-1 if figures[name] is None else figures[name] for name in FIGURES])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=sorted(BARS), action="append")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    report: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "truth.json"), Path(folder, "found.json")
        for path, value in zip(files, problem(chosen.images), strict=True):
            path.write_text(json.dumps(value))
        peers = {"pycocotools": pycocotools, "faster-coco-eval": faster_coco_eval}
        for name in chosen.only or BARS:
            report[name] = measure(name, peers[name], files, chosen.rounds, not chosen.json)
    if chosen.json:
        print(json.dumps(report, indent=2))


def measure(
    name: str,
    peer: Callable[[Path, Path], Array],
    files: tuple[Path, Path],
    rounds: int,
    tell: bool,
) -> dict[str, object]:
    """The ratio to one peer, and how far the figures are apart."""
    figures: dict[str, Array] = {}

    def run(side: str, score: Callable[[Path, Path], Array]) -> None:
        gc.enable()  # as it is when a user scores
        figures[side] = score(*files)
        gc.disable()

    ratio = compare(lambda: run("peer", peer), lambda: run("ours", ours), rounds)
    apart = float(np.abs(figures["peer"] - figures["ours"]).max())
    passed = ratio.median >= BARS[name] and apart <= SAME
    if tell:
        print(
            f"{name:20} {ratio.median:6.1f}x [{ratio.low:.1f}, {ratio.high:.1f}] of CPU time"
            f" ({ratio.wall:.1f}x of wall), bar {BARS[name]:g}x;"
            f" {ratio.peer_ms / 1000:.2f} -> {ratio.ours_ms / 1000:.2f} s;"
            f" ten figures {apart:.0e} apart, AP {figures['ours'][0]:.6f}"
        )
    return {**asdict(ratio), "bar": BARS[name], "apart": apart, "passed": passed}


if __name__ == "__main__":
    main()
