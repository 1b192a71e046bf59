"""Times that others have published or told: cited beside a claim, and moving no verdict."""

from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.papers import cited_speeds
from repro.papers.cited_speeds import CitedNetwork, CitedTiming
from repro.records.store import Store
from repro.verdicts import elsewhere
from repro.verdicts.claims import claim, judging
from repro.verdicts.claims.cell_values import MeasuredCells
from support.command_line import Run
from support.timing_logs import NCNN

THESIS = "even slower than the HRNet"


def orders(store: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in elsewhere.orders(elsewhere.timings(Store(store)), "litehrnet_*", "hrnet_*"):
        found.setdefault(one.call, []).append(str(one))
    return found


def test_the_cited_times_say_that_it_depends_on_the_backend(tmp_path: Path) -> None:
    found = orders(tmp_path)
    assert found["holds"] == [
        "Samsung Galaxy S23, NPU (7.9 against 2.7 ms)",
        "a GPU that is not named (35 against 12 ms)",
        "NVIDIA T4, batch 8 (4.4 against 4.1 ms)",
    ]
    assert len(found["fails"]) == 2 and found["equal"] == ["a processor, ONNX Runtime"]
    assert all(one.source for one in cited_speeds.cited())


def test_a_claim_on_an_order_names_them_and_stays_as_it_is(repro: Run, tmp_path: Path) -> None:
    (thesis,) = [one for one in claim.load("paper1") if one.printed == THESIS]
    (plain,) = judging.judge_all([thesis], MeasuredCells(Store(tmp_path / "records")))
    assert plain.verdict == "unchecked"
    assert plain.reason.startswith("Table V does not have HRNet. Elsewhere (cited, not measured):")
    assert "it holds on Samsung" in plain.reason and "it fails on a processor" in plain.reason
    (tmp_path / "log.txt").write_text(NCNN)
    named = ("litehrnet_30=lite18", "hrnet_w32=hr32", "--device-name", "A phone")
    assert repro("speed", *named, "--import", "log.txt").code == 0
    (with_log,) = judging.judge_all([thesis], MeasuredCells(Store(tmp_path / "records")))
    assert with_log.verdict == "unchecked"
    assert "Elsewhere (cited and imported, not measured)" in with_log.reason
    assert "A phone (42.5 against 32.5 ms)" in with_log.reason
    own = [one for one in with_log.elsewhere if one.longer.origin == elsewhere.IMPORTED]
    assert [(one.call, one.longer.network) for one in own] == [("holds", "litehrnet_30 256x192")]
    outcome = repro("claims", "paper1", "--kind", "speed", "--json")
    assert outcome.code == 0 and "imported from log.txt" in outcome.out


def test_networks_are_held_against_each_other_at_one_input_only(repro: Run, tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(NCNN)
    for name, size in (("litehrnet_18=lite18", "384x288"), ("hrnet_w32=hr32", "256x192")):
        words = (name, "--input", size, "--device-name", "A phone", "--import", "log.txt")
        assert repro("speed", *words).code == 0
    assert not any(
        "A phone" in one for found in orders(tmp_path / "records").values() for one in found
    )


@pytest.mark.parametrize(
    ("networks", "equal", "said"),
    [
        ((CitedNetwork("a", 1.0),), False, "has 1 networks"),
        ((CitedNetwork("a", 1.0), CitedNetwork("b")), False, "needs `ms` of every network"),
        ((CitedNetwork("a", 1.0), CitedNetwork("b", 1.0)), True, "needs `ms` of every network"),
        ((CitedNetwork("a", 1.0), CitedNetwork("b", 0.0)), False, "has the time 0"),
        ((CitedNetwork("a", 1.0), CitedNetwork("b", float("nan"))), False, "has the time nan"),
    ],
)
def test_a_source_has_numbers_or_says_equal(
    networks: tuple[CitedNetwork, ...], equal: bool, said: str
) -> None:
    with pytest.raises(ReproError, match=said):
        CitedTiming("a phone", "a page", networks, equal)


def test_a_folder_of_tables_need_not_have_the_file(own_tables: Path) -> None:
    assert cited_speeds.cited()
    (own_tables / cited_speeds.FILE).unlink()
    assert cited_speeds.cited() == ()
    (own_tables / cited_speeds.FILE).write_text("[[timings]]\non = 3\n")
    with pytest.raises(ReproError, match=r"cited_speeds.toml: `timings\[0\].on`"):
        cited_speeds.cited()
