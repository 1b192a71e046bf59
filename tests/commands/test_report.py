"""What was judged, of one paper."""

from pathlib import Path

from support.command_line import ROOT, Run, parsed

STORE = ("--store", str(ROOT / "records"))


def test_a_report_of_one_paper_is_its_part_of_the_whole(repro: Run) -> None:
    whole, part = (
        parsed(repro("report", *paper, "--format", "json", *STORE).out) for paper in ((), ("lpn",))
    )
    assert part["cells"] == [one for one in whole["cells"] if one["study"] == "paper2"]
    assert part["claims"] == [one for one in whole["claims"] if one["study"] == "paper2"]
    assert part["cells"] and part["claims"]


def test_results_hold_all_papers(repro: Run) -> None:
    refused = repro("report", "paper2", "-o", "RESULTS.md", *STORE)
    assert refused.code == 2 and "RESULTS.md holds all papers" in refused.err
    assert not Path("RESULTS.md").exists()
    assert repro("report", "paper9", "--format", "csv", *STORE).code == 2
