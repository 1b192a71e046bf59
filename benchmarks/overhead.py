"""What the timing engine adds to a model's own time, against a bare loop.

    python benchmarks/overhead.py [--model NAME] [--rounds 60] [--json]

One thread, both in one process, side by side: the same calls in the engine's timed block, which
reads two clocks around each, and in a loop that does nothing else. Below that the cost of an empty
call in both, which other work on the machine hardly moves, as a share of the model's time.
"""

import argparse
import json
import sys
import tempfile
import timeit
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from sidebyside import compare, one_thread

from repro.speed.measure.calls import timed
from repro.speed.measure.procedures import TimingSettings
from repro.speed.measure.subjects import Subject

BAR = 0.01
CALLS = 10
"""of a round"""
EMPTY = 20_000


def main() -> int:
    """Print both shares; 1 if an empty call costs more than the bar allows."""
    one_thread()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="hwl_mobilenetv3")
    parser.add_argument("--backend", default="eager")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--builder", default=TimingSettings().builder, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    module, _, name = given.builder.partition(":")
    subject = Subject(given.model, (256, 192), 17, backend=given.backend)
    with tempfile.TemporaryDirectory() as cache:
        run = getattr(import_module(module), name)(subject, 1, Path(cache), 0).run

        def bare() -> None:
            for _ in range(CALLS):
                run()

        ratio = compare(lambda: timed(run, CALLS), bare, given.rounds)
    per_call = (_empty_timed() - _empty_bare()) / EMPTY
    share = per_call / (ratio.ours_ms / 1000 / CALLS)
    found = {
        "side_by_side": asdict(ratio),
        "call_microseconds": per_call * 1e6,
        "share": share,
        "ok": share < BAR,
    }
    if given.json:
        print(json.dumps(found))
    else:
        print(
            f"{subject}: {ratio.ours_ms / CALLS:.2f} ms a call; in the engine's block "
            f"{ratio.median - 1:+.2%} [{ratio.low - 1:+.2%}, {ratio.high - 1:+.2%}]\n"
            f"an empty call costs {per_call * 1e6:.2f} µs more there, {share:.3%} of a call"
        )
    return 0 if found["ok"] else 1


def _nothing() -> None:
    return None


def _empty_timed() -> float:
    return min(timeit.repeat(lambda: timed(_nothing, EMPTY), number=1, repeat=7))


def _empty_bare() -> float:
    def loop() -> None:
        for _ in range(EMPTY):
            _nothing()

    return min(timeit.repeat(loop, number=1, repeat=7))


if __name__ == "__main__":
    sys.exit(main())
