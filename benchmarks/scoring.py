"""Scoring a result of the size of val2017: repro.scoring beside the evaluators that there are.

    python benchmarks/scoring.py [--images 5000] [--rounds 5] [--only NAME] [--json]

From JSON to the ten figures, on one thread: every side reads the annotation file and the result
file anew in every round, each in a process of its own, one after the other. Then the intervals of
1,000 resamples. Seconds are CPU time, MB the most memory that the process has held above what its
imports take. The problem is generated: crowds, persons without labels, equal scores, about
twenty poses an image as a detector at threshold 0 gives them, coordinates as float32 writes them.

Peers that are no dependencies (vernier, ultrafast-pycocotools) are left out where they are absent.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sidebyside import one_thread

from repro.data import annotations
from repro.scoring import confidence, oks, results
from repro.scoring.matches import Matches
from repro.scoring.oks_rules import rules

BARS = {"pycocotools": 5.0, "faster-coco-eval": 1.0, "ultrafast-pycocotools": 1.0, "hotcoco": 1.0}
"""how many times faster we have to be"""
SECONDS, MEGABYTES = 5.0, 500.0
"""at most, for the intervals"""
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
        "bbox": [*points.min(axis=0).tolist(), *np.ptp(points, axis=0).tolist()],
    }


def pycocotools(truth: Path, found: Path) -> Array:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    return _drop_in(COCO, COCOeval, truth, found)


def ultrafast_pycocotools(truth: Path, found: Path) -> Array:
    from ultrafast_pycocotools.coco import COCO
    from ultrafast_pycocotools.cocoeval import COCOeval

    return _drop_in(COCO, COCOeval, truth, found)


def hotcoco(truth: Path, found: Path) -> Array:
    from hotcoco import COCO, COCOeval

    return _drop_in(COCO, COCOeval, truth, found)


def _drop_in(
    dataset: Callable[..., object], evaluator: Callable[..., object], truth: Path, found: Path
) -> Array:
    expected = dataset(str(truth))
    evaluation = evaluator(expected, expected.loadRes(str(found)), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return np.array(evaluation.stats)


def faster_coco_eval(truth: Path, found: Path) -> Array:
    from faster_coco_eval import COCO, COCOeval_faster

    return _drop_in(COCO, COCOeval_faster, truth, found)


def vernier(truth: Path, found: Path) -> Array:
    from vernier.instance import CocoDataset, Evaluator, Keypoints

    evaluator = Evaluator(iou=Keypoints(), parity_mode="strict")
    expected = CocoDataset.from_json(truth.read_bytes())
    return np.array(evaluator.evaluate(expected, found.read_bytes(), num_threads=1).stats)


def ours(truth: Path, found: Path) -> Array:
    figures = _matches(truth, found).metrics()
    return np.array([-1 if figures[name] is None else figures[name] for name in FIGURES])


def _matches(truth: Path, found: Path) -> Matches:
    given = results.read(found, JOINTS)
    return oks.evaluate(annotations.read(truth), given.poses, given.boxes)


SIDES: dict[str, Callable[[Path, Path], Array]] = {
    "repro": ours,
    "hotcoco": hotcoco,
    "vernier": vernier,
    "ultrafast-pycocotools": ultrafast_pycocotools,
    "faster-coco-eval": faster_coco_eval,
    "pycocotools": pycocotools,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=[*SIDES][1:], action="append")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    peers = [
        name
        for name in chosen.only or [*SIDES][1:]
        if importlib.util.find_spec(name.replace("-", "_"))
    ]
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "truth.json"), Path(folder, "found.json")
        for path, value in zip(files, problem(chosen.images), strict=True):
            path.write_text(json.dumps(value))
        rounds = [
            {name: apart(figures_of, name, *files) for name in ["repro", *peers]}
            for _ in range(chosen.rounds)
        ]
        intervals = [apart(intervals_of, *files) for _ in range(chosen.rounds)]
    report: dict[str, object] = {name: judged(name, rounds) for name in peers}
    seconds, memory = np.median([one[:2] for one in intervals], axis=0).tolist()
    passed = seconds <= SECONDS and memory <= MEGABYTES
    report["intervals"] = {"seconds": seconds, "MB": memory, "passed": passed}
    if chosen.json:
        print(json.dumps(report, indent=2))
        return
    print(f"repro {np.median([one['repro'][0] for one in rounds]):.2f} s,", end=" ")
    print(f"{np.median([one['repro'][1] for one in rounds]):.0f} MB")
    for name in peers:
        one = report[name]
        print(
            f"{name:22} {one['ratio']:5.2f}x [{one['low']:.2f}, {one['high']:.2f}] of CPU time,"
            f" bar {one['bar'] or '-'}; {one['seconds']:.2f} s, {one['MB']:.0f} MB;"
            f" ten figures {one['apart']:.0e} apart"
        )
    print(f"intervals {seconds:.2f} s, {memory:.0f} MB more than the scores need")


Timed = tuple[float, float, list[float]]
"""CPU seconds, megabytes, figures"""


def apart(work: Callable[..., Timed], *arguments: object) -> Timed:
    """The result of a function in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def figures_of(name: str, truth: Path, found: Path) -> Timed:
    with contextlib.redirect_stdout(io.StringIO()):
        _tiny(name)  # imports are no work
        before, start = _held(), time.process_time()
        figures = SIDES[name](truth, found)
        return time.process_time() - start, _held() - before, figures.tolist()


def intervals_of(truth: Path, found: Path) -> Timed:
    matches = _matches(truth, found)
    confidence.bootstrap(matches, 2)
    before, start = _held(), time.process_time()
    confidence.bootstrap(matches)
    return time.process_time() - start, _held() - before, []


def _tiny(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "truth.json"), Path(folder, "found.json")
        for path, value in zip(files, problem(3), strict=True):
            path.write_text(json.dumps(value))
        SIDES[name](*files)


def _held() -> float:
    """The most memory that this process has held so far, in MB; NaN where the system is not Linux.

    Not `ru_maxrss`, which a process has from the one that started it.
    """
    status = Path("/proc/self/status")
    held = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.is_file() else None
    return int(held[1]) * 1024 / 1e6 if held else float("nan")


def judged(name: str, rounds: list[dict[str, Timed]]) -> dict[str, object]:
    """The ratio to one peer with its interval, and how far the figures are apart."""
    ratios = np.array([one[name][0] / one["repro"][0] for one in rounds])
    drawn = np.random.default_rng(0).integers(0, len(ratios), (4000, len(ratios)))
    low, high = np.percentile(np.median(ratios[drawn], axis=1), (2.5, 97.5)).tolist()
    figures = [np.array(rounds[0][side][2]) for side in (name, "repro")]
    difference = float(np.abs(figures[0] - figures[1]).max())
    ratio, bar = float(np.median(ratios)), BARS.get(name, 0.0)
    return {
        "ratio": ratio,
        "low": low,
        "high": high,
        "seconds": float(np.median([one[name][0] for one in rounds])),
        "MB": float(np.median([one[name][1] for one in rounds])),
        "bar": bar,
        "apart": difference,
        "passed": ratio >= bar and difference <= SAME,
    }


if __name__ == "__main__":
    main()
