"""How far an estimate is from what a rehearsal then takes, for networks of several families.

    python benchmarks/estimates.py [--share 0.002] [--json] [PAPER:TABLE:ROW ...]

Each row is rehearsed whole, in a process of its own and an empty folder: planned, its speeds
measured as `repro plan --estimate` does, then carried out. Compared are the seconds of its
trainings and evaluations, all together. It takes a quiet machine: what else runs makes one of the
two longer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

BAR = 1.5
ROWS = (
    "paper1:table1:Ours 256x192",
    "paper1:table1:*ShuffleNetV2 256x192",
    "paper2:table1:LPN-50",
    "paper3:table1:OurNet 256x192",
    "paper4:table1:LitePose-XS",
)


def main() -> int:
    """Print the ratio for each row; 1 where one is beyond the bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("rows", nargs="*", default=list(ROWS))
    parser.add_argument("--share", type=float, default=0.002)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(compared(given.one, given.share)))
        return 0
    found = []
    for row in given.rows:
        words = [sys.executable, __file__, "--one", row, "--share", str(given.share)]
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
        if not given.json:
            print(
                "{row}: estimated {estimated:.1f} s, took {took:.1f} s, {ratio:.2f}".format_map(
                    found[-1]
                ),
                flush=True,
            )
    ok = bool(found) and all(1 / BAR <= one["ratio"] <= BAR for one in found)
    if given.json:
        print(json.dumps({"rows": found, "bar": BAR, "ok": ok}))
    return 0 if ok else 1


def compared(row: str, share: float) -> dict[str, object]:
    """The estimate of a rehearsed row, and the seconds that its runs then took."""
    from contextlib import nullcontext

    from repro.commands.estimate import forecast_of
    from repro.papers import lookup
    from repro.plans.watch import Silent
    from repro.records.runs import CountRun, TimingRun
    from repro.rehearsal import chain

    paper, table, label = row.split(":")
    chosen = lookup.find_table(lookup.find_study(paper), table)
    with tempfile.TemporaryDirectory() as folder:
        metrics = tuple(column.metric for column in chosen.columns if column.metric == "AP")
        request = chain.RehearsalRequest(chosen, Path(folder), share, row=label, metrics=metrics)
        rehearsal = chain.prepared(request, lambda count, what: nullcontext(lambda done=1: None))
        found = forecast_of(rehearsal.plan, rehearsal.store, show=False)
        outcome = chain.done(rehearsal, Silent()).outcome
        outcome.check()
        ours = [
            record.made.seconds
            for record in outcome.records.values()
            if record.spec["kind"] not in (CountRun.kind, TimingRun.kind)
        ]
    took, estimated = sum(ours), found.seconds.mid
    return {
        "row": row,
        "estimated": estimated,
        "took": took,
        "ratio": estimated / took,
        "runs": len(ours),
    }


if __name__ == "__main__":
    sys.exit(main())
