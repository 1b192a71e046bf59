"""The energy of calls, by counters of the processor's packages (RAPL), where they can be read.

A counter is of a whole package: of its idle cores and of all else that runs on it too. It is
therefore read while one subject alone runs for a while, beside the rounds that are timed. Linux
tells it in /sys/class/powercap/intel-rapl:N, of AMD's processors as well (Documentation/power/
powercap); since Linux 5.10 root alone may read it, because it tells secrets apart (CVE-2020-8694).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from repro.speed.measure import sensors

POWERCAP = sensors.SYSTEM / "class/powercap"
LASTS = 1.0
"""seconds of calls, many times what any counter takes to move"""
STILL = "The energy counter did not move."

Counter = Callable[[], float | None]
"""joules since some moment, falling never; None where the counter does not answer"""


@dataclass(frozen=True, slots=True)
class EnergySource:
    """What tells the energy of calls, or why nothing does."""

    count: Counter | None
    absent: str = ""
    """one sentence; empty where something tells it"""


def processor(folder: Path | None = None) -> EnergySource:
    """The packages of this machine together."""
    places = _packages(folder or POWERCAP)
    if not places:
        return EnergySource(None, "This system shows no energy counters of its processor (RAPL).")
    closed = next((place for place in places if _read(place / "energy_uj") is None), None)
    if closed is not None:
        return EnergySource(None, f"`{closed / 'energy_uj'}` may not be read by this user.")
    packages = [_Package(place) for place in places]

    def joules() -> float | None:
        used = [package.joules() for package in packages]
        return None if None in used else sum(filter(None, used))

    return EnergySource(joules)


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
