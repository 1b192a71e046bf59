"""What this machine can do, and how far four networks are from it.

    python benchmarks/roofline.py [--threads 2] [--rounds 15] [--json]

The calibration comes first: peak multiply-adds by a matrix product and a 3x3 convolution, memory
bandwidth, the fixed cost of a call, with one thread and with all. Bar: it takes under 3 seconds.
Then the networks run in PyTorch eager, batch 1, one thread, interleaved in an order that rotates;
the time of each is its median CPU time, which other programs on the machine hardly move.
"""

import argparse
import json
import os
import statistics
from dataclasses import asdict
from importlib import import_module

from sidebyside import clock, one_thread

import zoo
from repro.speed.roofline import model
from repro.speed.roofline.model import MachineLimits, RooflineRow

MODELS = ("hwl_mobilenetv3", "lpn_50", "litehrnet_18", "simplebaseline_resnet50")
SIZE = (256, 192)
LONGEST = 3.0


def rows(machine: MachineLimits, rounds: int) -> list[RooflineRow]:
    """Time the networks side by side and place each on the roofline."""
    import torch

    from repro.speed.roofline import traffic

    torch.manual_seed(0)
    image = torch.randn(1, 3, *SIZE)
    networks = {name: zoo.create_model(name).eval() for name in MODELS}
    times: dict[str, list[float]] = {name: [] for name in MODELS}
    with torch.no_grad():
        for number in range(-1, rounds):  # the first round does not count
            turn = number % len(MODELS)
            for name in MODELS[turn:] + MODELS[:turn]:
                before = clock()[0]
                networks[name](image)
                if number >= 0:
                    times[name].append(clock()[0] - before)
    found = []
    for name in MODELS:
        import_module(zoo.MODELS[name].module)
        with torch.device("meta"):
            work = traffic.observe(zoo.create_model(name).eval(), SIZE)
        found.append(model.place(name, work, statistics.median(times[name]), machine, 1))
    return found


def show(machine: MachineLimits, found: list[RooflineRow]) -> None:
    """Print calibration, rows and explanations."""
    print(f"calibration {machine.seconds:.2f} s, load {machine.load:.1f}")
    print("threads  peak  matmul  conv 3x3  memory   cache   (G multiply-adds/s, GB/s)")
    for limit in {one.threads: one for one in (machine.one, machine.all)}.values():
        print(
            f"{limit.threads:7} {limit.peak / 1e9:5.1f} {limit.matmul / 1e9:7.1f}"
            f" {limit.convolution / 1e9:9.1f}"
            f" {limit.memory / 1e9:7.1f} {limit.cache / 1e9:7.1f}"
        )
    costs = (f"{kind} {1e6 * cost:.1f}" for kind, cost in machine.overhead.items())
    print(f"fixed cost of a call in us: {', '.join(costs)}\n")
    print(
        f"{'1 thread, eager':24} {'ms':>6} {'GMACs':>6} {'MB':>5} {'MAC/B':>5} {'calls':>6}"
        f" {'G/s':>5} {'of peak':>7} {'of limit':>8}  arithmetic memory  calls  rest  bound by"
    )
    for row in found:
        parts = (row.compute, row.memory, row.overhead, row.rest)
        shares = " ".join(f"{part / row.seconds:6.0%}" for part in parts)
        print(
            f"{row.model:24} {1e3 * row.seconds:6.1f} {row.macs / 1e9:6.3f} {row.moved / 1e6:5.0f}"
            f" {row.intensity:5.1f} {row.calls:6} {row.rate / 1e9:5.1f}"
            f" {row.rate / row.peak:7.0%} {row.share:8.0%}      {shares}  {row.bound}"
        )
    print()
    for row in found:
        print(model.explain(row, None if row is found[-1] else found[-1]))


def main() -> None:
    """Calibrate, time, print; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    from repro.speed.roofline.calibration import calibrate

    machine = calibrate(chosen.threads)
    found = rows(machine, chosen.rounds)
    if chosen.json:
        values = {
            "machine": asdict(machine),
            "rows": [asdict(row) | {"share": row.share, "bound": row.bound} for row in found],
        }
        print(json.dumps(values, indent=1))
    else:
        show(machine, found)
    if machine.seconds > LONGEST:
        raise SystemExit(f"missed: under {LONGEST} s")


if __name__ == "__main__":
    main()
