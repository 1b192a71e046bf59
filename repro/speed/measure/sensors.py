"""What the system tells about itself that moves a timing; None or empty where it does not tell."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from repro import env

SYSTEM = Path("/sys")
PROCESSORS = SYSTEM / "devices/system/cpu"
MOST_FILES = 16
"""counters of so many cores are read: on a large machine all would take longer than a block"""


@dataclass(frozen=True, slots=True)
class Ticks:
    """Seconds since the machine started, all cores together."""

    total: float
    idle: float
    stolen: float
    """taken by a hypervisor for other machines"""


def ticks() -> Ticks:
    """How the machine's time was spent so far."""
    import psutil

    times = psutil.cpu_times()
    counted = [value for name, value in times._asdict().items() if not name.startswith("guest")]
    stolen = float(getattr(times, "steal", 0.0))
    return Ticks(sum(counted), times.idle + float(getattr(times, "iowait", 0.0)), stolen)


def switches() -> int:
    """How often this process was made to give up a core."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def frequency() -> float | None:
    """MHz of the cores now, on average. A virtual machine's nominal figure is not told."""
    if not any(PROCESSORS.glob("cpufreq/policy*")):
        return None
    import psutil

    try:
        clock = psutil.cpu_freq()
    except (OSError, NotImplementedError):
        return None
    return None if clock is None or not clock.current else float(clock.current)


def governor() -> str:
    """Who chooses the clock of the first core: performance, powersave ..."""
    return text(PROCESSORS / "cpu0/cpufreq/scaling_governor")


def boost() -> bool | None:
    """Whether the clock may rise above the nominal one."""
    no_turbo = text(PROCESSORS / "intel_pstate/no_turbo")
    if no_turbo:
        return no_turbo == "0"
    boosting = text(PROCESSORS / "cpufreq/boost")
    return boosting == "1" if boosting else None


def throttles() -> int | None:
    """How often cores were slowed down because of heat, since the machine started."""
    counts = [text(path) for path in throttle_files()]
    known = [int(count) for count in counts if count.isdigit()]
    return sum(known) if known else None


@cache
def throttle_files() -> tuple[Path, ...]:
    """The counters of the cores, at most so many."""
    files = sorted(PROCESSORS.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"))
    return tuple(files[:MOST_FILES])


def temperature() -> float | None:
    """Degrees Celsius of the hottest sensor that belongs to the processor."""
    import psutil

    try:
        sensors = psutil.sensors_temperatures()
    except (AttributeError, OSError):
        return None
    names = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz")
    degrees = [
        float(sensor.current)
        for name in names
        for sensor in sensors.get(name, ())
        if sensor.current
    ]
    return max(degrees, default=None)


def power() -> str:
    """`mains`, `battery`, or empty."""
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):
        return ""
    if battery is None or battery.power_plugged is None:
        return ""
    return "mains" if battery.power_plugged else "battery"


def allowed() -> float:
    """How many cores this process may use: fewer than there are in a container, or if pinned."""
    return env.allowed_cores(SYSTEM / "fs/cgroup")


def text(path: Path) -> str:
    """The text of a small file of the system's, without white space around it; empty if none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
