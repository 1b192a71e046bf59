"""Does the timing engine find what is there, and nothing else?

    python benchmarks/aa.py [--runs 40] [--budget 30] [--processes 4] [--model NAME] [--json]

Short runs of one model under two names, and a third time made 20 % slower by work of no use. The
95 % interval of the first ratio must contain 1 in 36 of 40 runs, and the third must be called
slower in as many. Both follow from the same runs; each line says how busy the machine was.
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from repro.speed.measure.engine import measure
from repro.speed.measure.procedures import TimingSettings
from repro.speed.measure.subjects import Subject, TimedRun
from repro.speed.results.analysis import Analysis

BAR = 36 / 40
SLOWER = 1.2


@dataclass(frozen=True)
class Outcome:
    """What one run said."""

    same: bool
    """the interval of equals contains 1"""
    found: bool
    """the slowed one is called slower"""
    covered: bool
    """the interval of the slowed one contains the factor it was slowed by"""
    equals: float
    slowed: float
    half: float
    """width of the interval of equals, halved"""
    basis: str
    floor: float
    unstable: str
    others: float
    """cores kept busy by others"""


def outcome(run: TimedRun) -> Outcome:
    """The first subject against its twin and against its slowed self."""
    analysis = Analysis(run)
    first, twin = analysis.twins() or (0, 0)
    equals, slowed = analysis.ratio(twin, first), analysis.ratio(1, first)
    before = run.conditions["before"]
    return Outcome(
        same=equals.low <= 1 <= equals.high,
        found=slowed.verdict == "slower",
        covered=slowed.low <= SLOWER <= slowed.high,
        equals=equals.value,
        slowed=slowed.value,
        half=(equals.high - equals.low) / 2,
        basis=analysis.basis,
        floor=analysis.floor or 0.0,
        unstable=analysis.unstable,
        others=float(before["others"]) if isinstance(before, dict) else 0.0,
    )


def main() -> int:
    """Print a line a run and the counts; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--model", default="hwl_mobilenetv3")
    parser.add_argument("--builder", default=TimingSettings().builder, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    subject = Subject(given.model, (256, 192), 17)
    subjects = [subject, replace(subject, slowed=SLOWER)]
    found = []
    with tempfile.TemporaryDirectory() as cache:
        settings = TimingSettings(
            budget=given.budget,
            processes=given.processes,
            cache=Path(cache),
            builder=given.builder,
        )
        for number in range(given.runs):
            run = measure(subjects, replace(settings, seed=number), lambda what, share: None)
            found.append(outcome(run))
            print(f"{number + 1:3} {_line(found[-1])}", file=sys.stderr, flush=True)
    counts = {
        name: sum(getattr(one, name) for one in found) for name in ("same", "found", "covered")
    }
    summary = {
        "runs": given.runs,
        **counts,
        "unstable": sum(bool(one.unstable) for one in found),
        "floor": statistics.median(one.floor for one in found),
        "others": statistics.median(one.others for one in found),
        "ok": min(counts["same"], counts["found"]) >= BAR * given.runs,
    }
    print(json.dumps(summary) if given.json else _told(summary))
    return 0 if summary["ok"] else 1


def _line(one: Outcome) -> str:
    signs = f"{'ok' if one.same else 'APART':5} {'ok' if one.found else 'MISSED':6}"
    ratios = f"equals {one.equals:.4f} ± {one.half:.4f}  slowed {one.slowed:.4f}"
    rest = f"{one.basis:4} floor {one.floor:.1%}  others {one.others:.1f} cores  {one.unstable}"
    return f"{signs} {ratios}  {rest}"


def _told(summary: dict[str, object]) -> str:
    return (
        "of {runs} runs: equals not told apart {same}, 20 % slowdown found {found}, its factor "
        "inside the interval {covered}, refused as unstable {unstable}; median noise floor "
        "{floor:.1%}, others kept {others:.1f} cores busy"
    ).format(**summary)


if __name__ == "__main__":
    sys.exit(main())
