"""The networks.json of papers: what their claims ask, answered by what is built."""

from pathlib import Path

import pytest

from repro.authoring import claim_networks
from repro.counting import structure
from repro.errors import ReproError
from repro.papers import network_facts
from repro.papers.network_facts import NetworkQuestion
from repro.verdicts.claims import claim
from support.command_line import ROOT, Run


def asked(paper: str) -> set[NetworkQuestion]:
    """All that the claims of a paper ask of networks."""
    return {one for each in claim.load(paper) for one in claim_networks.asked_by(each)}


@pytest.mark.parametrize("paper", ["paper1", "paper2", "paper4"])
def test_the_shipped_answers_are_those_of_the_networks(paper: str) -> None:
    text = (ROOT / "tables" / paper / network_facts.FILE).read_text(encoding="utf-8")
    assert text == network_facts.content(structure.answers(asked(paper)))


def test_the_shipped_answers_of_a_sample_of_paper3_are_those_of_the_networks() -> None:
    known, questions = network_facts.load("paper3"), asked("paper3")
    text = (ROOT / "tables" / "paper3" / network_facts.FILE).read_text(encoding="utf-8")
    assert text == network_facts.content({one: known.answer(one) for one in questions})
    sample = [one for one in questions if one.network.endswith("placement=A width=32")]
    assert len(sample) > 5
    assert structure.answers(sample) == {one: known.answer(one) for one in sample}


def test_the_command_writes_what_the_claims_ask(repro: Run, own_tables: Path) -> None:
    file = own_tables / "paper2" / network_facts.FILE
    claims = own_tables / "paper2" / claim.FILE
    claims.write_text(
        """[[claims]]
where = "Section 3.2"
printed = "only two group deconvolutional layers"
says = "LPN has two transposed convolutions."
kind = "recipe"
holds = 'model[lpn_50]."*:ConvTranspose2d".count = 2'
""",
        encoding="utf-8",
    )
    file.unlink()
    done = repro("claims", "paper2")
    assert done.code == 2 and "repro claims paper2 --networks" in done.err
    done = repro("claims", "paper2", "--networks")
    assert done.code == 0 and "1 answers of 1 networks" in done.err and "1 holds" in done.out
    assert '"count": 2' in file.read_text(encoding="utf-8")
    claims.write_text("claims = []", encoding="utf-8")
    assert "No claim of paper2 asks" in repro("claims", "paper2", "--networks").err


def test_a_claim_that_asks_nonsense_is_named() -> None:
    wrong = claim.Claim("w", "two layers", "Two.", "recipe", holds="model[lpn_50].colour = 2")
    with pytest.raises(ReproError) as error:
        claim_networks.asked_by(claim.numbered(wrong, "paper2", 3))
    assert str(error.value).startswith("paper2, claim 3 (`two layers`): There is no question")
