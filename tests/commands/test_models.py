"""Networks taken by themselves: count, parity."""

from pathlib import Path

import pytest

from support.command_line import ROOT, Run, parsed


def test_count(repro: Run) -> None:
    data = parsed(repro("count", "lpn_50", "--input", "256x256", "--keypoints", "16", "--json").out)
    assert (data["model"], data["input"], data["params"]) == ("lpn_50", [256, 256], 2_910_896)
    assert data["macs"] == {"fvcore": 1_446_944_240}
    assert data["uncounted"] == []
    every = parsed(repro("count", "lpn_50", "--convention", "all", "--json").out)
    assert every["macs"]["hrnet"] == 1_082_300_416
    assert len(every["macs"]) == 6
    several = parsed(repro("count", "lpn_50*", "--convention", "conv", "--json").out)
    assert [one["model"] for one in several["results"]] == ["lpn_50", "lpn_50_nogc"]
    tree = repro("count", "lpn_50", "--convention", "hrnet", "--depth", "2").out
    assert "layer3" in tree and "1,082,300,416" in tree and "operators without a rule: none" in tree


@pytest.mark.thorough
def test_what_is_not_said_of_a_counted_network_is_as_its_first_printed_row_has_it(
    repro: Run,
) -> None:
    def taken(*words: str) -> tuple[list[int], int]:
        data = parsed(repro("count", *words, "--convention", "conv", "--json").out)
        return data["input"], data["keypoints"]

    assert taken("wlitepose_xs") == ([256, 256], 14)  # paper4, Table IV
    assert taken("tokenpose_l_d6_mpii") == ([256, 256], 16)
    assert taken("litepose_xs", "--input", "128x128") == ([128, 128], 17)
    assert taken("pp_tinypose") == ([256, 192], 17)  # in no table
    assert taken("small_hrnet_w16", "--keypoints", "5") == ([256, 192], 5)


@pytest.mark.thorough
def test_options_of_a_counted_network(repro: Run) -> None:
    words = ("--option", "width=48", "--option", "placement=E", "--convention", "conv")
    data = parsed(repro("count", "cbam_litehrnet", *words, "--json").out)
    assert (data["params"], data["input"]) == (1_654_585, [256, 192])
    assert data["options"] == {"width": 48, "placement": "E"}
    assert data["records"][0]["spec"]["options"] == data["options"]
    plain = parsed(repro("count", "cbam_litehrnet", "--convention", "conv", "--json").out)
    assert plain["params"] == 709_135 and "options" not in plain
    assert "width=48 placement=E" in repro("count", "cbam_litehrnet", *words).out


def test_an_option_that_does_not_fit_a_counted_network_is_refused(
    repro: Run, tmp_path: Path
) -> None:
    for words, said in (
        (("cbam_litehrnet", "--option", "width=7"), "`width` is `7`"),
        (("lpn_50", "--option", "depth=9"), "`depth=9`"),
        (("lpn_50", "--option", "depth"), "`depth` is no option"),
        ((str(tmp_path / "net.onnx"), "--option", "width=7"), "takes no options"),
    ):
        outcome = repro("count", *words)
        assert outcome.code == 2 and said in outcome.err and not outcome.out


def test_parity(repro: Run) -> None:
    golden = ("--golden", str(ROOT / "tests" / "golden"))
    data = parsed(repro("parity", "small_hrnet_w16", *golden, "--json").out)
    assert [(one["model"], one["ok"]) for one in data["results"]] == [("small_hrnet_w16", True)]
    assert repro("parity", "small_hrnet_w16", *golden).out.endswith("to 1e-09\n")


def test_parity_with_a_changed_golden_differs(repro: Run, tmp_path: Path) -> None:
    text = (ROOT / "tests" / "golden" / "small_hrnet_w16.json").read_text(encoding="utf-8")
    (tmp_path / "g.json").write_text(text.replace('"seed":0', '"seed":5'), encoding="utf-8")
    outcome = repro("parity", "--golden", str(tmp_path))
    assert outcome.code == 3
    assert "g.json: outputs differ" in outcome.err


def test_parity_that_compared_nothing_says_so(repro: Run) -> None:
    golden = str(ROOT / "tests" / "golden")
    outcome = repro("parity", "cbam_litehrnet", "--golden", golden)
    assert outcome.code == 4 and "nothing compared" in outcome.err
