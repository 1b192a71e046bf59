"""Clocks and power of a GPU, read from a stand-in for NVML."""

import time
from types import ModuleType, SimpleNamespace

import pytest

from repro.speed.gpu import nvml
from repro.speed.gpu.nvml import DeviceReading, DeviceWatch


def test_settings_and_idleness_do_not_hold_a_clock_down() -> None:
    assert nvml.reasons(0x1 | 0x2 | 0x100) == ()
    assert nvml.reasons(0x40) == ("heat (hardware)",)


def library(**known: object) -> ModuleType:
    """A stand-in for nvidia-ml-py that knows only what is given."""
    found = ModuleType("pynvml")
    found.__dict__.update(
        NVMLError=type("NVMLError", (Exception,), {}),
        NVML_CLOCK_SM=1,
        NVML_CLOCK_MEM=2,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
        nvmlDeviceGetClockInfo=lambda handle, kind: {1: 1980, 2: 3201}[kind],
        **known,
    )
    return found


def test_nvml_gives_what_the_device_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    made = library(
        nvmlDeviceGetPowerUsage=lambda handle: 412_330,
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda handle: 0x4,
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=7, memory=1),
    )
    monkeypatch.setattr(nvml, "nvml_library", lambda: made)
    read = nvml.sensor("GPU-1")
    assert read is not None
    assert read() == DeviceReading(1980, 3201, 412.33, None, 7, ("power cap",))
    assert nvml.absent() == ""


def test_without_the_package_nothing_is_read_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nvml, "nvml_library", lambda: None)
    monkeypatch.setattr("repro.env.version", lambda library: None)
    assert nvml.sensor("GPU-1") is None
    assert nvml.absent() == (
        "clocks and power are not read: not installed: nvidia-ml-py (pip install nvidia-ml-py)"
    )


def test_a_device_that_nvml_does_not_know_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made = library()

    def fail(uuid: str) -> None:
        raise made.NVMLError

    monkeypatch.setattr(made, "nvmlDeviceGetHandleByUUID", fail)
    monkeypatch.setattr(nvml, "nvml_library", lambda: made)
    assert nvml.sensor("GPU-1") is None


def test_watching_sums_up_the_readings() -> None:
    given = iter(
        [
            DeviceReading(200, busy=3),
            DeviceReading(1900, power=300),
            DeviceReading(1980, reasons=("heat",)),
        ]
    )
    last = DeviceReading(1970, power=500)

    def read() -> DeviceReading:
        return next(given, last)

    with DeviceWatch(read, pause=0.001) as watch:
        while len(watch.readings) < 3:
            time.sleep(0.001)
    found = watch.described()
    assert found["clock"] == [1900, pytest.approx(1975, abs=5), 1980]
    assert found["power"][0] == 300 and found["power"][2] == 500
    assert found["busy_before"] == 3 and set(found["held_down"]) == {"heat"}
    assert "temperature" not in found
    with DeviceWatch(None) as watch:
        pass
    assert watch.described() == {"readings": 0, "held_down": {}}


def test_the_energy_of_a_device_is_told_in_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    used = iter([1_000, 1_000, 3_500])
    made = library(nvmlDeviceGetTotalEnergyConsumption=lambda handle: next(used))
    monkeypatch.setattr(nvml, "nvml_library", lambda: made)
    source = nvml.energy("GPU-1")
    assert source.count is not None and source.absent == ""
    assert (source.count(), source.count()) == (1.0, 3.5)


def test_a_device_without_a_counter_of_energy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "nvml_library", library)
    source = nvml.energy("GPU-1")
    assert source.count is None and source.absent.startswith("NVML tells no energy of the device")
    monkeypatch.setattr(nvml, "nvml_library", lambda: None)
    monkeypatch.setattr("repro.env.version", lambda library: None)
    unread = "The device's energy is unread, not installed: nvidia-ml-py"
    assert nvml.energy("GPU-1").absent.startswith(unread)
