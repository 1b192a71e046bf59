"""The energy of calls, by counters of the processor's packages (RAPL), where they can be read.

A counter is of a whole package: of its idle cores and of all else that runs on it too. It is
therefore read while one subject alone runs for a while, beside the rounds that are timed. Linux
tells it in /sys/class/powercap/intel-rapl:N, of AMD's processors as well (Documentation/power/
powercap); since Linux 5.10 root alone may read it, because it tells secrets apart (CVE-2020-8694).
"""

import time
from collections.abc import Callable
from pathlib import Path

from repro.speed.measure import sensors

POWERCAP = sensors.SYSTEM / "class/powercap"
LASTS = 1.0
"""seconds of calls, many times what any counter takes to move"""
STILL = "The energy counter did not move."

Counter = Callable[[], float | None]
"""joules since some moment, falling never; None where the counter does not answer"""


def why_not(folder: Path | None = None) -> str:
    """Why the packages' energy cannot be read, in one sentence; empty if it can."""
    packages = _packages(folder or POWERCAP)
    if not packages:
        return "This system shows no energy counters of its processor (RAPL)."
    closed = next((package for package in packages if _read(package / "energy_uj") is None), None)
    return "" if closed is None else f"`{closed / 'energy_uj'}` may not be read by this user."


def counter(folder: Path | None = None) -> Counter | None:
    """What tells the energy of all packages together; None where nothing can, see `why_not`."""
    folder = folder or POWERCAP
    if why_not(folder):
        return None
    packages = [_Package(path) for path in _packages(folder)]

    def joules() -> float | None:
        used = [package.joules() for package in packages]
        return None if None in used else sum(filter(None, used))

    return joules


def of_call(run: Callable[[], object], count: Counter, seconds: float = LASTS) -> float | None:
    """Joules of a call, from calls of so many seconds; None where the counter stood still."""
    start, before = time.perf_counter(), count()
    calls = 0
    while time.perf_counter() - start < seconds:
        run()
        calls += 1
    after = count()
    if before is None or after is None or after <= before or not calls:
        return None
    return (after - before) / calls


class _Package:
    """A counter of microjoules that begins anew at the end of its range."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "energy_uj"
        self.range = _read(folder / "max_energy_range_uj") or 0
        self.last = _read(self.file)
        self.used = 0

    def joules(self) -> float | None:
        now = _read(self.file)
        if now is None or self.last is None:
            return None
        self.used += now - self.last + (self.range if now < self.last else 0)
        self.last = now
        return self.used / 1e6


def _packages(folder: Path) -> list[Path]:
    """The folders of the packages, without those of their parts and of the whole board."""
    zones = sorted(folder.glob("intel-rapl:[0-9]*"))
    return [zone for zone in zones if sensors.text(zone / "name").startswith("package")]


def _read(file: Path) -> int | None:
    text = sensors.text(file)
    return int(text) if text.isdigit() else None
