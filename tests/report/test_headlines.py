"""What stands out: findings with their proof, told while it stands."""

from pathlib import Path

import pytest

from repro.commands.report import gathered
from repro.errors import ReproError
from repro.records.store import Store
from repro.report.contents import ReportContents
from repro.report.headlines import ListedFinding, headlines
from support.command_line import ROOT


@pytest.fixture(scope="module")
def report() -> ReportContents:
    return gathered(Store(ROOT / "records"))


def test_each_finding_that_is_listed_stands(report: ReportContents) -> None:
    listed = (ROOT / "tables" / "findings.toml").read_text("utf-8").count("[[findings]]")
    told = headlines(report)
    assert len(told) == listed == 5
    assert all(one.proof and one.command.startswith("repro ") for one in told)
    assert len({(one.table.study, one.proof) for one in told}) == listed


def test_a_finding_goes_with_its_proof(report: ReportContents) -> None:
    nothing = ReportContents(report.cells, (), (), {})
    assert headlines(nothing) == []
    alone = ReportContents((), report.claims, report.checks, {})
    assert headlines(alone) == []


def test_a_finding_has_one_proof() -> None:
    for proofs in ({}, {"claim": "a", "rule": "b"}):
        with pytest.raises(ReproError, match="has not one proof"):
            ListedFinding(says="it is so", paper="paper1", table="table1", **proofs)


def test_an_entry_without_its_proof_is_left_out(own_tables: Path, report: ReportContents) -> None:
    (own_tables / "findings.toml").write_text(
        '[[findings]]\nsays = "x"\npaper = "paper1"\ntable = "table99"\nrule = "splits"\n'
    )
    checks = [one for one in report.checks if one.rule == "splits" and one.finding]
    assert headlines(ReportContents(report.cells, (), checks, {})) == []
