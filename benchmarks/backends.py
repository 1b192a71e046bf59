"""The best backend beside eager PyTorch, one thread, batch 1, 256x192.

    python benchmarks/backends.py [--only lpn_50] [--backends ahead,onnx_runtime] [--json]

Every network has seeded weights and calibrated normalisations; a backend whose outputs differ from
eager's gets no time. Each round runs both sides three times in a row, in alternating order. What
was exported and compiled is kept in REPRO_CACHE or the user's cache folder, so that a second run
only measures. Beside each bar stands what it asks of the processor: the share of the peak rate of
multiply-adds, measured first, that the best backend reaches and that the bar needs.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import torch
from sidebyside import Ratio, compare, one_thread
from torch import Tensor, nn

import zoo
from repro.speed.backends import CPU, BackendError, RunnableNetwork, artifacts, equivalence
from repro.speed.roofline import traffic
from repro.speed.roofline.calibration import calibrate

SIZE = (256, 192)
CALLS = 3
"""in a row, so that the second and third find their weights in the caches"""
BARS = {"hwl_mobilenetv3": 1.9, "lpn_50": 2.3, "litehrnet_18": 4.0, "simplebaseline_resnet50": 0.0}
"""how many times as fast as eager the best backend has to be"""
TOGETHER = 2.0
"""geometric mean over the four"""
OWN, OWN_TOGETHER = ("channels_last", "compiled", "ahead"), 1.6
"""the backends that need nothing beside torch, and their geometric mean"""


@dataclass(frozen=True)
class Result:
    """One network with one backend."""

    model: str
    backend: str
    ratio: Ratio | None
    """eager's time in multiples of the backend's; None if it was refused"""
    difference: float | None
    prepared: RunnableNetwork | None
    refused: str = ""

    def described(self) -> dict[str, object]:
        """For JSON."""
        made = self.prepared
        return {
            "model": self.model,
            "backend": self.backend,
            "ratio": asdict(self.ratio) if self.ratio else None,
            "difference": self.difference,
            "export_seconds": made.export_seconds if made else None,
            "compile_seconds": made.compile_seconds if made else None,
            "cached": made.cached if made else None,
            "refused": self.refused,
        }

    def __str__(self) -> str:
        head = f"{self.model:24} {self.backend:17}"
        if self.ratio is None or self.prepared is None:
            return f"{head} refused: {self.refused}"
        ratio, made = self.ratio, self.prepared
        return (
            f"{head} {ratio.median:5.2f}x [{ratio.low:.2f}, {ratio.high:.2f}] of CPU time"
            f" ({ratio.wall:.2f}x of wall); {ratio.peer_ms / CALLS:.1f} ->"
            f" {ratio.ours_ms / CALLS:.1f} ms; off by {self.difference:.1e};"
            f" export {made.export_seconds:.1f} s, compile {made.compile_seconds:.1f} s"
            f"{' (cached)' if made.cached else ''}"
        )


def times(run: Callable[[Tensor], object], images: Tensor) -> Callable[[], None]:
    """Several calls in a row."""

    def calls() -> None:
        for _ in range(CALLS):
            run(images)

    return calls


def measure(name: str, backends: Sequence[str], rounds: int) -> Iterator[Result]:
    """One network with each backend."""
    torch.manual_seed(0)
    example = equivalence.picture((1, 3, *SIZE), seed=1)
    model = equivalence.calibrated(zoo.create_model(name), example)
    eager = CPU["eager"].prepare(model, example, 1, artifacts.folder())
    for backend in backends:
        yield _measured(model, eager, name, backend, example, rounds)


def _measured(
    model: nn.Module, eager: RunnableNetwork, name: str, backend: str, example: Tensor, rounds: int
) -> Result:
    try:
        prepared = CPU[backend].prepare(model, example, 1, artifacts.folder())
    except BackendError as error:
        return Result(name, backend, None, None, None, str(error))
    found = equivalence.compare(model, prepared.run, example)
    if not found.ok:
        return Result(name, backend, None, found.difference, prepared, found.reason)
    ratio = compare(times(eager.run, example), times(prepared.run, example), rounds)
    return Result(name, backend, ratio, found.difference, prepared)


def best(results: Sequence[Result], model: str, backends: Sequence[str]) -> float:
    """The largest ratio of a network among these backends; 1, that is eager, where none counts."""
    ratios = [
        one.ratio.median
        for one in results
        if one.model == model and one.backend in backends and one.ratio is not None
    ]
    return max(ratios, default=1.0)


def share(results: Sequence[Result], model: str, peak: float) -> float:
    """Of the peak multiply-adds a second, that eager reaches; 0 where nothing was measured."""
    with torch.device("meta"):
        macs = traffic.observe(zoo.create_model(model).eval(), SIZE).macs
    times = [one.ratio.peer_ms for one in results if one.model == model and one.ratio is not None]
    return macs * CALLS / (min(times) / 1000) / peak if times else 0.0


@dataclass(frozen=True)
class Judged:
    """What the best backend has to reach, and reaches."""

    title: str
    ratio: float
    bar: float
    eager: float = 0.0
    """share of the peak that eager reaches; 0 for several networks"""

    @property
    def passed(self) -> bool:
        """Whether the best is good enough."""
        return self.ratio >= self.bar

    def __str__(self) -> str:
        word = "reached" if self.passed else "MISSED"
        line = f"{self.title:24} best {self.ratio:.2f}x, bar {self.bar}x: {word}"
        shares = (self.eager, self.eager * self.ratio, self.eager * self.bar)
        described = "; eager {:.0%} of the peak, best {:.0%}, bar {:.0%}".format(*shares)
        return line + (described if self.eager else "")


def judged(results: Sequence[Result], models: Sequence[str], peak: float) -> list[Judged]:
    """The bars: of each network, and of the geometric mean where all were measured."""
    found = [
        Judged(model, best(results, model, list(CPU)), BARS[model], share(results, model, peak))
        for model in models
    ]
    if set(models) == set(BARS):
        for title, backends, bar in (
            ("all four", list(CPU), TOGETHER),
            ("all four, torch alone", OWN, OWN_TOGETHER),
        ):
            ratios = [best(results, model, backends) for model in models]
            found.append(Judged(title, math.prod(ratios) ** (1 / len(ratios)), bar))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=sorted(BARS), action="append")
    parser.add_argument("--backends", default=",".join(n for n in CPU if n != "eager"))
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    one_thread()
    backends = chosen.backends.split(",")
    models, results, peak = chosen.only or list(BARS), [], calibrate(1).one.peak
    for model in models:
        for result in measure(model, backends, chosen.rounds):
            results.append(result)
            if not chosen.json:
                print(result, flush=True)
    bars = judged(results, models, peak)
    load = round(os.getloadavg()[0], 1)
    if chosen.json:
        content = {
            "results": [result.described() for result in results],
            "bars": [asdict(bar) | {"passed": bar.passed} for bar in bars],
            "peak": peak,
            "load": load,
        }
        print(json.dumps(content, indent=2))
    else:
        print(*bars, sep="\n")
        print(f"peak {peak / 1e9:.1f} G multiply-adds/s with one thread")
        print(f"load at the end {load} on {os.cpu_count()} cores")
    sys.exit(not all(bar.passed for bar in bars))


if __name__ == "__main__":
    main()
