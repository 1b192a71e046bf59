"""What disturbs a timing is seen, named, and has a cure."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path

import pytest

from repro.speed import backends, capabilities
from repro.speed.gpu import cuda
from repro.speed.measure import conditions, sensors
from repro.speed.measure.conditions import ConditionWatch, Snapshot, reason

CALM = Snapshot(
    load=0.1,
    others=0.0,
    steal=0.0,
    cores=8,
    allowed=8.0,
    frequency=None,
    governor="",
    throttles=None,
    temperature=None,
    power="",
)


def values(*found: object) -> Callable[[], object]:
    """A sensor that tells these one after the other, then the last for ever."""
    told: Iterator[object] = chain(found, repeat(found[-1]))
    return lambda: next(told)


@pytest.mark.parametrize(
    ("wall", "cpu", "switches", "steal", "threads", "why"),
    [
        (0.1, 0.099, 0, 0.0, 1, ""),
        (0.1, 0.06, 9, 0.0, 1, "waited for a core 40% of the time"),
        (0.1, 0.06, 3, 0.0, 2, ""),
        (0.1, 0.06, 30, 0.0, 2, "lost a core 300 times a second"),
        (0.1, 0.1, 0, 0.2, 1, "hypervisor took 20%"),
        (0.1, 0.05, 0, 0.2, 1, "waited for a core 50% of the time, hypervisor took 20%"),
        (0.0, 0.0, 0, 0.0, 1, ""),
    ],
)
def test_a_block_is_disturbed_for_a_reason(
    wall: float, cpu: float, switches: int, steal: float, threads: int, why: str
) -> None:
    assert reason(wall, cpu, switches, steal, threads) == why


def test_a_watch_counts_what_happens_in_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "switches", values(5, 7, 19))
    ticks = [sensors.Ticks(total, 0.0, stolen) for total, stolen in ((1, 0), (2, 0), (4, 0.5))]
    monkeypatch.setattr(sensors, "ticks", values(*ticks))
    monkeypatch.setattr(sensors, "throttles", values(None))
    watch = ConditionWatch(1)
    watch.begin()
    seen = watch.end(0.1, 0.1)
    assert (seen.switches, seen.steal) == (12, 0.25)
    assert seen.disturbed == "hypervisor took 25%"


def test_heat_and_a_lower_clock_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "CLOCK_EVERY", 0)
    monkeypatch.setattr(sensors, "throttles", values(3, 3, 4, 4))
    monkeypatch.setattr(sensors, "frequency", values(4000.0, 4000.0, 3000.0))
    watch = ConditionWatch(1)
    found = []
    for _ in range(3):
        watch.begin()
        found.append(watch.end(0.1, 0.1).disturbed)
    assert found == ["", "throttled by heat", "clock at 75% of its highest"]
    assert watch.described() == {"frequency": [3000.0, 4000.0], "throttled": 1}


def test_a_snapshot_keeps_what_the_machine_tells() -> None:
    found = conditions.snapshot(0.02)
    assert found.cores >= 1
    assert 0 <= found.others <= found.cores
    kept = found.described()
    assert {"load", "others", "steal", "cores", "allowed"} <= set(kept)
    assert None not in kept.values()
    assert "frequency" not in replace(found, frequency=None).described()


def named(monkeypatch: pytest.MonkeyPatch, **state: object) -> dict[str, tuple[str, str, str]]:
    """What doctor says of a machine in that state."""
    found = replace(CALM, **state)  # type: ignore[arg-type]
    monkeypatch.setattr(conditions, "snapshot", lambda seconds: found)
    monkeypatch.setattr(sensors, "boost", lambda: None)
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "LD_PRELOAD"):
        monkeypatch.delenv(name, raising=False)
    return {check.name: (check.state, check.found, check.cure) for check in conditions.checks(0)}


def test_a_calm_machine_has_nothing_to_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = named(monkeypatch)
    assert set(found) == {"timing: others"}
    assert found["timing: others"] == ("ok", "0.0 of 8 cores busy with other programs", "")


def test_each_disturbance_has_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    found = named(
        monkeypatch,
        others=3.0,
        steal=0.1,
        governor="powersave",
        power="battery",
        temperature=97.0,
        allowed=2.0,
    )
    assert {state for state, _, _ in found.values()} == {"warning"}
    assert all(cure for _, _, cure in found.values())
    assert "cpupower" in found["timing: governor"][2]
    assert "--threads 2" in found["timing: cores"][2]
    assert "10%" in found["timing: steal"][1]
    assert len(found) == 6


def test_variables_that_a_timing_inherits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch)
    monkeypatch.setenv("GOMP_SPINCOUNT", "0")
    (found,) = [one for one in conditions.checks(0) if one.name == "timing: environment"]
    assert found.found == "GOMP_SPINCOUNT=0"
    assert "unset GOMP_SPINCOUNT" in found.cure


def test_the_busiest_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {(1, "python"): 1.0, (2, "python"): 1.0, (3, "idle"): 5.0}
    later = {(1, "python"): 1.5, (2, "python"): 1.4, (3, "idle"): 5.0, (4, "new"): 9.0}
    monkeypatch.setattr(conditions._Busiest, "_times", staticmethod(values(times, later)))
    busiest = conditions._Busiest()
    busiest.start -= 1
    assert busiest.since() == "`python` (90%)"


def test_sensors_of_a_machine_with_them_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "cpu0/cpufreq/scaling_governor": "powersave\n",
        "intel_pstate/no_turbo": "0\n",
        "cpu0/thermal_throttle/core_throttle_count": "3\n",
        "cpu1/thermal_throttle/core_throttle_count": "4\n",
    }
    for name, text in files.items():
        path = tmp_path / "devices/system/cpu" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (tmp_path / "fs/cgroup").mkdir(parents=True)
    (tmp_path / "fs/cgroup/cpu.max").write_text("50000 100000\n")
    monkeypatch.setattr(sensors, "SYSTEM", tmp_path)
    monkeypatch.setattr(sensors, "PROCESSORS", tmp_path / "devices/system/cpu")
    sensors.throttle_files.cache_clear()
    assert (sensors.governor(), sensors.boost(), sensors.throttles()) == ("powersave", True, 7)
    assert sensors.allowed() == 0.5
    assert sensors.frequency() is None
    sensors.throttle_files.cache_clear()


def test_sensors_of_a_machine_without_them_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "SYSTEM", tmp_path)
    monkeypatch.setattr(sensors, "PROCESSORS", tmp_path)
    sensors.throttle_files.cache_clear()
    assert (sensors.governor(), sensors.boost(), sensors.throttles()) == ("", None, None)
    assert sensors.allowed() >= 1
    sensors.throttle_files.cache_clear()


def test_the_doctor_names_backends_that_are_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = "not installed: openvino (pip install openvino)"
    monkeypatch.setattr(
        type(backends.CPU["eager"]),
        "why_not",
        lambda self: lacking if self.name == "openvino" else "",
    )
    monkeypatch.setattr(cuda, "why_not", lambda: "There is no GPU to use: PyTorch finds none.")
    first, *rest = capabilities.checks()
    assert first.state == "ok" and first.found.startswith("eager, ")
    assert "openvino" not in first.found
    found = [(one.name, one.state, one.found) for one in rest if one.name != "timing: energy"]
    assert found == [
        ("timing: openvino", "absent", lacking),
        ("timing: cuda", "absent", "There is no GPU to use: PyTorch finds none."),
    ]
