"""The diagnosis of errors: its time at val2017's size, and whether it finds what was planted.

    python benchmarks/errors.py [--images 5000] [--sets 100] [--json]

Time: `repro errors` as a user runs it, in a process of its own on one thread, on the problem of
`scoring.py`: from JSON to the table, 1,000 resamples. Planted: sets of 200 images whose joints,
persons and poses have errors of known kind. In each set the planted share must lie within the 95 %
interval of the share that is found. The share in all sets together, of which one is a sample, lies
within it about as often as 95 % promise; that is told beside it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from planted_errors import planted
from scoring import problem
from sidebyside import THREADS

from repro.data.annotations import read
from repro.diagnosis import joints, persons, placing, shares
from repro.diagnosis.kinds import JOINT_KINDS
from repro.scoring import results
from repro.scoring.confidence import bootstrap

BAR_SECONDS, BAR_SETS = 20.0, 0.95
OF = {
    **dict.fromkeys(JOINT_KINDS, "joints"),
    "scoring": "found",
    "false_positive": "poses",
    "false_negative": "persons",
}
"""kind -> what its share is of"""
ROOT = Path(__file__).parents[1]


def seconds(images: int, folder: Path) -> dict[str, float]:
    """Wall and CPU seconds, and MiB of memory, of one run of the command."""
    truth, found = folder / "truth.json", folder / "found.json"
    for path, value in zip((truth, found), problem(images), strict=True):
        path.write_text(json.dumps(value))
    words = ["errors", str(found), "--annotations", str(truth)]
    given = {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": str(ROOT)}
    given["XDG_CACHE_HOME"] = str(folder)  # nothing is known from another run
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words], env=given, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - start
    return {"wall_s": wall, "cpu_s": cpu, "memory_mib": after.ru_maxrss / 1024}


def recovered(seed: int, folder: Path) -> dict[str, tuple[float, float, float, float]]:
    """Kind -> planted share, found share, and the interval, of one set."""
    made = planted(seed)
    truth, found = folder / f"truth{seed}.json", folder / f"found{seed}.json"
    truth.write_text(json.dumps(made.document))
    found.write_text(json.dumps(made.poses))
    annotations = read(truth, "coco")
    people = persons.by_oks(annotations)
    placement = placing.placed(people, results.matched(found, annotations).poses)
    states = joints.judged(people, placement)
    areas = np.zeros(len(placement.poses))
    _, evaluation = shares.shares(people, placement, states, areas)
    values, intervals = evaluation.metrics(), bootstrap(evaluation)
    told = {}
    for kind, of in OF.items():
        name = f"{kind}/all/"
        value = values[name]
        assert value is not None
        told[kind] = (made.share(kind, of), value, intervals[name].low, intervals[name].high)
    return told


def recovery(sets: int, folder: Path) -> dict[str, dict[str, float]]:
    """Kind -> its share in all sets, and in how many that of the set is found."""
    told = [recovered(seed, folder) for seed in range(sets)]
    counts = {}
    for kind in OF:
        shares_of = np.array([one[kind] for one in told])
        share, value, low, high = shares_of.T
        whole = float(share.mean())
        counts[kind] = {
            "planted": whole,
            "within": int(((low <= share) & (share <= high)).sum()),
            "exact": int((np.abs(share - value) < 1e-9).sum()),
            "whole_within": int(((low <= whole) & (whole <= high)).sum()),
        }
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    report: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.images:
            took = seconds(chosen.images, folder)
            report["time"] = {**took, "bar": BAR_SECONDS, "passed": took["wall_s"] < BAR_SECONDS}
        if chosen.sets:
            kinds = recovery(chosen.sets, folder)
            passed = all(one["within"] >= BAR_SETS * chosen.sets for one in kinds.values())
            report["planted"] = {"sets": chosen.sets, "kinds": kinds, "passed": passed}
    if chosen.json:
        print(json.dumps(report, indent=2))
        return
    if chosen.images:
        print(
            f"{chosen.images:,} images: {took['wall_s']:.1f} s of wall, {took['cpu_s']:.1f} s of "
            f"CPU, {took['memory_mib']:.0f} MiB; bar {BAR_SECONDS:g} s"
        )
    for kind, one in kinds.items() if chosen.sets else ():
        print(
            f"{kind:15} {one['planted']:4.1f} % planted; the set's share within the interval in "
            f"{one['within']} of {chosen.sets}, found exactly in {one['exact']}; the share of all "
            f"sets within it in {one['whole_within']}"
        )


if __name__ == "__main__":
    main()
