"""What every setting of an evaluation costs beside the evaluation by itself.

    python benchmarks/settings.py [MODEL] [--weights F] [--annotations F --images DIR]
                                  [--people 60] [--rounds 3] [--least 60] [--json]

Each round evaluates with a flip test, and then tries all settings whose crops are cut alike, and
those of every geometry; each in a store of its own, from reading the files to the last interval.
CPU time of the process, one thread. A network without weights has its initial values, and without
annotations the pictures are generated.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sidebyside import one_thread

BAR = 2.0
"""times one evaluation, for all settings that look at the same crops"""
WAYS = {
    "evaluation": ("--flip", "--shift"),
    "settings of one geometry": ("--protocol", "all", "--geometry", "plain"),
    "settings of all geometries": ("--protocol", "all"),
}


@dataclass(frozen=True)
class Cost:
    """What one way took."""

    settings: int
    seconds: float
    """of CPU time"""


def cost(words: Sequence[str], folder: Path) -> Cost:
    """Run a command of `repro` in this process, with a new store."""
    import contextlib
    import io

    import cli

    out = io.StringIO()
    sys.argv = ["repro", *words, "--store", str(folder), "--json"]
    begun = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        cli.main()
    seconds = time.process_time() - begun
    answer = json.loads(out.getvalue())
    return Cost(answer.get("tried", 1), seconds)


def subject(given: argparse.Namespace, folder: Path) -> list[str]:
    """The words that name the network and the pictures."""
    words = ["eval", given.model, "--boxes", "gt", "--threads", "1", "--loaders", "1"]
    if given.weights is None and not given.model.endswith(".onnx"):
        import torch

        import zoo

        given.weights = folder / "weights.pth"
        torch.manual_seed(0)
        torch.save(zoo.create_model(given.model).state_dict(), given.weights)
    if given.weights is not None:
        words += ["--weights", str(given.weights)]
    if given.annotations is None:
        from repro.data import synth

        synth.write(folder / "data", train=1, val=given.people, seed=5)
        return [*words, "--dataset", "synth", "--data", str(folder / "data")]
    return [*words, "--annotations", str(given.annotations), "--images", str(given.images)]


def main() -> None:
    """Measure all ways in turn and print how many times as long each takes as the evaluation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default="lpn_50")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--annotations", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    one_thread()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = subject(given, folder)
        cost([*words, *WAYS["evaluation"]], folder / "first")  # imports do not count
        rounds = [
            {
                way: cost([*words, *more], folder / f"{number}-{place}")
                for place, (way, more) in enumerate(WAYS.items())
            }
            for number in range(given.rounds)
        ]
    report(rounds, given.json)


def report(rounds: Sequence[dict[str, Cost]], as_json: bool) -> None:
    """The median of each way over the rounds, and its ratio to the evaluation."""
    single, *ways = WAYS
    base = float(np.median([one[single].seconds for one in rounds]))
    rows = []
    for way in ways:
        ratios = [one[way].seconds / one[single].seconds for one in rounds]
        seconds = float(np.median([one[way].seconds for one in rounds]))
        ratio, worst = float(np.median(ratios)), max(ratios)
        count = rounds[0][way].settings
        rows.append(
            {"way": way, "settings": count, "seconds": seconds, "ratio": ratio} | {"worst": worst}
        )
    if as_json:
        print(json.dumps({"evaluation": base, "bar": BAR, "ways": rows}))
        return
    print(f"one evaluation with a flip test: {base:.2f} s of CPU time")
    for row in rows:
        print(
            f"{row['settings']} {row['way']}: {row['seconds']:.2f} s, {row['ratio']:.2f} times, "
            f"at worst {row['worst']:.2f}; the bar is {BAR:g}"
        )


if __name__ == "__main__":
    main()
