"""What the logs of four tools say of the time of an inference.

- benchncnn of ncnn (benchmark/benchncnn.cpp): a line a network with the least, most and mean ms
- benchmark_app of OpenVINO, in C++ and Python, since 2022: `[ INFO ]    Median: 3.21 ms` and so on
- benchmark_model of TensorFlow Lite and LiteRT: lines `count=50 first=...` in microseconds, of
  which the last is that of the inferences after the warm-up
- a profile of Qualcomm AI Hub, as `job.download_profile()` gives it: JSON, microseconds, bytes

What a log does not say stays unsaid: none names the device as it is sold.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TypeGuard

from repro import schema
from repro.data.json_rows import content
from repro.errors import ReproError
from repro.papers.values import Scalar

LIMIT = 2**26
"""bytes of a log"""
SLOWEST = 3.6e6
"""milliseconds of an inference; more is no time of one"""
MOST, MOST_CALLS = 1000, 10**6
"""networks of a log, and calls of a profile"""
LONGEST = 2000
"""letters of a line that any of the tools prints, of those that are read"""
NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
NCNN = re.compile(
    rf"^ *(\S[^\n]*?) +min = +{NUMBER} +max = +{NUMBER} +avg = +{NUMBER} *$", re.MULTILINE
)
NCNN_FACTS = re.compile(
    r"^(loop_count|num_threads|powersave|gpu_device) = (-?\d+) *$", re.MULTILINE
)
OPENVINO = re.compile(
    rf"^\[ INFO \] +(Median|Average|Min|Max|\d+ percentile): +{NUMBER} (ms|us) *$",
    re.MULTILINE | re.IGNORECASE,
)
OPENVINO_GROUPS = "Latency for each data shape group"
OPENVINO_FACTS = {
    "version": r"^\[ INFO \] Build \.+ (\S+)",
    "devices": r"^\[ INFO \] Execution Devices: *(\S.*?) *$",
    "requests": r"^\[Step 10/11\].* (\d+) inference requests",
    "batch": r"^\[ INFO \] Model batch size: (\d+)",
    "hint": r"^\[ INFO \] +PERFORMANCE_HINT: (\S.*?) *$",
    "precision": r"^\[ INFO \] +INFERENCE_PRECISION_HINT: (?:<Type: ')?(\w+)",
}
TFLITE = re.compile(r"^(?:INFO: )?count=(\d+) (.*\bavg=.*)$", re.MULTILINE)
TFLITE_FACTS = {
    "threads": r"^(?:INFO: )?(?:Num threads: \[|#threads used for CPU inference: \[?)(\d+)",
    "gpu": r"^(?:INFO: )?Use gpu: \[(\d)\]",
}
TFLITE_RUN = "Running benchmark for at least"
CURE = (
    "Give what benchncnn, OpenVINO's benchmark_app or TensorFlow Lite's benchmark_model printed, "
    "or a profile of Qualcomm AI Hub as JSON."
)


@dataclass(frozen=True, slots=True)
class LoggedNetwork:
    """What a log says of one network."""

    name: str
    """as the log calls it; empty where it does not"""
    ms: Mapping[str, float]
    """mean, median, min, max, p90 ... -> milliseconds"""
    calls: int | None = None
    """that were timed"""
    memory: int | None = None
    """bytes at the highest"""
    samples: tuple[float, ...] = ()
    """milliseconds of each call, where the tool tells them"""

    @property
    def statistic(self) -> str:
        """What stands for the time: the median if there is one, else the mean, else an estimate."""
        return next(name for name in ("median", "mean", "estimate") if name in self.ms)


@dataclass(frozen=True, slots=True)
class TimingLog:
    """A log, and the tool that wrote it."""

    tool: str
    networks: tuple[LoggedNetwork, ...]
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    """what it tells of how it timed"""


def read(path: Path) -> TimingLog:
    """The times in a file; a ReproError for one of no known tool, cut short, or impossible."""
    whole = content(path, "log", LIMIT).decode("utf-8", "replace")
    lines = (" ".join(line.split()) for line in whole.splitlines() if len(line) <= LONGEST)
    text = "\n".join(lines)
    readers = (_ai_hub, _openvino, _tflite, _ncnn)
    for reader in readers:
        log = reader(whole if reader is _ai_hub else text, path)
        if log is not None:
            _check(log, path)
            return log
    raise ReproError(f"`{path}` is the log of no tool that is known.", CURE)


def _check(log: TimingLog, path: Path) -> None:
    names = [network.name for network in log.networks]
    if len(names) > MOST:
        raise ReproError(f"`{path}` has {len(names):,} networks.", "Give one run of the tool.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ReproError(f"`{path}` times `{twice:.60}` twice.", "Give one run of the tool.")
    for network in log.networks:
        for name, ms in (*network.ms.items(), *(("a call", one) for one in network.samples)):
            if not 0 < ms < SLOWEST:
                what = f"{name} of `{network.name:.60}`" if network.name else name
                raise ReproError(f"`{path}` has {ms:g} ms as {what}.", "Is the log whole?")


def _ncnn(text: str, path: Path) -> TimingLog | None:
    rows = NCNN.findall(text)
    if not rows:
        return None
    facts: dict[str, Scalar] = {name: int(value) for name, value in NCNN_FACTS.findall(text)}
    loops = facts.get("loop_count")
    networks = [
        LoggedNetwork(
            name,
            {"mean": float(mean), "min": float(least), "max": float(most)},
            loops if isinstance(loops, int) else None,
        )
        for name, least, most, mean in rows
    ]
    return TimingLog("benchncnn (ncnn)", tuple(networks), facts)


def _openvino(text: str, path: Path) -> TimingLog | None:
    if "[Step 1/11]" not in text and "[ INFO ] Throughput:" not in text:
        return None
    whole = text.partition(OPENVINO_GROUPS)[0]
    ms = {}
    for word, value, unit in OPENVINO.findall(whole):
        known = "mean" if word.lower() == "average" else str(word).lower()
        name = f"p{known.split()[0]}" if known.endswith("percentile") else known
        ms[name] = float(value) / (1000 if unit == "us" else 1)
    if not {"median", "mean"} & set(ms):
        raise ReproError(
            f"`{path}` is a log of benchmark_app without a latency.",
            "It ended early, or ran on several devices, of which it tells the throughput alone.",
        )
    calls = _found(r"^\[ INFO \] Count: +(\d+) iterations", text)
    called = _found(r"^\[ INFO \] +NETWORK_NAME: (\S.*?) *$", text)
    network = LoggedNetwork(called or "", ms, int(calls) if calls else None)
    return TimingLog("benchmark_app (OpenVINO)", (network,), _facts(OPENVINO_FACTS, text))


def _tflite(text: str, path: Path) -> TimingLog | None:
    lines = TFLITE.findall(text)
    if TFLITE_RUN not in text and not lines:
        return None
    if not lines or len(lines) < text.count(TFLITE_RUN):
        raise ReproError(
            f"`{path}` is a log of benchmark_model that ends before its inferences were timed.",
            "Run the tool to its end.",
        )
    calls, rest = lines[-1]
    said = dict(re.findall(rf"\b(avg|min|max|median|p\d+)={NUMBER}", rest))
    ms = {
        "mean" if name == "avg" else str(name): float(value) / 1000 for name, value in said.items()
    }
    if "mean" not in ms:
        raise ReproError(f"`{path}` has a line `count=` without a mean.", CURE)
    graph = _found(r"^(?:INFO: )?Graph: \[(.+?)\] *$", text)
    name = PurePath(graph.replace("\\", "/")).stem if graph else ""
    network = LoggedNetwork(name, ms, int(calls))
    return TimingLog("benchmark_model (TensorFlow Lite)", (network,), _facts(TFLITE_FACTS, text))


def _ai_hub(text: str, path: Path) -> TimingLog | None:
    try:
        data = schema.json_value(text)
    except ValueError:
        return None
    summary = data.get("execution_summary") if isinstance(data, dict) else None
    if not isinstance(summary, dict):
        return None
    times = summary.get("all_inference_times")
    samples = times if isinstance(times, list) else []
    estimate = summary.get("estimated_inference_time")
    if not all(map(_is_number, samples)) or len(samples) > MOST_CALLS:
        raise ReproError(f"`{path}`: `all_inference_times` is no list of numbers.", CURE)
    if not samples and not _is_number(estimate):
        raise ReproError(f"`{path}` is a profile of AI Hub without a time.", "Did the job fail?")
    ordered = sorted(float(one) / 1000 for one in samples)
    ms = {"estimate": float(estimate) / 1000} if _is_number(estimate) else {}
    if ordered:
        middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        ms |= {"median": middle, "mean": math.fsum(ordered) / len(ordered)}
        ms |= {"min": ordered[0], "max": ordered[-1]}
    peak = summary.get("estimated_inference_peak_memory")
    memory = int(peak) if _is_number(peak) and 0 < peak < 2**50 else None
    network = LoggedNetwork("", ms, len(ordered) or None, memory, tuple(ordered))
    return TimingLog("Qualcomm AI Hub", (network,), _units(data))


def _units(profile: Mapping[str, object]) -> dict[str, Scalar]:
    """How many layers ran on each unit of the chip: NPU, GPU, CPU."""
    layers = profile.get("execution_detail")
    units = [
        str(layer.get("compute_unit"))[:20]
        for layer in (layers if isinstance(layers, list) else [])
        if isinstance(layer, dict) and layer.get("compute_unit")
    ]
    return {f"layers on {unit}": units.count(unit) for unit in sorted(set(units))[:8]}


def _facts(patterns: Mapping[str, str], text: str) -> dict[str, Scalar]:
    found = {name: _found(pattern, text) for name, pattern in patterns.items()}
    return {
        name: int(value) if value.isdecimal() and len(value) < 10 else value[:100]
        for name, value in found.items()
        if value
    }


def _found(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else None


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number, none that is absurd; NaN is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
