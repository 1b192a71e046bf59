"""How much the ratio of two models varies from run to run: paper1's procedure beside ours.

    python benchmarks/protocols.py [--runs 15] [--load 4] [--models A,B] [--json]

A run of the paper's procedure (5 warm-up rounds, the mean of 50, one model after the other) is
followed or preceded by one of ours that gets exactly the seconds it took, each in one fresh
process. First on the machine as it is, then beside `--load` other processes. The variation is the
standard deviation of the logarithm of the ratio, near enough its coefficient of variation; ours may
be a third of the paper's.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from background import busy
from numpy.typing import NDArray

from repro.speed.measure.engine import measure
from repro.speed.measure.procedures import TimingSettings
from repro.speed.measure.subjects import Subject
from repro.speed.results.analysis import Analysis

BAR = 1 / 3
RESAMPLES = 4000


def ratio(subjects: list[Subject], settings: TimingSettings) -> tuple[float, str, float]:
    """How many times as long the second takes as the first, by which clock, and seconds spent."""
    start = time.monotonic()
    run = measure(subjects, settings, lambda what, share: None)
    seconds = time.monotonic() - start
    analysis = Analysis(run)
    return analysis.ratio(1, 0).value, analysis.basis, seconds


def compared(
    subjects: list[Subject], settings: TimingSettings, runs: int, title: str
) -> dict[str, object]:
    """The ratios of both procedures over so many runs of each."""
    found = np.empty((runs, 2))
    budget = 0.0
    for number in range(runs):
        paper = replace(settings, protocol="paper1")
        # ours comes first in every second run, and gets what the paper's took in the run before
        for ours in ((0, 1), (1, 0))[number % 2 if number else 0]:
            chosen = replace(settings, budget=budget) if ours else paper
            value, clock, seconds = ratio(subjects, chosen)
            budget = budget if ours else seconds
            found[number, ours] = value
            name = f"ours, {clock}" if ours else "paper"
            line = f"{title} {number + 1:3} {name:10} {value:.4f} in {seconds:.1f} s"
            print(line, file=sys.stderr, flush=True)
    paper_cv, ours_cv = np.log(found).std(axis=0, ddof=1).tolist()
    low, high = _interval(np.log(found))
    return {
        "runs": runs,
        "paper": paper_cv,
        "ours": ours_cv,
        "share": ours_cv / paper_cv,
        "low": low,
        "high": high,
        "paper_range": [float(found[:, 0].min()), float(found[:, 0].max())],
        "ours_range": [float(found[:, 1].min()), float(found[:, 1].max())],
        "ok": ours_cv <= BAR * paper_cv,
    }


def _interval(logs: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of our variation as a share of the paper's."""
    chosen = np.random.default_rng(0).integers(0, len(logs), (RESAMPLES, len(logs)))
    spread = logs[chosen].std(axis=1, ddof=1)
    low, high = np.percentile(spread[:, 1] / np.maximum(spread[:, 0], 1e-12), (2.5, 97.5))
    return float(low), float(high)


def main() -> int:
    """Print both comparisons; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--load", type=int, default=4, help="processes beside the second half")
    parser.add_argument("--models", default="hwl_mobilenetv3,litehrnet_18")
    parser.add_argument("--block", type=float, default=TimingSettings().block)
    parser.add_argument("--twin", action="store_true", help="our run times an A/A twin as well")
    parser.add_argument("--builder", default=TimingSettings().builder, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    subjects = [Subject(name, (256, 192), 17) for name in given.models.split(",")]
    found = {}
    with tempfile.TemporaryDirectory() as cache:
        settings = TimingSettings(
            processes=1,
            block=given.block,
            twin=given.twin,
            cache=Path(cache),
            builder=given.builder,
        )
        for title, load in (("as it is", 0), (f"beside {given.load}", given.load)):
            with busy(load):
                found[title] = compared(subjects, settings, given.runs, title)
    if given.json:
        print(json.dumps(found))
    for title, one in [] if given.json else found.items():
        print(
            f"{title}: the paper's ratio varies by {one['paper']:.1%}, ours by {one['ours']:.1%}, "
            f"{one['share']:.2f} of it [{one['low']:.2f}, {one['high']:.2f}]"
        )
    return 0 if all(one["ok"] for one in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
