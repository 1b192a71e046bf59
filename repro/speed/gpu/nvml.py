"""Clocks, power and heat of an NVIDIA GPU while others use it.

They come from NVML through the package nvidia-ml-py, which is optional: `absent` says what is
missing for want of it. Nothing is set.
"""

import importlib
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from statistics import median
from types import ModuleType

from repro.speed.backends.base import lacking
from repro.speed.measure.energy import EnergySource

REASONS = {
    0x4: "power cap",
    0x8: "hardware slowdown",
    0x10: "sync boost",
    0x20: "heat (software)",
    0x40: "heat (hardware)",
    0x80: "power brake",
}
"""bits of NVML's clocks event reasons that hold a clock down; idleness and settings left out"""
PAUSE = 0.25
"""seconds between two readings"""


@dataclass(frozen=True)
class DeviceReading:
    """One moment; None for what the device does not tell."""

    clock: float | None = None
    """MHz of the multiprocessors"""
    memory_clock: float | None = None
    """MHz"""
    power: float | None = None
    """W"""
    temperature: float | None = None
    """degrees Celsius"""
    busy: float | None = None
    """per cent of the last moments in which any kernel ran"""
    reasons: tuple[str, ...] = ()
    """what holds the clocks down"""


Sensor = Callable[[], DeviceReading]


def absent() -> str:
    """What cannot be told for want of the package; empty if nothing."""
    return "" if nvml_library() else f"clocks and power are not read: {lacking('nvidia-ml-py')}"


def sensor(uuid: str) -> Sensor | None:
    """What reads the device of that UUID (`GPU-...`); None where nothing can."""
    library = nvml_library()
    if library is None:
        return None
    try:
        library.nvmlInit()
        handle = library.nvmlDeviceGetHandleByUUID(uuid)
    except library.NVMLError:
        return None
    return lambda: _read(library, handle)


def energy(uuid: str) -> EnergySource:
    """The joules that a device has used; devices before Volta have no counter of them."""
    library = nvml_library()
    if library is None:
        return EnergySource(None, f"The device's energy is unread, {lacking('nvidia-ml-py')}.")
    try:
        library.nvmlInit()
        handle = library.nvmlDeviceGetHandleByUUID(uuid)
        library.nvmlDeviceGetTotalEnergyConsumption(handle)
    except (library.NVMLError, AttributeError) as error:
        return EnergySource(None, f"NVML tells no energy of the device: {error!s:.100}.")

    def joules() -> float | None:
        try:
            return float(library.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000
        except library.NVMLError:
            return None

    return EnergySource(joules)


def nvml_library() -> ModuleType | None:
    """nvidia-ml-py; the older package of the same name only warns that it is old."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("pynvml")
        except ImportError:
            return None


def _read(library: ModuleType, handle: object) -> DeviceReading:
    def ask(name: str, *more: object) -> object:
        try:
            return getattr(library, name)(handle, *more)
        except (library.NVMLError, AttributeError):  # not told by this device, or this version
            return None

    def number(value: object, unit: float = 1.0) -> float | None:
        return value / unit if isinstance(value, (int, float)) else None

    mask = ask("nvmlDeviceGetCurrentClocksEventReasons")
    if mask is None:
        mask = ask("nvmlDeviceGetCurrentClocksThrottleReasons")
    return DeviceReading(
        clock=number(ask("nvmlDeviceGetClockInfo", library.NVML_CLOCK_SM)),
        memory_clock=number(ask("nvmlDeviceGetClockInfo", library.NVML_CLOCK_MEM)),
        power=number(ask("nvmlDeviceGetPowerUsage"), 1000),
        temperature=number(ask("nvmlDeviceGetTemperature", library.NVML_TEMPERATURE_GPU)),
        busy=number(getattr(ask("nvmlDeviceGetUtilizationRates"), "gpu", None)),
        reasons=reasons(mask if isinstance(mask, int) else 0),
    )


def reasons(mask: int) -> tuple[str, ...]:
    """What the bits of NVML's clocks event reasons name, so far as they hold a clock down."""
    return tuple(name for bit, name in REASONS.items() if mask & bit)


class DeviceWatch:
    """Read a device in the background while the body of a `with` runs."""

    def __init__(self, read: Sensor | None, pause: float = PAUSE) -> None:
        self.read, self.pause = read, pause
        self.before = read() if read else None
        """the device as it was found"""
        self.readings: list[DeviceReading] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "DeviceWatch":
        if self.read:
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        if self.read:
            self._thread.join()

    def _watch(self) -> None:
        while self.read and not self._over.wait(self.pause):
            self.readings.append(self.read())

    def described(self) -> Mapping[str, object]:
        """Lowest, median and highest of each quantity, and the share of readings of each reason."""
        facts: dict[str, object] = {"readings": len(self.readings)}
        for name in (field.name for field in fields(DeviceReading) if field.name != "reasons"):
            known = (getattr(reading, name) for reading in self.readings)
            values = [value for value in known if value is not None]
            if values:
                facts[name] = [min(values), median(values), max(values)]
        held = [reason for reading in self.readings for reason in reading.reasons]
        facts["held_down"] = {
            reason: round(held.count(reason) / len(self.readings), 3) for reason in sorted({*held})
        }
        if self.before is not None and self.before.busy is not None:
            facts["busy_before"] = self.before.busy
        return facts
