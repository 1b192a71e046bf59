"""The tables looked at: list, show, explain."""

from pathlib import Path

import pytest

from repro.papers import study
from support.command_line import Run, parsed


def test_list(repro: Run) -> None:
    assert len(repro("list").out.splitlines()) == 4
    data = parsed(repro("list", "--json").out)
    assert [one["name"] for one in data["studies"]] == study.study_names()
    assert "table10" in repro("list", "wlitepose").out
    assert "lpn_50" in parsed(repro("list", "--models", "--json").out)["models"]
    assert len(parsed(repro("list", "paper1", "--json").out)["tables"]) == 6


def test_show_prints_what_the_paper_prints(repro: Run) -> None:
    outcome = repro("show", "paper2", "3")
    assert "1.0079G" in outcome.out and "LPN-152" in outcome.out
    data = parsed(repro("show", "paper2", "3", "--json").out)
    assert [column["label"] for column in data["columns"]][:3] == ["Method", "GC Block", "#Params"]
    row = data["rows"][1]
    assert (row["model"], row["input"]) == ("lpn_50", [256, 192])
    assert row["cells"]["flops"] == "1.0079G"
    absent = parsed(repro("show", "paper2", "1", "--json").out)["rows"][0]["cells"]
    assert absent["ar"] is None


@pytest.mark.parametrize("paper", study.study_names())
def test_every_table_can_be_shown_and_listed(repro: Run, paper: str) -> None:
    for table in study.table_names(paper):
        for words in (("show", paper, table), ("show", paper, table, "--json")):
            assert repro(*words).code == 0
    assert repro("list", paper).code == 0


def test_explain_shows_the_chain(repro: Run, committed: Path) -> None:
    out = repro("explain", "paper2", "table1", "LPN-50", "flops").out
    for part in ("1.0G: 0.95 up to 1.10", "hrnet", "layer4", "1,082,300,416", "match", "record"):
        assert part in out
    data = parsed(repro("explain", "paper2", "table1", "LPN-50", "FLOPs", "--json").out)
    assert data["conventions"]["conv"] == 1_069_717_504
    assert sum(part["macs"]["hrnet"] for part in data["parts"]) == 1_082_300_416


def test_known_deviations_say_why(repro: Run, committed: Path) -> None:
    def reason(*words: str) -> str:
        return str(parsed(repro("explain", *words, "--json").out)["verdict"]["reason"])

    assert "prints as 26.2G" in reason("paper2", "1", "8-stage Hourglass", "flops")
    assert "coincidence" in reason("paper1", "1", "ViPNAS 256x192", "gflops")
    assert "torchstat" in reason("paper1", "1", "Small HRNet 256x192", "gflops")
    assert reason("paper2", "3", "LPN-50 GC", "flops").endswith("cut.")
