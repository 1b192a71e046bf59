"""Reading an annotation file of the size of COCO train2017's: repro.data beside pycocotools.

    python benchmarks/annotations.py [--persons 262465] [--rounds 5] [--json]

Every reading has a process and one thread of its own. `first` reads the generated file and keeps
what it read, `again` finds it kept, `training` reads it as a training on whole images does, with
the masks and with torch loaded. The sides take turns; ratios are of CPU time within a round.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import coco_file
import numpy as np
from sidebyside import clock, one_thread

BARS = {"cpu": 0.7, "peak": 1.5, "again": 2.0}
"""at most: of pycocotools' CPU time, gigabytes for the first reading, seconds for the next one"""
SIDES = ("pycocotools", "first", "again", "training")
SAME = 1e-12
"""how far apart, of their size, the sums of the numbers may be that both sides read"""

Facts = dict[str, float]


def pycocotools() -> Callable[[Path], list[float]]:
    """Reads and indexes a file; gives the sums of what it read."""
    from pycocotools.coco import COCO

    def read(path: Path) -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            rows = COCO(str(path)).anns.values()
        return [float(np.sum([row[name] for row in rows])) for name in ("keypoints", "area")]

    return read


def ours(with_masks: bool) -> Callable[[Path], list[float]]:
    """As `pycocotools`."""
    from repro.data import annotations

    if with_masks:
        from repro.data import masks

    def read(path: Path) -> list[float]:
        found = annotations.read(path)
        if with_masks:
            masks.read(path, found)
        return [float(found.people.keypoints.sum()), float(found.people.areas.sum())]

    return read


def measure(side: str, path: Path) -> Facts:
    """One reading in this process, which does nothing else."""
    read = pycocotools() if side == "pycocotools" else ours(with_masks=side == "training")
    start = clock()
    sums = read(path)
    cpu, wall = np.subtract(clock(), start).tolist()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {"cpu": cpu, "wall": wall, "peak": peak, "keypoints": sums[0], "areas": sums[1]}


def in_turn(path: Path, cache: Path) -> dict[str, Facts]:
    """One round of all sides, each in a new process, beginning without a cache."""
    found = {}
    for kept in cache.glob("*"):
        kept.unlink()
    for side in SIDES:
        done = subprocess.run(
            [sys.executable, __file__, "--side", side, "--file", str(path)],
            env={**os.environ, "REPRO_CACHE": str(cache)},
            stdout=subprocess.PIPE,
            check=True,
        )
        found[side] = json.loads(done.stdout)
    return found


@dataclass(frozen=True)
class Report:
    """Several rounds together."""

    sides: dict[str, Facts]
    """medians of each"""
    ratio: float
    """median of the first reading's CPU time in parts of pycocotools'"""
    low: float
    high: float
    """of the rounds' ratios"""
    apart: float
    """how far, of their size, the sums of what both sides read are apart at most"""
    passed: bool


def report(rounds: list[dict[str, Facts]]) -> Report:
    """What the rounds gave, and whether it is within the bars."""
    sides = {
        side: {
            name: float(np.median([found[side][name] for found in rounds]))
            for name in rounds[0][side]
        }
        for side in SIDES
    }
    ratios = [found["first"]["cpu"] / found["pycocotools"]["cpu"] for found in rounds]
    ratio = float(np.median(ratios))
    apart = max(
        abs(found[side][name] / found["pycocotools"][name] - 1)
        for found in rounds
        for side in SIDES
        for name in ("keypoints", "areas")
    )
    passed = (
        ratio <= BARS["cpu"]
        and sides["first"]["peak"] <= BARS["peak"]
        and sides["again"]["wall"] <= BARS["again"]
        and apart <= SAME
    )
    return Report(sides, ratio, min(ratios), max(ratios), apart, passed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=coco_file.PERSONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        print(json.dumps(measure(chosen.side, chosen.file)))
        return
    one_thread()
    with tempfile.TemporaryDirectory() as folder:
        path, cache = Path(folder, "train.json"), Path(folder, "cache")
        coco_file.write(path, chosen.persons)  # row by row: a process inherits its parent's peak
        size = path.stat().st_size
        found = report([in_turn(path, cache) for _ in range(chosen.rounds)])
    if chosen.json:
        print(json.dumps({"bytes": size, "bars": BARS, **asdict(found)}, indent=2))
        return
    print(f"{size / 1e6:.0f} MB, {chosen.persons:,} persons")
    for side, facts in found.sides.items():
        print(
            f"{side:12} {facts['cpu']:6.2f} s of CPU time, {facts['wall']:6.2f} s,"
            f" {facts['peak']:5.2f} GB at most"
        )
    print(
        f"first reading {found.ratio:.2f}x [{found.low:.2f}, {found.high:.2f}] of pycocotools' CPU"
        f" time; sums {found.apart:.0e} apart; bars {BARS['cpu']}x, {BARS['peak']} GB, again in"
        f" {BARS['again']:g} s: {'passed' if found.passed else 'FAILED'}"
    )


if __name__ == "__main__":
    main()
