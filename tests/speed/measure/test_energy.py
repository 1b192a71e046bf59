"""The energy of calls, from counters that lie in a folder as Linux has them."""

from pathlib import Path

import pytest

from repro.speed import capabilities
from repro.speed.measure import energy

RANGE = 1_000_000


def package(folder: Path, number: str, name: str, used: int) -> Path:
    zone = folder / f"intel-rapl:{number}"
    zone.mkdir(parents=True)
    for file, text in (("name", name), ("energy_uj", used), ("max_energy_range_uj", RANGE)):
        (zone / file).write_text(f"{text}\n", encoding="ascii")
    return zone / "energy_uj"


def test_packages_are_added_up_without_their_parts(tmp_path: Path) -> None:
    first = package(tmp_path, "0", "package-0", 100_000)
    package(tmp_path, "0:0", "core", 50_000)
    package(tmp_path, "1", "package-1", 200_000)
    package(tmp_path, "2", "psys", 900_000)
    source = energy.processor(tmp_path)
    assert source.count is not None and source.absent == ""
    assert source.count() == 0
    first.write_text("350000\n", encoding="ascii")
    assert source.count() == 0.25


def test_a_counter_that_begins_anew_goes_on(tmp_path: Path) -> None:
    file = package(tmp_path, "0", "package-0", RANGE - 100_000)
    source = energy.processor(tmp_path)
    assert source.count is not None
    for used, joules in ((RANGE - 50_000, 0.05), (200_000, 0.3), (300_000, 0.4)):
        file.write_text(str(used), encoding="ascii")
        assert source.count() == pytest.approx(joules)
    file.write_text("nonsense", encoding="ascii")
    assert source.count() is None


def test_where_nothing_tells_the_reason_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = energy.processor(tmp_path)
    assert source.count is None
    assert source.absent == "This system shows no energy counters of its processor (RAPL)."
    file = package(tmp_path, "0", "package-0", 1)
    file.write_text("", encoding="ascii")  # root reads what is closed to others
    source = energy.processor(tmp_path)
    assert source.count is None and source.absent == f"`{file}` may not be read by this user."
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    (checkup,) = [one for one in capabilities.checks() if one.name == "timing: energy"]
    assert (checkup.state, checkup.found) == ("absent", source.absent)


def test_the_joules_of_a_call() -> None:
    used = iter([10.0, 14.0])
    calls = []
    joules = energy.of_call(lambda: calls.append(1), lambda: next(used), 0.002)
    assert joules == pytest.approx(4 / len(calls))
    still = energy.of_call(lambda: None, lambda: 5.0, 0.001)
    silent = energy.of_call(lambda: None, lambda: None, 0.001)
    assert still is silent is None
