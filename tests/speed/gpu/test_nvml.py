"""Clocks and power of a GPU, read from stand-ins for NVML and nvidia-smi."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from repro.speed.gpu import nvml
from repro.speed.gpu.nvml import DeviceReading, DeviceWatch


def test_a_line_of_nvidia_smi_is_read() -> None:
    found = nvml.parsed("1980, 3201, 412.33, 51, 97, 0x0000000000000024\n")
    assert found == DeviceReading(1980, 3201, 412.33, 51, 97, ("power cap", "heat (software)"))
    assert nvml.parsed("1410, [N/A], [Not Supported], 40, 0, [N/A]") == DeviceReading(
        1410, None, None, 40, 0
    )
    assert nvml.parsed("No devices were found") is None
    assert nvml.parsed("[N/A], [N/A], [N/A], [N/A], [N/A], [N/A]") is None


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
    monkeypatch.setattr(nvml, "_pynvml", lambda: made)
    read = nvml.sensor("GPU-1")
    assert read is not None
    assert read() == DeviceReading(1980, 3201, 412.33, None, 7, ("power cap",))
    assert nvml.absent() == ""


def test_nvidia_smi_stands_in_for_nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        "#!/bin/sh\ncase $* in *event_reasons*) exit 2;; esac\necho 210, 405, 26.5, 33, 0, 0x1\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(nvml, "_pynvml", lambda: None)
    monkeypatch.setattr("shutil.which", lambda name: str(program))
    read = nvml.sensor("GPU-1")
    assert read is not None and read() == DeviceReading(210, 405, 26.5, 33, 0)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert nvml.sensor("GPU-1") is None
    assert "neither nvidia-ml-py nor nvidia-smi" in nvml.absent()


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
            watch._over.wait(0.001)
    found = watch.described()
    assert found["clock"] == [1900, pytest.approx(1975, abs=5), 1980]
    assert found["power"][0] == 300 and found["power"][2] == 500
    assert found["busy_before"] == 3 and set(found["held_down"]) == {"heat"}
    assert "temperature" not in found
    with DeviceWatch(None) as watch:
        pass
    assert watch.described() == {"readings": 0, "held_down": {}}
