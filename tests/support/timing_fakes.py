"""Subjects for the timing engine that need no network: what a worker process makes of their names.

`spin` works for some microseconds a call, `refused` and `broken` cannot be made, `deadly` kills its
process while it is made, `mortal` does so once, long after its warm-up, `parent` has a process of
its own. The microseconds are the option `us`; `making` is the milliseconds it takes to make one.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repro.speed.measure.subjects import RefusedError, Subject

BUILDER = "support.timing_fakes:ready"


@dataclass
class Made:
    """What building a subject gives."""

    run: Callable[[], object]
    export_seconds: float = 0.0
    compile_seconds: float = 0.25
    cached: bool = True
    difference: float | None = None
    settings: Mapping[str, str] = field(default_factory=lambda: {"version": "1.0"})
    timed: None = None
    device_memory: int = 0
    energy: None = None


def fake(model: str, **options: int) -> Subject:
    """A subject with the smallest of inputs."""
    return Subject(model, (1, 1), 1, options=options)


def ready(subject: Subject, threads: int, cache: Path, seed: int) -> Made:
    """What the name asks for; it also prints, as libraries do."""
    print("a library says hello", flush=True)
    time.sleep(float(str(subject.options.get("making", 0))) / 1000)
    if subject.model == "refused":
        raise RefusedError("no operator for it")
    if subject.model == "broken":
        raise RuntimeError("shapes differ\nand more")
    if subject.model == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if subject.model == "parent":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    nanoseconds = 1000 * int(str(subject.options.get("us", 200)))
    mark, calls = cache / "died", 0

    def run() -> None:
        nonlocal calls
        calls += 1
        if subject.model == "mortal" and calls == 300 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        end = time.perf_counter_ns() + nanoseconds
        while time.perf_counter_ns() < end:
            pass

    return Made(run)
