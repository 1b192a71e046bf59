"""What the papers' sentences come to, against their own tables and the committed records."""

import json
from pathlib import Path

import pytest

from repro.papers import study
from repro.records.store import Store
from repro.verdicts.claims import claim, judging
from repro.verdicts.claims.cell_values import MeasuredCells
from repro.verdicts.claims.judging import Judged
from support.command_line import ROOT, Run


@pytest.fixture(scope="module")
def shipped() -> list[Judged]:
    """The verdicts on all claims of the four papers, from the committed records."""
    claims = [one for paper in study.study_names() for one in claim.load(paper)]
    return judging.judge_all(claims, MeasuredCells(Store(ROOT / "records")))


def words(claims: list[Judged], paper: str, verdict: str) -> set[str]:
    """The printed words of a paper's claims with a verdict."""
    found = [one for one in claims if one.claim.paper == paper and one.verdict == verdict]
    return {one.claim.printed for one in found}


def test_every_claim_of_the_papers_is_judged(shipped: list[Judged]) -> None:
    counts = {
        paper: sum(one.claim.paper == paper for one in shipped) for paper in study.study_names()
    }
    assert counts["paper1"] == 118 and counts["paper2"] == 145
    assert sum(counts.values()) >= 455 and min(counts.values()) >= 60
    assert sum(one.verdict == "unchecked" for one in shipped) <= 60
    assert {one.claim.kind for one in shipped} == set(claim.KINDS)
    places = [(one.claim.paper, one.claim.where, one.claim.printed) for one in shipped]
    assert len(set(places)) == len(places)
    for one in shipped:
        assert one.verdict == "unchecked" or one.published or one.own
        assert len(one.claim.printed.split()) <= 8 and one.claim.says.endswith(".")


def test_what_papers_1_and_2_say_against_their_own_tables(shipped: list[Judged]) -> None:
    assert words(shipped, "paper1", "contradicted") == {
        "only 35% FLOPs",
        "39% parameters",
        "achieves 55.3 FPS on GPU",
        "as shown in Table 7",
    }
    assert words(shipped, "paper1", "rounding") == {"little gaps (1.3 points"}
    assert words(shipped, "paper2", "contradicted") == {
        "only 2.7M parameters",
        "with only 2.7M parameters",
        "the depth of the backbone, 0.7",
        "1.50 points for LPN-152",
    }
    for one in shipped:  # speeds hang on the machine, whose record may be there
        if one.claim.paper in ("paper1", "paper2") and one.verdict == "measured otherwise":
            assert one.claim.kind == "speed"


def test_what_paper_4_says_against_its_own_tables(shipped: list[Judged]) -> None:
    assert words(shipped, "paper4", "contradicted") == {
        "the more the model will focus",
        "aggregation of the 1/8 and 1/4 resolution",
        "The detection difficulty of this dataset is greater",
        "v_i > 0$ means that the keypoint is",
        "and computational efficiency due to its streamlined",
        "low computational complexity and parameter count",
        "slightly lower AP score than the larger HigherHRNet",
        "minimal differences in parameter count",
        "with minimal increase in computational load",
    }
    assert words(shipped, "paper4", "measured otherwise") == {
        "a resolution of 1/32 of the original",
        "32 output channels",
        "parameter count and computational load",
        "has a lower computational load",
    }
    (threshold,) = [one for one in shipped if one.claim.printed == "approximately 8×10^{-31}"]
    assert threshold.published and threshold.published.shown == ("7.889e-31",)


def test_what_no_cell_tells_is_held_against_networks_data_sets_and_equations(
    shipped: list[Judged],
) -> None:
    grounds = {
        ground: sum(ground in one.grounds for one in shipped)
        for ground in ("printed", "tables", "network", "reading", "public", "equation")
    }
    assert min(grounds.values()) >= 5 and grounds["network"] + grounds["reading"] >= 50
    found = {(one.claim.paper, one.claim.printed): one for one in shipped}
    quarter = found["paper3", "approximately a quarter of the parameters"]
    assert quarter.verdict == "measured otherwise"
    assert quarter.published is None and quarter.own and quarter.own.shown == ("40.2%",)
    focus = found["paper4", "the more the model will focus"].published
    assert focus and focus.shown[-1] == "0.1008 > 0"
    stages = found["paper4", "Through stages 1 to 4"]
    assert stages.reason == "Our network, built from this sentence, has 4."
    layers = found["paper2", "uses three deconvolutional layers"]
    assert layers.reason == "The public network has 3."
    images = found["paper1", "includes 57K images"]
    assert images.verdict == "holds" and "57000. Source: HRNet" in images.reason


def test_eleven_per_cent_of_the_flops_is_a_matter_of_counting(shipped: list[Judged]) -> None:
    (model,) = [one for one in shipped if one.claim.printed == "(FLOPs) is only 11%"]
    assert model.verdict == "convention" and model.text == ("11%",)
    assert model.published and model.published.shown == ("11.2%",)
    assert model.own and model.own.shown == ("11.2%",) and model.rules == ("hrnet",)
    assert {name: (one.holds, one.shown) for name, one in model.others.items()} == {
        "fvcore": (False, ("19.9%",)),
        "mmcv": (False, ("20.0%",)),
        "torchstat": (False, ("20.0%",)),
        "conv": (False, ("19.7%",)),
        "ptflops": (True, ("11.4%",)),
    }
    assert "is slightly more than HRNet-W48" in words(shipped, "paper2", "convention")


def test_a_changed_cell_of_a_paper_touches_no_claim_that_does_not_use_it(
    own_tables: Path, shipped: list[Judged]
) -> None:
    before = [one for one in shipped if one.claim.paper in ("paper1", "paper2")]
    for paper, file, old, new in (
        ("paper1", "table5", 'fps_gpu = "55.2"', 'fps_gpu = "5.1"'),
        ("paper2", "table1", 'flops = "1.0G", ap = "69.1"', 'flops = "90.0G", ap = "69.1"'),
        ("paper2", "table4", '"+2.02"', '"+0.12"'),
    ):
        path = own_tables / paper / f"{file}.toml"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        study.load_table.cache_clear()
        measured = MeasuredCells(Store(ROOT / "records"))
        after = judging.judge_all([one.claim for one in before], measured)
        path.write_text(text, encoding="utf-8")
        key = {"table5": "[Ours].fps_gpu", "table1": "[LPN-50].flops"}.get(
            file, "[Cumulative gain].gain_lpn_50"
        )
        cell = f"{paper} {file}{key}"
        flipped = 0
        for one, then in zip(before, after, strict=True):
            if cell not in one.cells:
                assert then == one
            elif one.published and then.published and one.published.holds:
                flipped += not then.published.holds
        assert flipped >= 3


def test_the_command(repro: Run) -> None:
    done = repro("claims", "paper2", "--kind", "cost", "--store", str(ROOT / "records"))
    assert done.code == 0 and "fvcore 19.9%" in done.out and "3 convention" not in done.err
    assert "“(FLOPs) is only 11%” Holds under `hrnet` (11.2%), not under `fvcore`" in done.out
    plain = json.loads(repro("claims", "lpn", "--json", "--kind", "cost,unit").out)
    assert {one["kind"] for one in plain["claims"]} == {"cost", "unit"}
    assert plain["summary"]["contradicted"] == 2 and plain["exit"] == 0
    assert repro("claims", "paper2", "--fail-on", "contradicted").code == 3
    assert repro("claims", "paper2", "--fail-on", "measured otherwise").code == 0
    assert repro("claims", "paper2", "--kind", "unit", "--fail-on", "contradicted").code == 0
    for wrong in (("paper9",), ("--kind", "costs"), ("--fail-on", "wrong"), ("--nope",)):
        assert repro("claims", *wrong).code == 2
