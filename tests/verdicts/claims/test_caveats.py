"""What is said of the cells and differences that claims rest on, beside their verdict."""

from pathlib import Path

import pytest

from repro.plans import selection
from repro.verdicts.audit.copied import CellKey, copied_cells
from repro.verdicts.claims import caveats
from repro.verdicts.claims.caveats import COPIED, NOISE, Caveat
from repro.verdicts.claims.parser import parse
from repro.verdicts.claims.places import PaperNames
from support.command_line import Run

LATENCY = "table1[WLitePose-S 448x448].latency - table1[LitePose-S 448x448].latency ~ 5ms"


@pytest.fixture(scope="module")
def copied() -> dict[CellKey, str]:
    """What looks copied in the four papers."""
    return dict(copied_cells(selection.tables()))


def said(
    paper: str, expression: str, copied: dict[CellKey, str] | None = None
) -> tuple[Caveat, ...]:
    """The caveats of an expression of a paper."""
    return caveats.of_claim(parse(expression), PaperNames(paper), copied or {})


def test_the_cells_that_look_copied_are_those_that_the_rules_find(
    copied: dict[CellKey, str],
) -> None:
    latencies = [key for key in copied if key[0] == "paper4" and key[3] == "latency"]
    assert len(latencies) == 8
    assert ("paper4", "table1", "Lightweight OpenPose 368x368", "ap") in copied
    assert ("paper4", "table2", "Lightweight OpenPose 368x368", "ap") not in copied
    others = {key[2] for key in copied if key[0] == "paper3"}
    assert "HRNetV1-W32 384x288" in others and "MobileNetV2 1x 256x192" not in others
    assert {paper for paper, *_ in copied} == {"paper3", "paper4"}


def test_a_copied_cell_is_named_with_its_source(copied: dict[CellKey, str]) -> None:
    (caveat,) = said("paper4", LATENCY, copied)
    assert caveat.kind == COPIED
    assert caveat.sentence == (
        "paper4 table1[LitePose-S 448x448].latency looks copied from LitePose repository, README "
        "(its column `Mobile`)."
    )
    both = "table1[LitePose*].latency < 100ms"
    (caveat,) = said("paper4", both, copied)
    assert "[LitePose-S 448x448]" in caveat.sentence and " look copied from " in caveat.sentence
    right = "table1[Lightweight OpenPose 368x368].ap < 57.7"
    assert any("COCO val2017 has 40" in one.sentence for one in said("paper4", right, copied))
    assert said("paper4", "table1[WLitePose-S 448x448].latency < 97ms", copied) == ()


@pytest.mark.parametrize(
    ("paper", "expression", "text"),
    [
        ("paper1", "table4[F(x)=2x].ap - table4[None].ap ~ 0.03", "0.03 points of AP on COCO"),
        ("paper1", "table4[F(x)=2x].ap > table4[None].ap", "0.03 points of AP on COCO val2017"),
        ("paper1", "max(table4[!None].ap - table4[None].ap) < 0.5", "0.03 to 0.27 points of AP"),
        ("paper1", "table3[Ours].pckh - table3[Lite-HRNet-18].pckh ~ 0.0", "0 points of Mean on"),
        ("paper2", "max(table4[Stage 6].gain_lpn_50) < 1", "0.03 points of AP on COCO val2017"),
    ],
)
def test_small_differences_are_told_with_the_noise(paper: str, expression: str, text: str) -> None:
    (caveat,) = said(paper, expression)
    assert caveat.kind == NOISE and text in caveat.sentence and "noise" in caveat.sentence


def test_two_decodings_of_one_network_are_held_against_less_noise() -> None:
    (caveat,) = said("paper2", "table5[LPN-50].beta_120 - table5[LPN-50].beta_160 < 1")
    assert "two networks" not in caveat.sentence and "two decodings" in caveat.sentence
    assert said("paper2", "table5[LPN-50].beta_40 < table5[LPN-50].common") == ()


@pytest.mark.parametrize(
    ("paper", "expression"),
    [
        ("paper1", "table1[Ours 256x192].ap - table1[Small HRNet 256x192].ap ~ 10.6"),
        ("paper1", "table1[Ours 256x192].ap > table2[Ours 256x192].ap"),
        ("paper1", "table1[Ours 256x192].ap > table1[Ours 256x192].ar - 7"),
        ("paper1", "table1[Ours 256x192].params - table1[ViPNAS*].params > 0.2"),
        ("paper1", "table1[Ours 256x192].ap = 65.8"),
        ("paper1", "table1[Ours 256x192].ap = table1[Ours 256x192].ap"),
    ],
)
def test_nothing_is_said_of_other_differences(paper: str, expression: str) -> None:
    assert said(paper, expression) == ()


def test_the_command_tells_them_and_keeps_the_verdict(repro: Run, tmp_path: Path) -> None:
    outcome = repro("claims", "paper4", "--kind", "speed", "--store", str(tmp_path))
    assert "it only adds 5ms of latency" in outcome.out
    line = next(one for one in outcome.out.splitlines() if "looks copied" in one)
    assert line.startswith("copied  “")
